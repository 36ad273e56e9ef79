from pathlib import Path

import pytest
from sound_fleet import FILES, SoundFleet


@pytest.fixture
def fleet(tmp_path: Path) -> SoundFleet:
    sound = SoundFleet(tmp_path)
    for path, text in FILES.items():
        sound.write(path, text)
    for folder in tmp_path.rglob("*"):
        if folder.is_dir():
            folder.chmod(0o755)
    return sound

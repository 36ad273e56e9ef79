from pathlib import Path

import pytest
from sound_fleet import SoundFleet, make_sound_fleet


@pytest.fixture
def fleet(tmp_path: Path) -> SoundFleet:
    return make_sound_fleet(tmp_path)

from pathlib import Path

import pytest
from small_fleet import write_fleet


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    return write_fleet(tmp_path)

"""A small base image, for a dockerd that has none: this machine's busybox and curl, and what they need.

NB: not busybox's wget: Debian's crashes when it is given a time-out.
"""

import re
import shutil
import subprocess
from pathlib import Path

APPLETS = ["base64", "cat", "dd", "echo", "env", "httpd", "kill", "ls", "printf", "rm", "sh", "sleep"]


def write_base(folder: Path) -> Path:
    """The context of the base image."""
    root = folder / "root"
    for name in ("busybox", "curl"):
        program = shutil.which(name)
        assert program, f"{name} is not installed (Debian: apt-get install {name})"
        needed = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
        _copy(Path(program), root / "bin" / name)
        for path in map(Path, re.findall(r"(/\S+) \(0x", needed)):
            _copy(path, root / path.relative_to("/"))
    for applet in APPLETS:
        (root / "bin" / applet).symlink_to("busybox")
    (root / "tmp").mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY root/ /\nENV PATH=/bin\n")
    return folder


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755)

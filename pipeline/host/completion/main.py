"""`pipeline completion SHELL`: prints the script that makes a shell complete `pipeline`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

_SCRIPTS = Path(__file__).parent
SHELLS = {"bash": "script.bash", "zsh": "script.zsh", "fish": "script.fish"}


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="pipeline completion",
        description="Print a script that makes a shell complete commands, functions, flags and values.",
        epilog="bash: `source <(pipeline completion bash)` in ~/.bashrc; zsh: the same with zsh in "
        "~/.zshrc, after compinit; fish: `pipeline completion fish | source` in config.fish.",
    )
    parser.add_argument("shell", choices=sorted(SHELLS), help="bash, fish or zsh")
    options = parser.parse_args(argv)
    sys.stdout.write((_SCRIPTS / SHELLS[options.shell]).read_text(encoding="utf-8"))
    return 0

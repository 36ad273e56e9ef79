"""Which programs are an init: they pass signals on, and reap children."""

from collections.abc import Sequence

_INITS = {
    *("tini", "tini-static", "dumb-init", "docker-init", "catatonit", "pid1", "init", "systemd", "runit"),
    *("runit-init", "runsvdir", "s6-svscan", "s6-overlay-init", "supervisord", "my_init", "dinit"),
}


def is_init(words: Sequence[str]) -> bool:
    """Whether an argument vector starts one."""
    return bool(words) and words[0].rpartition("/")[2] in _INITS

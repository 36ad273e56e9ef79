"""What an engine says of a service that has ended; a real Dagger engine 0.21.8 said so, but the signal."""

import pytest

from pipeline.stages.smoke.beside import exit_code_of

TRACE = "[traceparent:db7665b2c115a1154c32a1d9918bfbfb-b4e24624c25ea75e]"
TOLD = {
    "while something is bound to it": (
        f"bound service eju5q3eu0krmq (aliased as subject) exited: exit code: 3 {TRACE} {TRACE}",
        3,
    ),
    "by a signal": (f"bound service eju5q3eu0krmq (aliased as subject) exited: exit code: 137 {TRACE}", 137),
    "with 0": (f"bound service 6k5maoas76oj8 (aliased as subject) exited {TRACE}", 0),
    "with 0 before its first port": (f"service exited before healthcheck {TRACE}", 0),
    "by the local engine": ("bound service 8g2vqf (aliased as subject) exited: exit code: 3", 3),
    "something else": ("start subject (aliased as subject): health check errored: exit code: 1", None),
    "not at all": ("", None),
}


@pytest.mark.parametrize(("said", "code"), TOLD.values(), ids=TOLD)
def test_an_exit_is_read_from_what_the_engine_says(said: str, code: int | None) -> None:
    assert exit_code_of(Exception(said), ["serve"]) == code

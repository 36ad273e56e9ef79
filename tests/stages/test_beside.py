"""What an engine says of a service that has ended, as far as it is understood."""

import pytest

from pipeline.stages.beside import exit_code_of

TOLD = {
    "while something is bound to it": (
        "bound service 8g2vqf (aliased as subject) exited: exit code: 3",
        3,
    ),
    "with where it comes from": (
        "bound service a.b.dagger.local (aliased as subject) exited: exit code: 137 [traceparent:00-1-2-01]",
        137,
    ),
    "by itself": ("bound service 8g2vqf (aliased as subject) exited", 0),
    "by itself, with where it comes from": (
        "bound service 8g2vqf (aliased as subject) exited [traceparent:00-1-2-01]",
        0,
    ),
    "before its first port": ("service exited before healthcheck", 0),
    "something else": ("start subject (aliased as subject): health check errored: exit code: 1", None),
    "not at all": ("", None),
}


@pytest.mark.parametrize(("said", "code"), TOLD.values(), ids=TOLD)
def test_an_exit_is_read_from_what_the_engine_says(said: str, code: int | None) -> None:
    assert exit_code_of(Exception(said), ["serve"]) == code

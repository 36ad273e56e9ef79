"""The browser in which tests look at the report page: Chromium, or Chrome where that is already here."""

from pipeline.errors import EngineError
from pipeline.host.machine.packages import Say, find_program, require_program

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OTHERWISE = "install Chromium (Debian: apt-get install chromium) or Google Chrome"


def find_browser() -> str | None:
    """The path of the first one that is here."""
    return next(filter(None, map(find_program, NAMES)), None)


def ensure_browser(*, say: Say) -> None:
    """Install Chromium where no browser is here.

    Where that cannot be done it is only said: the tests that need one then fail, and nothing else does.
    """
    if find_browser():
        return
    try:
        require_program(NAMES[0], package="chromium", say=say, otherwise=OTHERWISE)
    except EngineError as error:
        say(f"no browser for the tests of the report page: {error.what}")

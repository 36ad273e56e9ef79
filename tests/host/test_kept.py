"""Runs that this machine keeps: the newest, each whole, and which of them is meant."""

import json
import logging
import multiprocessing
import os
import time
from pathlib import Path

import pytest
from runs import GREEN, RED

from pipeline.host.command import main
from pipeline.host.kept import MOST, Begun, Keeper, Kept, keep, kept_runs, of_fleet
from pipeline.host.progress import Progress
from pipeline.reporting.model import Run
from pipeline.reporting.views import show_json


def _begun(source: Path | str = "/fleets/one", command: str = "pipeline call") -> Begun:
    return Begun(source=str(source), command=command)


def _fleets(home: Path) -> list[str]:
    return [json.loads((kept.folder / "run.json").read_text())["fleet"] for kept in kept_runs(home)]


def test_only_the_newest_are_kept_in_their_order(tmp_path: Path) -> None:
    for number in range(MOST + 3):
        keep(tmp_path, f'{{"fleet": "{number}"}}', fleet="one", begun=_begun())
    assert _fleets(tmp_path) == [str(number) for number in range(3, MOST + 3)]


def _keep_many(home: Path) -> None:
    for _ in range(30):
        keep(home, '{"fleet": "one"}', fleet="one", begun=_begun())


def test_two_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    forks = multiprocessing.get_context("fork")
    both = [forks.Process(target=_keep_many, args=(tmp_path,)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    assert MOST <= len(_fleets(tmp_path)) <= MOST + 1
    assert not list((tmp_path / "runs").glob(".*"))


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    folder = keep(tmp_path / "state", "{}", fleet="../ä b", begun=_begun())
    assert folder.parent == tmp_path / "state/runs"
    assert [path.stat().st_mode & 0o777 for path in (folder, folder.parent)] == [0o700, 0o700]


def test_what_is_not_whole_is_left_out_and_removed_after_a_while(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    for name in (".begun", ".old", "no-call", "no-json"):
        (runs / name).mkdir(parents=True)
    (runs / "no-json/call.json").write_text("{")
    long_ago = time.time() - 7200
    os.utime(runs / ".old", (long_ago, long_ago))
    kept = keep(tmp_path, "{}", fleet="one", begun=_begun())
    assert kept_runs(tmp_path) == [Kept(folder=kept, begun=_begun())]
    assert not (runs / ".old").exists()
    assert (runs / ".begun").exists()


@pytest.mark.parametrize(
    ("here", "found"),
    [
        ("repo", True),
        ("repo/fleet", True),
        ("repo/fleet/deep", True),
        ("repo/docs", True),
        ("other", False),
        (".", True),
    ],
)
def test_a_run_is_of_here_where_its_fleet_is_in_this_work_tree(
    tmp_path: Path, here: str, found: bool
) -> None:
    for name in ("repo/.git", "repo/fleet/deep", "repo/docs", "other"):
        (tmp_path / name).mkdir(parents=True)
    kept = [Kept(folder=tmp_path, begun=_begun(tmp_path / "repo/fleet"))]
    assert bool(of_fleet(kept, source=None, here=tmp_path / here)) == found


def test_a_source_is_that_one_alone(tmp_path: Path) -> None:
    one, two = (Kept(folder=tmp_path / name, begun=_begun(tmp_path / name)) for name in ("one", "two"))
    assert of_fleet([one, two], source=tmp_path / "two/../one", here=Path("/")) == [one]


def _heard(home: Path, run: Run, begun: Begun | None = None) -> str:
    progress, keeper = Progress(mode="plain", verbose=0, quiet=True), Keeper(home)
    if begun:
        keeper.begin(begun)
    logging.getLogger("pipeline").info("built", extra={"unit": "one"})
    logging.getLogger("pipeline").info("ended", extra={"run": run})
    keeper.close()
    logging.getLogger("pipeline").info("unheard", extra={"run": run})
    progress.close()
    return keeper.remark


def test_a_run_is_kept_when_it_ends_and_a_red_one_is_told(tmp_path: Path) -> None:
    assert _heard(tmp_path, GREEN, _begun()) == ""
    told = _heard(tmp_path, RED, _begun())
    green, red = kept_runs(tmp_path)
    assert (green.folder / "run.json").read_text() == show_json(GREEN)
    assert (red.folder / "run.json").read_text() == show_json(RED)
    assert str(red.folder) in told
    assert "pipeline reproduce --source /fleets/one " in told
    assert "pipeline reproduce  " in _heard(tmp_path, RED, _begun(Path.cwd()))


def test_before_a_call_began_nothing_is_kept(tmp_path: Path) -> None:
    assert _heard(tmp_path, RED) == ""
    assert kept_runs(tmp_path) == []


def test_where_it_cannot_be_kept_the_run_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert _heard(tmp_path / "file", RED, _begun()).startswith("Warning: the run is not kept: ")


class TestWithoutARun:
    """`pipeline report` and `pipeline reproduce` where nobody names one."""

    @pytest.fixture(autouse=True)
    def machine(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PIPELINE_HOME", str(tmp_path / "state"))
        for name in ("GITHUB_ACTIONS", "FORCE_COLOR", "NO_COLOR"):
            monkeypatch.delenv(name, raising=False)
        (tmp_path / "here/fleet").mkdir(parents=True)
        monkeypatch.chdir(tmp_path / "here")

    def keep(
        self, folder: Path, *runs: Run, source: str = "here/fleet", command: str = "pipeline call"
    ) -> None:
        for run in runs:
            begun = _begun(folder / source, command=command)
            keep(folder / "state", show_json(run), fleet=run.fleet, begun=begun)

    def test_the_newest_is_shown_and_named(self, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.keep(tmp_path, GREEN, RED, command="pipeline call --token env:T")
        (tmp_path / "other").mkdir()
        self.keep(tmp_path, GREEN, source="other")
        assert main(["report"]) == 0
        shown = capfd.readouterr()
        assert shown.out.startswith("mainpc: build-all on ghcr.io: failed")
        assert "reproduce: pipeline call --token env:T image --name speech_pipeline" in shown.out
        assert shown.err.startswith("build-all of mainpc, 2025-08-10 12:00:00 UTC: failed (")

    def test_a_command_that_is_given_is_stronger(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        self.keep(tmp_path, RED, command="pipeline call --token env:T")
        main(["report", "--command", "dagger call"])
        assert "reproduce: dagger call image" in capfd.readouterr().out

    def test_the_last_runs_of_the_fleet_are_a_trend(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        at = [f"2025-08-0{day}T12:00:00+00:00" for day in (1, 2, 3, 4)]
        runs = [RED.model_copy(update={"started": started}) for started in at]
        refused = RED.model_copy(update={"started": at[3], "units": ()})
        self.keep(tmp_path, *runs[:3], refused, RED)
        self.keep(tmp_path, GREEN.model_copy(update={"started": at[0]}), source="other")
        assert main(["report", "--last", "2", "--source", "fleet"]) == 0
        assert "against build-all of 2025-08-03 12:00:00 UTC" in capfd.readouterr().out
        assert main(["report", "--last", "9", "--format", "html", "-o", "page.html"]) == 0
        assert "The last 4 runs" in Path("page.html").read_text()

    def test_nothing_to_repeat_in_a_green_one(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        self.keep(tmp_path, RED, GREEN)
        assert main(["reproduce"]) == 0
        assert "nothing failed in this run" in capfd.readouterr().out

    @pytest.mark.parametrize("command", ["report", "reproduce"])
    def test_where_none_is_kept_it_says_what_to_do(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str], command: str
    ) -> None:
        assert main([command]) == 2
        assert "`pipeline call build-all` makes one" in capfd.readouterr().err
        self.keep(tmp_path, RED, source="gone")
        (tmp_path / "other").mkdir()
        self.keep(tmp_path, RED, source="other")
        assert main([command]) == 2
        assert f"--source with one of: {tmp_path / 'other'}\n" in capfd.readouterr().err

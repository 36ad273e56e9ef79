"""What `make bench` makes of its measurements: medians, ratios, limits, bytes, memory."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from measure import FailedError, memory_of, pushed, take
from results import (
    LIMITS,
    MEMORY_LIMIT,
    Measured,
    as_plain,
    held,
    keep,
    keep_measured,
    read_measured,
    rows,
    too_large,
)


def measured(side: str, *seconds: float, phase: str = "cold", work: str = "sleep", memory: float = 80.0):
    return Measured(
        work=work,
        images=8,
        phase=phase,
        side=side,
        seconds=seconds,
        cpu=seconds,
        memory=(memory,) * len(seconds),
        pushed=(1_000_000,) * len(seconds),
    )


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: f"{limit.about}, {limit.work}")
def test_a_limit_is_held_up_to_its_ratio(limit):
    rival = measured(limit.rival, 10.0, phase=limit.against, work=limit.work)
    for seconds, within in ((limit.most * 10, True), (limit.most * 10.1, False)):
        ours = measured("ours", seconds, phase=limit.phase, work=limit.work)
        [found] = held([ours, rival])
        assert (found.limit, found.within) == (limit, within)


def test_without_a_rival_nothing_is_held():
    assert [*held([measured("ours", 1.0), measured("bake", 1.0)])] == []


def test_the_middle_round_counts():
    ours, loop = measured("ours", 1.0, 9.0, 2.0), measured("loop", 10.0, 30.0, 20.0)
    assert [each.ratio for each in held([ours, loop])] == [0.1]
    assert [*rows([ours, loop])] == [("8", "sleep", "cold", "2.00", "20.00", "-", "80", "1.00", "1.00")]


def test_only_our_own_memory_has_a_limit():
    assert too_large([measured("bake", 1.0, memory=MEMORY_LIMIT + 1)]) == 0.0
    assert too_large([measured("ours", 1.0, memory=MEMORY_LIMIT)]) == 0.0
    assert too_large([measured("ours", 1.0, memory=MEMORY_LIMIT + 1)]) == MEMORY_LIMIT + 1


def test_figures_are_read_as_they_were_kept(tmp_path: Path):
    found = (measured("ours", 1.25, 2.0), measured("loop", 3.0))
    keep(tmp_path / "results.json", shards={"whole": 1})
    keep(tmp_path / "results.json", measured=as_plain(found))
    figures = json.loads((tmp_path / "results.json").read_text())
    assert figures["shards"] == {"whole": 1}
    assert read_measured(figures) == found


def test_another_size_stays_as_it_was_measured(tmp_path: Path):
    path = tmp_path / "results.json"
    eight, sixty = measured("ours", 1.0), replace(measured("ours", 5.0), images=60)
    keep_measured(path, [sixty], when="a day")
    keep_measured(path, [eight], when="another")
    again = replace(sixty, seconds=(4.0,), cpu=(4.0,))
    keep_measured(path, [again])
    figures = json.loads(path.read_text())
    assert read_measured(figures) == (eight, again)
    assert figures["when"] == "another"


HEX = "ab" + "1" * 62
_UPLOAD = f"/v2/bench/a/blobs/uploads/123?_state=x&digest=sha256%3A{HEX}"


@pytest.mark.parametrize(
    ("line", "size"),
    [
        (f'"PUT {_UPLOAD} HTTP/1.1" 201 0 "" "docker"', 5),
        (f'"PUT {_UPLOAD} HTTP/1.1" 400 0 "" "docker"', 0),
        (f'"POST /v2/bench/a/blobs/uploads/?mount=sha256%3A{HEX}&from=bench/b HTTP/1.1" 201 0', 0),
        (f'"HEAD /v2/bench/a/blobs/sha256:{HEX} HTTP/1.1" 200 5', 0),
        ('"PUT /v2/bench/a/manifests/tag HTTP/1.1" 201 0', 0),
    ],
    ids=["an upload", "refused", "mounted", "asked for", "a manifest"],
)
def test_only_uploaded_blobs_are_pushed(tmp_path: Path, line: str, size: int):
    blob = tmp_path / "docker/registry/v2/blobs/sha256" / HEX[:2] / HEX / "data"
    blob.parent.mkdir(parents=True)
    blob.write_bytes(b"12345")
    assert pushed(f"127.0.0.1 - - [now] {line}\n".encode() * 2, tmp_path) == 2 * size


def test_memory_is_that_of_all_processes_of_a_command():
    hungry = (
        "import sys; kept = b'x' * (40 << 20); sys.stdout.write('.'); sys.stdout.flush(); sys.stdin.read()"
    )
    # NB: a shell gives what it starts in the background no standard input of its own accord.
    shell = f'exec 3<&0; "{sys.executable}" -c "{hungry}" <&3 & "{sys.executable}" -c "{hungry}" <&3; wait'
    with subprocess.Popen(["sh", "-c", shell], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        assert process.stdout.read(2) == b".."
        found = memory_of(process.pid)
        process.stdin.close()
    assert 80 << 20 < found < 160 << 20


def test_a_process_that_has_ended_has_no_memory():
    process = subprocess.Popen(["true"])
    process.wait()
    assert memory_of(process.pid) == 0
    assert memory_of(os.getpid()) > 1 << 20


def test_a_command_that_fails_is_told_with_its_last_words():
    with pytest.raises(FailedError, match=r"(?s)ended with 3.*out of order"):
        take("sh", "-c", "echo out of order; exit 3")

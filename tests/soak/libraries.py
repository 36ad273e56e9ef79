"""Confirms libraries.toml of pipeline.checks.facts where packages can be had: docs/soak/libraries.json.

Usage: python tests/soak/libraries.py [--folder DIR] [PACKAGE…]

Downloads the newest wheel for linux/amd64 of every package whose proof needs one (with pip, into the folder,
kept for the next run), and asks this machine's apt data for Debian's. Ends with 1 if an entry is refuted. An
entry whose wheel cannot be had is told as such.
"""

import argparse
import json
import re
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pipeline.checks.facts.packages import LIBRARIES, NEEDS, PROGRAMS, Needs
from pipeline.checks.facts.requirements import normal_name, read_requirement

OUT = Path(__file__).parents[2] / "docs/soak/libraries.json"
# In every image that has Python: the C and C++ run time, zlib; and the interpreter's own.
_EVERYWHERE = re.compile(
    r"lib(?:c|m|mvec|pthread|dl|rt|util|gcc_s|stdc\+\+|z|crypt|resolv|nsl)\.so\.\d+|ld-linux.*|libpython.*"
)
_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux1_x86_64")


class Elf(NamedTuple):
    """What a shared object asks the loader for, and its own name."""

    needed: tuple[str, ...]
    soname: str


class Result(NamedTuple):
    """``verdict`` is confirmed, refuted or unavailable; ``seen`` is what was found."""

    verdict: str
    seen: str


def main() -> int:
    """Confirm every entry, or those named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "pipeline-wheels")
    parser.add_argument("packages", nargs="*", default=sorted(NEEDS))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    results: dict[str, Result] = {}
    for name in arguments.packages:
        results[name] = confirm(name, NEEDS[name], arguments.folder)
        print(f"{name}: {results[name].verdict}: {results[name].seen}", flush=True)
    if set(arguments.packages) == set(NEEDS):
        rows = {name: {"proof": NEEDS[name].proof, **each._asdict()} for name, each in results.items()}
        OUT.write_text(json.dumps(rows, indent=1) + "\n")
    return int(any(each.verdict == "refuted" for each in results.values()))


def confirm(name: str, needs: Needs, folder: Path) -> Result:
    """One entry by its own proof."""
    kind, _, detail = needs.proof.partition(":")
    if kind == "debian":
        return _by_debian(needs, detail)
    if kind == "cited":
        return Result("unavailable", f"not checked by a program; see {detail}")
    wheel = _wheel(name, folder)
    if wheel is None:
        return Result("unavailable", "no wheel for linux/amd64 could be had")
    with zipfile.ZipFile(wheel) as archive:
        if kind == "wheel":
            return _by_linkage(needs, wheel.name, archive)
        if kind == "metadata":
            return _by_metadata(needs, wheel.name, archive)
        return _by_text(detail, wheel.name, archive)


def _by_linkage(needs: Needs, wheel: str, archive: zipfile.ZipFile) -> Result:
    missing = outside(archive)
    unknown = set(needs.libraries) - missing
    untold = (
        {each for each in missing - set(needs.libraries) if each in LIBRARIES}
        if not needs.libraries
        else set()
    )
    verdict = "refuted" if unknown or untold else "confirmed"
    return Result(verdict, f"{wheel} needs {', '.join(sorted(missing)) or 'nothing'}")


def _by_metadata(needs: Needs, wheel: str, archive: zipfile.ZipFile) -> Result:
    metadata = next(each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
    rows = archive.read(metadata).decode(errors="replace").splitlines()
    texts = [
        row.partition(":")[2] for row in rows if row.startswith("Requires-Dist:") and "extra ==" not in row
    ]
    required = {each.name for text in texts if (each := read_requirement(text))}
    verdict = "confirmed" if required >= {*needs.brings} else "refuted"
    return Result(
        verdict, f"{wheel} requires {', '.join(sorted(required & {*needs.brings})) or 'none of them'}"
    )


def _by_text(text: str, wheel: str, archive: zipfile.ZipFile) -> Result:
    for name in archive.namelist():
        if name.endswith(".py") and text in archive.read(name).decode(errors="replace"):
            return Result("confirmed", f"{wheel}: {name} has {text}")
    return Result("refuted", f"{wheel}: no Python source has {text}")


def _by_debian(needs: Needs, package: str) -> Result:
    related = _debian(package)
    if not related:
        return Result("unavailable", f"apt does not know {package}")
    known = [LIBRARIES[each] for each in needs.libraries] + [PROGRAMS[each] for each in needs.programs]
    found = [sorted(related & {*packages}) for packages in known]
    verdict = "confirmed" if all(found) else "refuted"
    return Result(
        verdict, f"{package} depends on {', '.join(name for each in found for name in each) or 'none'}"
    )


@cache
def _debian(package: str) -> frozenset[str]:
    argv = [
        "apt-cache",
        "depends",
        "--no-suggests",
        "--no-conflicts",
        "--no-breaks",
        "--no-replaces",
        package,
    ]
    text = subprocess.run(argv, check=False, capture_output=True, text=True).stdout
    return frozenset(row.partition(": ")[2].strip() for row in text.splitlines() if ": " in row)


def outside(archive: zipfile.ZipFile) -> set[str]:
    """Libraries that a wheel's extension modules load, directly or through its own, and that it has not."""
    objects = dict(_objects(archive))
    own = {name.rpartition("/")[2]: elf for name, elf in objects.items()}
    own |= {elf.soname: elf for elf in objects.values() if elf.soname}
    waiting = [elf for name, elf in objects.items() if _is_loaded(name)]
    seen: set[str] = set()
    while waiting:
        new = {each for elf in waiting for each in elf.needed} - seen
        seen |= new
        waiting = [own[each] for each in new if each in own]
    return {each for each in seen if each not in own and not _EVERYWHERE.fullmatch(each)}


def _is_loaded(name: str) -> bool:
    """NB: plug-ins (Qt's platforms) are loaded only by what uses them, and bundled libraries by others."""
    return ".libs/" not in name and "/plugins/" not in name


def _objects(archive: zipfile.ZipFile) -> Iterator[tuple[str, Elf]]:
    for name in archive.namelist():
        if re.search(r"\.so(?:\.|$)", name) and (elf := read_elf(archive.read(name))):
            yield name, elf


def read_elf(data: bytes) -> Elf | None:
    """DT_NEEDED and DT_SONAME of a 64-bit little-endian object (System V ABI, "Dynamic Section")."""
    if data[:6] != b"\x7fELF\x02\x01":
        return None
    (table,) = struct.unpack_from("<Q", data, 0x20)
    size, count = struct.unpack_from("<HH", data, 0x36)
    headers = [struct.unpack_from("<IIQQQQ", data, table + index * size) for index in range(count)]
    dynamic = next((each for each in headers if each[0] == 2), None)
    if dynamic is None:
        return Elf((), "")
    entries = [struct.unpack_from("<QQ", data, dynamic[2] + 16 * index) for index in range(dynamic[5] // 16)]
    address = next(value for tag, value in entries if tag == 5)
    load = next(each for each in headers if each[0] == 1 and each[3] <= address < each[3] + each[5])
    strings = address - load[3] + load[2]

    def text(offset: int) -> str:
        return data[strings + offset : data.index(b"\0", strings + offset)].decode()

    names = {tag: text(value) for tag, value in entries if tag == 14}
    return Elf(tuple(text(value) for tag, value in entries if tag == 1), names.get(14, ""))


def _wheel(name: str, folder: Path) -> Path | None:
    if found := _in_folder(name, folder):
        return found
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    argv += [word for each in (*_PLATFORMS, "any") for word in ("--platform", each)]
    argv += ["--python-version", "3.11", "--implementation", "cp", "--abi", "cp311", "--abi", "abi3"]
    subprocess.run([*argv, "--abi", "none", "--dest", str(folder), name], check=False, capture_output=True)
    return _in_folder(name, folder)


def _in_folder(name: str, folder: Path) -> Path | None:
    named: Mapping[str, Path] = {normal_name(each.name.split("-")[0]): each for each in folder.glob("*.whl")}
    return named.get(name)


if __name__ == "__main__":
    sys.exit(main())

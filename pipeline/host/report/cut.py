"""The source of a build as far as the line that failed: what a shell at the point of failure stands on."""

import shutil
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.host.report.again import catalog_of
from pipeline.planning.dockerfile import Dockerfile, Instruction, Stage, read_dockerfile
from pipeline.planning.reads import names_base
from pipeline.reporting.model import Failure, Run


def base_of(run: Run, block: Failure, source: Path) -> str:
    """What a stage stands on, where an ONBUILD of it failed at its FROM: nothing is built yet. Else empty.

    Raises UsageError where that is not known, or no command ran.
    """
    if block.stage != "build" or not block.line:
        return ""
    stage = _stage_of(_dockerfile(block, source), block.line)
    if stage is None or stage.line != block.line:
        return ""
    injected = next((unit.base for unit in run.units if unit.name == block.subject), "")
    base = injected if names_base(stage) else stage.base
    if not base or "$" in base or block.exit_code is None:
        raise UsageError(
            f"nothing had run yet on {stage.base}: there is nothing to look into",
            where=f"{block.file}:{block.line}",
            next_step="correct the FROM, or look into any image: docker run --rm -it --entrypoint sh IMAGE",
        )
    print(f"{block.file}, line {block.line}, is a FROM: the shell is in its base, before what ONBUILD runs")
    return base


def cut_before(run: Run, block: Failure, source: Path, folder: Path) -> Path:
    """A copy of the source whose Dockerfile ends before the line that failed.

    Raises UsageError where that is not known.
    """
    if not block.line:
        raise UsageError(
            "the engine does not say which line failed",
            where=block.file,
            next_step="build it without --shell",
        )
    copy = folder / "source"
    shutil.copytree(source, copy, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    dockerfile = copy / block.file
    rows = dockerfile.read_text(encoding="utf-8").splitlines(keepends=True)
    failed = rows[block.line - 1].strip()
    print(f"{block.file} as far as line {block.line - 1}; line {block.line} is:\n  {failed}")
    stage, target = _stage_of(_dockerfile(block, source), block.line), _target(run, block, source)
    if stage and target and stage.name.lower() != target.lower():
        rows[stage.line - 1 : stage.head.last_line] = [_from(stage, target), *_blank(stage.head)]
    dockerfile.write_text("".join(rows[: block.line - 1]), encoding="utf-8")
    return copy


def _dockerfile(block: Failure, source: Path) -> Dockerfile:
    text = (source / block.file).read_text(encoding="utf-8", errors="replace")
    return read_dockerfile(text, block.file)


def _stage_of(dockerfile: Dockerfile, line: int) -> Stage | None:
    """The stage in which a line stands."""
    return next((each for each in reversed(dockerfile.stages) if each.line <= line), None)


def _from(stage: Stage, name: str) -> str:
    """The stage's FROM under another name: what is cut off there is what the catalog's `target` is to be."""
    flags = "".join(f"--{flag}={value} " for flag, value in stage.head.flags)
    return f"FROM {flags}{stage.base} AS {name}\n"


def _blank(head: Instruction) -> list[str]:
    """Lines in the place of those that a FROM is continued on: the others keep their numbers."""
    return ["\n"] * (head.last_line - head.line)


def _target(run: Run, block: Failure, source: Path) -> str:
    image = catalog_of(run, source).images.get(block.subject)
    return image.target if image else ""

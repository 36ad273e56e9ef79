"""BuildKit's messages, turned into one line that names file, line and what to look at."""

import re
from collections.abc import Callable, Sequence

from pipeline.local.docker.dockerfile import Instruction, Script
from pipeline.local.docker.model import DockerError, ExecFailed
from pipeline.local.docker.trace import Trace, command_of

CHAIN = (
    r"failed to solve( with frontend \S+)?",
    r"failed to create LLB definition",
    r"rpc error: code = \w+ desc",
    r"failed to build LLB",
    r"dockerfile parse error",
    r"failed to compute cache key",
    r"failed to load cache key",
    r"failed to read dockerfile",
    r"failed to calculate checksum of ref \S+",
    r"failed to resolve source metadata for \S+",
)
NOISE = re.compile(rf"^({'|'.join(CHAIN)})( =|:) ")
HERE_DOCUMENTS = (
    23,
    0,
)  # https://docs.docker.com/engine/release-notes/23.0/: dockerfile frontend 1.4 and later
EXIT = re.compile(r"exit code: (\d+)")


def of_build(message: str, *, script: Script, trace: Trace, version: tuple[int, ...]) -> Exception:
    """The failure to raise for the message that ended a build."""
    step = trace.failed()
    if step and (code := EXIT.search(step.error)):
        return ExecFailed(
            command=command_of(step),
            exit_code=int(code[1]),
            stdout=bytes(step.streams[1]).removesuffix(b"\n"),
            stderr=bytes(step.streams[2]).removesuffix(b"\n"),
        )
    plain = clean(message)
    return _too_old(script, version, plain) or _located(plain, script)


def clean(message: str) -> str:
    """Without BuildKit's chain of who told whom."""
    text = message.strip()
    while (shorter := NOISE.sub("", text)) != text:
        text = shorter
    return text


def _too_old(script: Script, version: tuple[int, ...], message: str) -> DockerError | None:
    if not version or version >= HERE_DOCUMENTS or not re.search(r"(?i)unknown (instruction|flag)", message):
        return None
    for instruction in script.instructions:
        feature = _newer_feature(instruction)
        if feature:
            return DockerError(
                f"{feature}: needs Docker Engine 23.0 or later, this is {'.'.join(map(str, version))}",
                where=script.at(instruction.line),
            )
    return None


def _newer_feature(instruction: Instruction) -> str:
    if instruction.has_heredoc:
        return f"here-documents ({instruction.keyword} <<…)"
    if instruction.keyword in {"COPY", "ADD"} and re.search(r"(^|\s)--link\b", instruction.rest):
        return f"{instruction.keyword} --link"
    return ""


def _located(message: str, script: Script) -> DockerError:
    for pattern, tell in TOLD:
        if match := re.match(pattern, message, re.DOTALL):
            line, what = tell(match, script)
            return DockerError(what, where=script.at(line))
    return DockerError(message, where=script.path)


def _numbered(match: re.Match[str], _script: Script) -> tuple[int, str]:
    return int(match[1]), match[2]


def _blank_base(match: re.Match[str], script: Script) -> tuple[int, str]:
    what = f"base name ({match[1]}) should not be blank: a build argument is missing"
    return _line(script, ("FROM",), match[1]), what


def _missing_source(match: re.Match[str], script: Script) -> tuple[int, str]:
    what = f"{match[1]}: no such file or directory in the build context (or excluded by .dockerignore)"
    return _line(script, ("COPY", "ADD"), match[1]), what


def _missing_target(match: re.Match[str], script: Script) -> tuple[int, str]:
    bases = "\n".join(one.rest for one in script.instructions if one.keyword == "FROM")
    stages = ", ".join(re.findall(r"(?i)\bAS\s+(\S+)", bases)) or "none has a name"
    return 0, f'target stage "{match[1]}" could not be found; stages: {stages}'


def _bad_base(match: re.Match[str], script: Script) -> tuple[int, str]:
    return _line(script, ("FROM",), match[1]), f"{match[1]}: {match[2]}"


def _unreachable(match: re.Match[str], script: Script) -> tuple[int, str]:
    name = match[2].removeprefix("library/")
    told = clean(re.sub(r"^\S+: (?=failed to resolve source metadata)", "", match[1]))
    return _line(script, ("FROM", "COPY", "RUN"), name) or _only_base(script), told


def _base(match: re.Match[str], script: Script) -> tuple[int, str]:
    line = _line(script, ("FROM", "COPY", "RUN"), match[1]) or _only_base(script)
    return line, f"{match[1]}: {_last(match[2], match[1])}"


# What the daemon says (20.10 to 28), and who finds the line and the words for it; the first that fits.
TOLD: tuple[tuple[str, Callable[[re.Match[str], Script], tuple[int, str]]], ...] = (
    (r"(?:dockerfile parse error )?(?:on )?line (\d+): (.*)", _numbered),
    (r"base name \((.*?)\) should not be blank", _blank_base),
    (r'"/?(.*?)"(?: not found)?: not found', _missing_source),
    (r'target stage "?([^"]*?)"? could not be found', _missing_target),
    (r'failed to parse stage name "(.*?)": (.*)', _bad_base),
    (r'(.*"https?://[^/]+/v2/(\S+)/(?:manifests|blobs)/.*)', _unreachable),
    (r"(pulling from host (\S+) failed .*)", _unreachable),
    (r"(\S+?[^:\s]): (.*)", _base),
)


def _last(text: str, reference: str) -> str:
    """Without the reference said again and again, as registries' errors come."""
    while (shorter := clean(text.removeprefix(f"{reference}: "))) != text:
        text = shorter
    return text


def _line(script: Script, keywords: Sequence[str], word: str) -> int:
    """The first line of such an instruction that has this word, 0 if none has."""
    short = re.sub(r"^docker\.io/(library/)?", "", word)
    for instruction in script.instructions:
        if instruction.keyword in keywords and (word in instruction.rest or short in instruction.rest):
            return instruction.line
    return 0


def _only_base(script: Script) -> int:
    """The line of the only FROM, for references that came out of a build argument."""
    lines = [one.line for one in script.instructions if one.keyword == "FROM"]
    return lines[0] if len(lines) == 1 else 0

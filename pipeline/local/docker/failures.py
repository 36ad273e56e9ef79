"""BuildKit's messages, turned into one line that names file, line and what to look at."""

import re
from collections.abc import Sequence

from pipeline.docker_host.client import DockerError
from pipeline.dockerfile.instruction import Instruction
from pipeline.local.docker.dockerfile import Script
from pipeline.local.docker.model import ExecFailed
from pipeline.local.docker.trace import Trace, command_of

NOISE = re.compile(
    r"^(dockerfile parse error|rpc error: code = \w+ desc|failed to (solve( with frontend \S+)?|build LLB|"
    r"create LLB definition|(compute|load) cache key|read dockerfile|calculate checksum of ref \S+|"
    r"resolve source metadata for \S+))( =|:) "
)
# Dockerfile frontend 1.4: https://docs.docker.com/engine/release-notes/23.0/
HERE_DOCUMENTS = (23, 0)
EXIT = re.compile(r"exit code: (\d+)")
BASES = ("FROM", "COPY", "RUN")
FILES = ("COPY", "ADD")
# What the daemon says (20.10 to 28; the first that fits), among which instructions the first one with its
# ``word`` is meant, and the words for it.
TOLD: tuple[tuple[str, Sequence[str], str], ...] = (
    (r"(?:dockerfile parse error )?(?:on )?line (?P<line>\d+): (?P<what>.*)", (), "{what}"),
    (
        r"base name \((?P<word>.*?)\) should not be blank",
        BASES,
        "base name ({word}) should not be blank: a build argument is missing",
    ),
    (
        r'"/?(?P<word>.*?)"(?: not found)?: not found',
        FILES,
        "{word}: no such file or directory in the build context (or excluded by .dockerignore)",
    ),
    (
        r'target stage "?(?P<word>[^"]*?)"? could not be found',
        (),
        'target stage "{word}" could not be found; stages: {stages}',
    ),
    (r'failed to parse stage name "(?P<word>.*?)": (?P<what>.*)', BASES, "{word}: {what}"),
    (
        r'(?P<what>.*"https?://[^/]+/v2/(?:library/)?(?P<word>\S+)/(?:manifests|blobs)/.*)',
        BASES,
        "{what}",
    ),
    (r"(?P<what>pulling from host (?P<word>\S+) failed .*)", BASES, "{what}"),
    (r"(?P<word>\S+?[^:\s]): (?P<what>.*)", BASES, "{word}: {what}"),
)


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
    # NB: of a transfer that breaks off it only says "unexpected EOF"
    base = re.match(r"\[.*?\] FROM (\S+)", step.name) if step else None
    if base and base[1] not in plain:
        plain = f"{base[1]}: {plain}"
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
    for one in script.instructions:
        if feature := _newer_feature(one):
            told = f"{feature}: needs Docker Engine 23.0 or later, this is {'.'.join(map(str, version))}"
            return DockerError(told, where=script.at(one.line))
    return None


def _newer_feature(instruction: Instruction) -> str:
    if instruction.heredocs:
        return f"here-documents ({instruction.keyword} <<…)"
    linked = instruction.keyword in FILES and "link" in dict(instruction.flags)
    return f"{instruction.keyword} --link" if linked else ""


def _located(message: str, script: Script) -> DockerError:
    for pattern, keywords, words in TOLD:
        if match := re.match(pattern, message, re.DOTALL):
            said = {"line": "0", "word": "", "what": "", **match.groupdict()}
            what = re.sub(r"^\S+: (?=failed to resolve source metadata)", "", said["what"])
            said["what"] = _last(what, said["word"])
            line = int(said["line"]) or _line(script, keywords, said["word"])
            return DockerError(words.format(stages=_stages(script), **said), where=script.at(line))
    return DockerError(message, where=script.path)


def _stages(script: Script) -> str:
    bases = [one.words for one in script.instructions if one.keyword == "FROM"]
    return ", ".join(words[2] for words in bases if len(words) > 2) or "none has a name"


def _last(text: str, reference: str) -> str:
    """Without the reference said again and again, as registries' errors come."""
    while (shorter := clean(text.removeprefix(f"{reference}: "))) != text:
        text = shorter
    return text


def _line(script: Script, keywords: Sequence[str], word: str) -> int:
    """The first line of such an instruction that has this word, 0 if none has.

    A base that came out of a build argument is that of the only FROM, if there is one.
    """
    short = re.sub(r"^docker\.io/(library/)?", "", word)
    meant = [one for one in script.instructions if one.keyword in keywords]
    named = [one.line for one in meant if short in f"{dict(one.flags)} {one.text}"]
    bases = [one.line for one in meant if one.keyword == "FROM"]
    if not named and len(bases) == 1:
        return bases[0]
    return named[0] if named else 0

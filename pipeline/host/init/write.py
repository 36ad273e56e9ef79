"""The draft as fleet.toml; what a person has to fill in stands behind `# fill in:` where it belongs."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pipeline.catalog.model import Family, Fleet, Image
from pipeline.catalog.references import Reference
from pipeline.catalog.service import Health
from pipeline.host.init.draft import Draft, Entry
from pipeline.host.init.services import Default

MARK = "# fill in:"
UNKNOWN_ORGANISATION = "your-org"
_HOME = "where images are pushed to: the OWNER of ghcr.io/OWNER/…"
_ALIVE = "5s"
_HEADER = re.compile(r"\[\[?([^\]]+)\]")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


@dataclass
class _Taken:
    """Ports of the target's host that have an owner, and names of services."""

    ports: dict[int, str] = field(default_factory=dict[int, str])
    names: set[str] = field(default_factory=set[str])

    def claim(self, port: int, owner: str) -> int:
        """This port, or the next one that is free."""
        while port in self.ports:
            port = port + 1 if port < 65535 else 1024
        self.ports[port] = owner
        return port

    def name(self, name: str, image: str) -> str:
        """This name for a service, or one with its image's where another has it."""
        free = name if name not in self.names else f"{image}-{name}"
        self.names.add(free)
        return free


def write_catalog(draft: Draft, *, name: str, source_url: str, defaults: Mapping[str, Default]) -> str:
    """The text of fleet.toml; ``defaults`` are the images' services by the image's name."""
    taken = _Taken()
    for entry in draft.images:
        for port in _inner(defaults[entry.name]):
            taken.ports.setdefault(port, entry.name)
    blocks = [
        _fleet(draft, name, source_url),
        *([_root(draft)] if draft.families else []),
        *(_pushed(draft, name, each) for name, each in draft.pushed.items()),
        *(_family(each, draft) for each in draft.families),
        *(_image(each, defaults[each.name], taken) for each in draft.images),
        *([_target(draft)] if draft.families and cuda_of(draft.root.source) else []),
    ]
    return "\n".join("".join(f"{row}\n" for row in block) for block in blocks)


def filled_in_by_hand(text: str) -> tuple[tuple[int, str], ...]:
    """Line number and words for everything that a person still has to fill in; a table's name comes first."""
    blanks: list[tuple[int, str]] = []
    table = ""
    for number, row in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(row)
        table = header[1] if header else table if row.strip() else ""
        if MARK in row:
            blanks.append((number, f"{table}: {_said(row)}" if table else _said(row)))
    return tuple(blanks)


def _said(row: str) -> str:
    return row.split(MARK, 1)[1].strip()


def cuda_of(source: str) -> str:
    """``12.1`` of an image such as ``nvidia/cuda:12.1.1-runtime-ubuntu22.04``; else empty."""
    name, _, tag = source.rpartition(":")
    version = tag.partition("-")[0].split(".")
    is_cuda = name.endswith("/cuda") and len(version) >= 2 and all(part.isdecimal() for part in version)
    return ".".join(version[:2]) if is_cuda else ""


def _fleet(draft: Draft, name: str, source_url: str) -> Iterator[str]:
    usual = Fleet.model_fields
    yield "# Written by `pipeline init`. Every key: docs/reference/catalog.md of the pipeline."
    yield ""
    yield "[fleet]"
    yield _row("name", name)
    yield _row("registry", draft.registry)
    yield _row(
        "organisation", draft.organisation or UNKNOWN_ORGANISATION, "" if draft.organisation else _HOME
    )
    yield _row("namespace", usual["namespace"].default)
    yield _row("platform", usual["platform"].default)
    if source_url:
        yield _row("source_url", source_url)


def _root(draft: Draft) -> Iterator[str]:
    yield "[root]"
    yield _row("name", draft.root.name)
    yield _row("tag", draft.root.tag)
    yield _row("source", draft.root.source)


def _pushed(draft: Draft, name: str, reference: Reference) -> Iterator[str]:
    yield f"[families.{_key(name)}]"
    key, value = ("digest", reference.digest) if reference.digest else ("tag", reference.tag or "latest")
    home = f"{draft.registry}/{draft.organisation or UNKNOWN_ORGANISATION}/{name}"
    blank = "" if reference.name == home else f"it is looked for at {home}: push {_shown(reference)} there"
    if key == "tag" and value == "latest":
        blank = "its version: latest is another image tomorrow" + (f"; {blank}" if blank else "")
    yield _row(key, value, blank)


def _shown(reference: Reference) -> str:
    return str(reference) if reference.registry else "the family that BASE_IMAGE is meant to be"


def _family(entry: Entry, draft: Draft) -> Iterator[str]:
    yield f"[families.{_key(entry.name)}]"
    yield _row("dockerfile", entry.found.path)
    if entry.context != Family.model_fields["context"].default:
        yield _row("context", entry.context)
    if entry.base:
        blank = "" if entry.sure else "the family it stands on, a guess; without this line: the root image"
        yield _row("base", entry.base, blank)
    if cuda := cuda_of(draft.root.source):
        yield _row("cuda", cuda)
    entries = (*draft.families, *draft.images)
    if all(each.sure for each in entries) and not any(each.base == entry.name for each in entries):
        yield f"{MARK} has no CMD, yet nothing stands on it: is it an image?"


def _image(entry: Entry, default: Default, taken: _Taken) -> Iterator[str]:
    yield f"[images.{_key(entry.name)}]"
    yield _row("family", entry.base, "" if entry.sure else "the family it stands on, a guess")
    yield _row("dockerfile", entry.found.path)
    if entry.context != Image.model_fields["context"].default:
        yield _row("context", entry.context)
    yield ""
    yield f"[[images.{_key(entry.name)}.services]]"
    yield _row("name", taken.name(default.name, entry.name))
    if default.ports:
        yield _row("ports", default.ports)
    if default.health:
        yield f"health = {_health(default.health)}"
    elif not default.has_healthcheck:
        yield _row("alive_for", _ALIVE, "health = { port = …, path = … } if it has one to ask")
    yield from _host_ports(entry, default, taken)
    if default.unclaimed:
        yield f"{MARK} whose are the ports {_list(default.unclaimed)}, which it EXPOSEs?"
    yield from _further(entry, default, taken)


def _host_ports(entry: Entry, default: Default, taken: _Taken) -> Iterator[str]:
    """A port of the host for each that another image has already."""
    moved = {
        port: taken.claim(port, entry.name) for port in _inner(default) if taken.ports[port] != entry.name
    }
    if moved:
        owners = ", ".join(f"{taken.ports[port]} has {port}" for port in moved)
        pairs = ", ".join(f"{inner} = {outer}" for inner, outer in moved.items())
        yield f"host_port = {{ {pairs} }}  # on the same host {owners}"


def _further(entry: Entry, default: Default, taken: _Taken) -> Iterator[str]:
    if not default.further:
        return
    yield ""
    yield f"{MARK} its other commands, if these are such: files that name a port which it EXPOSEs"
    for each in default.further:
        health = default.health.port if default.health and default.health.port else 8080
        yield f"# [[images.{_key(entry.name)}.services]]"
        yield f"# {_row('name', taken.name(each.name, entry.name))}"
        yield f"# {_row('command', each.command)}"
        yield f"# {_row('ports', each.ports)}"
        yield f"# health = {{ port = {taken.claim(health, each.name)} }}   # HEALTH_PORT is set to it"


def _target(draft: Draft) -> Iterator[str]:
    cuda = cuda_of(draft.root.source)
    yield f"{MARK} the machine that it is deployed to: its driver is checked against CUDA {cuda}"
    yield "# [targets.NAME]"
    yield '# driver = "535.183.01"'


def _inner(default: Default) -> tuple[int, ...]:
    health = default.health.port if default.health else None
    return default.ports if health is None or health in default.ports else (*default.ports, health)


def _health(health: Health) -> str:
    usual = Health.model_fields
    pairs: list[tuple[str, object]] = []
    if health.port:
        pairs.append(("port", health.port))
    if health.path != usual["path"].default and not health.script:
        pairs.append(("path", health.path))
    if health.script:
        pairs.append(("script", health.script))
    timing = {key: getattr(health, key) for key in ("start_period", "deadline")}
    pairs += [(key, f"{value:g}s") for key, value in timing.items() if value != usual[key].default]
    return f"{{ {', '.join(f'{key} = {_value(value)}' for key, value in pairs)} }}"


def _row(key: str, value: object, blank: str = "") -> str:
    return f"{key} = {_value(value)}" + (f"  {MARK} {blank}" if blank else "")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else f'"{name}"'


def _value(value: object) -> str:
    """NB: a JSON string is a TOML string, but for DEL, which JSON leaves as it is."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(ports: Iterable[int]) -> str:
    return ", ".join(map(str, ports))

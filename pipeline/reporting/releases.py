"""Releases and channels as text for people; the same documents are the JSON for programs."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from pipeline.reporting.model import Failure
from pipeline.reporting.terminal import show_failure
from pipeline.reporting.words import columns, counted

Document = Mapping[str, Any]
Form = Literal["text", "json"]


def show_document(document: Document, form: Form, text: Callable[[Document], str]) -> str:
    """A document as JSON, or as what ``text`` makes of it; with a line end."""
    shown = json.dumps(document, indent=2, ensure_ascii=False) if form == "json" else text(document)
    return shown.rstrip("\n") + "\n"


def show_move(document: Document) -> str:
    """What `promote` or `rollback` did."""
    after, before = document["after"], document["before"]
    if not document["changed"]:
        return f"{document['channel']}: {after['tag']} is deployed already (entry {after['number']})"
    was = f" (before: {before['tag']})" if before else ""
    reason = [f"  reason: {after['reason']}"] if after["reason"] else []
    head = f"{document['channel']}: {after['tag']} from now on, entry {after['number']}{was}"
    return "\n".join([head, *reason, *_table(document["images"].items())])


def show_status(document: Document) -> str:
    """What is deployed on each channel."""
    lines = [line for channel in document["channels"] for line in _channel(channel)]
    if document["unfinished"]:
        lines.append(f"unfinished: {', '.join(document['unfinished'])} (run the same release again)")
    lines.append(f"releases:   {', '.join(document['releases']) or 'none'}")
    return "\n".join(lines)


def _channel(channel: Document) -> list[str]:
    entry = channel["current"]
    if entry is None:
        return [f"{channel['channel']}:     nothing was promoted yet"]
    back = f"rollback goes to {channel['back']}" if channel["back"] else "nothing to roll back to"
    lines = [f"{channel['channel']}:     {entry['tag']}, {_step(entry)}; {back}"]
    if channel["missing"]:
        lines.append(f"            NOT WHOLE: {', '.join(channel['missing'])} gone from the registry")
    if channel["lags"]:
        lines.append(f"            its name is behind: promote {entry['tag']} again to put it right")
    return lines


def _step(entry: Document) -> str:
    return f"entry {entry['number']}, {entry['action']} of {entry['at']}"


def show_history(document: Document) -> str:
    """The entries of a channel, newest first."""
    rows = [
        (str(entry["number"]), entry["at"], entry["action"], entry["tag"], entry["reason"])
        for entry in document["entries"]
    ]
    return "\n".join(columns(rows)) if rows else f"{document['channel']}: nothing was promoted yet"


def show_diff(document: Document) -> str:
    """What two releases differ in; what is the same is only counted."""
    units = document["units"]
    rows = [
        (unit["change"], unit["name"], f"{_short(unit['before'])} -> {_short(unit['after'])}")
        for unit in units
        if unit["change"] != "same"
    ]
    same = len(units) - len(rows)
    head = f"{document['from']} -> {document['to']}: {len(rows)} differ, {same} the same"
    return "\n".join([head, *(f"  {row}" for row in columns(rows))])


def show_verify(document: Document) -> str:
    """What `verify` found."""
    tag, problems = document["tag"], document["problems"]
    smoked = Counter(each["verdict"] for each in document["smoke"])
    tests = "".join(
        f", {counted(number, 'smoke test', 'smoke tests')} {verdict}"
        for verdict, number in sorted(smoked.items())
    )
    if not problems:
        signed = ", signed" if document["signed"] else ""
        parts = [counted(document["units"], "digest", "digests")]
        parts.append(counted(document["evidence"], "piece of evidence", "pieces of evidence"))
        counts = f"{', '.join(parts)}{tests}"
        return f"{tag}: verified{signed}: {counts}"
    rows = [(each["outcome"], each["subject"], each["what"].splitlines()[0]) for each in problems]
    blocks = [f"\n{show_failure(Failure.model_validate(each))}" for each in document["failures"]]
    head = f"{tag}: {document['outcome']}{tests}"
    return "\n".join([head, *(f"  {row}" for row in columns(rows)), *blocks])


def show_prune(document: Document) -> str:
    """What was deleted, or would be."""
    done = "would be deleted" if document["dryRun"] else "deleted"
    lines = [f"{len(document['removals'])} of {document['digests']} digests {done}"]
    lines += [
        f"  {each['repository']}@{each['digest'][:19]}  {_tags(each['tags']) or 'of an index that goes'}"
        for each in document["removals"]
    ]
    if document["namedSince"]:
        lines.append(f"{len(document['namedSince'])} kept: they were given a name meanwhile")
    if document["refused"]:
        lines.append(
            f"{len(document['refused'])} left: this registry does not delete through its API "
            "(GHCR: package settings, delete these versions; docker-registry: storage.delete.enabled)"
        )
        lines += [f"  {each['repository']}@{each['digest'][:19]}" for each in document["refused"]]
    return "\n".join(lines)


def show_adopt(document: Document) -> str:
    """What `adopt` recorded."""
    how = "recorded" if document["new"] else "was recorded already"
    units = document["units"]
    tested = sum(1 for unit in units if unit["evidence"])
    head = f"{document['tag']}: {how} as {document['record']}; {len(units)} digests, {tested} with evidence"
    rows = [(unit["name"], f"{unit['repository']}@{_short(unit['digest'])}") for unit in units]
    return "\n".join([head, *(f"  {row}" for row in columns(rows))])


def _tags(tags: Sequence[str]) -> str:
    return ", ".join(tag if len(tag) <= 24 else f"{tag[:21]}…" for tag in tags)


def _short(digest: str) -> str:
    return digest[:19] or "nothing"


def _table(rows: Iterable[tuple[str, str]]) -> list[str]:
    return [f"  {row}" for row in columns(list(rows))]

"""What COPY --chmod makes private can be read by the user that the image runs as."""

import re
from collections.abc import Iterator, Sequence

from pipeline.checks.facts.steps import Step, find_steps
from pipeline.checks.facts.users import ROOT, LastUser, last_user
from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule

_OCTAL = re.compile("[0-7]+")


def _find(inspection: Inspection) -> Iterator[Hit]:
    told: set[tuple[str, int]] = set()
    for _, subject in inspection.images:
        user = last_user(inspection, subject)
        if not user.name or user.name in ROOT or "$" in user.text:
            continue
        steps = find_steps(inspection, subject)
        for index, step in enumerate(steps):
            place = (step.file, step.line)
            if place not in told and _is_private(step, user) and not _may_change(steps[index + 1 :]):
                told.add(place)
                yield Hit(
                    file=step.file,
                    line=step.line,
                    subject=subject.unit.name,
                    message=(
                        f"{step.instruction.keyword} --chmod={step.instruction.flag('chmod')} lets "
                        f"{step.expand(step.instruction.flag('chown')) or 'root'} read, but not {user.text}"
                    ),
                    fix=f"add --chown={user.text}, or let others read",
                )


def _is_private(step: Step, user: LastUser) -> bool:
    chmod = step.expand(step.instruction.flag("chmod"))
    if step.instruction.keyword not in ("COPY", "ADD") or not _OCTAL.fullmatch(chmod):
        return False
    mode = int(chmod, 8)
    owner, _, group = step.expand(step.instruction.flag("chown")).partition(":")
    owner, own_group = owner or "0", user.text.partition(":")[2]
    if owner not in ROOT and owner.isdecimal() != user.name.isdecimal():
        return False  # one is a name and the other a number: they may be the same
    if owner == user.name:
        return not mode & 0o400
    # NB: without a group, chown takes the owner's, and USER the user's: root's group is 0.
    same_group = own_group and (own_group == group or (own_group in ROOT and owner in ROOT and not group))
    return not mode & (0o040 if same_group else 0o004)


def _may_change(later: Sequence[Step]) -> bool:
    texts = [step.instruction.text for step in later if step.instruction.keyword == "RUN"]
    return any("chmod" in text or "chown" in text for text in texts)


RULE = Rule(
    id="file-unreadable",
    severity="error",
    about="The user that an image runs as can read what COPY --chmod brings.",
    consequence="the service cannot open the file",
    fix="add --chown with that user, or let others read",
    find=_find,
)

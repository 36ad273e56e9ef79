"""The final stage must start from the injected family."""

from collections.abc import Iterator

from pipeline.checks.inspection import Inspection
from pipeline.checks.rule import Hit, Rule
from pipeline.planning.reads import INJECTED, names_base


def _find(inspection: Inspection) -> Iterator[Hit]:
    for subject in inspection.subjects.values():
        stages = subject.final_stages
        # NB: without its ARG the name is empty: that is base-argument's to say.
        is_undeclared = stages and not stages[-1].base and names_base(stages[-1].stage)
        if stages and stages[-1].base != INJECTED and not is_undeclared:
            start = stages[-1].stage.base or "nothing"
            yield Hit(
                file=subject.unit.dockerfile,
                line=stages[-1].stage.line,
                subject=subject.unit.name,
                message=f"the final stage starts from {start}, not from ${{BASE_IMAGE}}",
            )


RULE = Rule(
    id="base-injected",
    severity="error",
    about="The final stage starts FROM ${BASE_IMAGE}, directly or through a stage that does.",
    consequence="the image does not stand on its family, whatever the catalog says",
    fix="begin the final stage with FROM ${BASE_IMAGE}",
    find=_find,
)

"""What evidence says of a unit's smoke tests, and what evidence they leave."""

from collections.abc import Sequence

from pipeline.planning.plan import unit_test_key
from pipeline.registry.documents.evidence import Evidence, put_evidence
from pipeline.reporting.model import ServiceRun, Verdict
from pipeline.stages.candidate import Candidate
from pipeline.stages.passage import Passage
from pipeline.stages.smoke.probe import probe_version
from pipeline.together import together


def reused_tests(passage: Passage) -> tuple[ServiceRun, ...]:
    """The services that have evidence, with its checks."""
    found = passage.site.evidence
    return tuple(
        ServiceRun(
            name=each.service,
            verdict=Verdict.REUSED,
            because=each.because,
            test_key=each.test_key,
            took=found[each.test_key].seconds if each.test_key in found else 0.0,
            checks=found[each.test_key].checks if each.test_key in found else (),
        )
        for each in passage.planned.smoke
        if each.decision == "reuse"
    )


async def record_evidence(
    passage: Passage, candidate: Candidate, services: Sequence[ServiceRun]
) -> tuple[ServiceRun, ...]:
    """Write evidence of what passed; return the services with their test keys."""
    unit = passage.planned.unit
    specified = {service.name: service for service in unit.services}
    registry = await passage.site.ask.of(candidate.repository)

    async def one(run: ServiceRun) -> ServiceRun:
        if run.verdict is not Verdict.PASSED:
            return run
        key = unit_test_key(unit, specified[run.name], candidate.digest, wanted=passage.site.wanted)
        evidence = Evidence(
            repository=candidate.repository,
            digest=candidate.digest,
            service=run.name,
            test_key=key,
            build_key=passage.planned.key.hex,
            suite=f"smoke-{probe_version()}",
            checks=run.checks,
            seconds=run.seconds,
            build_seconds=build_seconds(passage),
        )
        await put_evidence(registry, candidate.repository, evidence, signer=passage.site.access.signer)
        return run.model_copy(update={"test_key": key})

    with passage.stage("evidence"):
        return tuple(await together(services, one))


def build_seconds(passage: Passage) -> float:
    """Seconds of the unit's build, in this run or by the evidence of an earlier one; 0.0 when unknown."""
    found = passage.site.evidence
    keys = [each.test_key for each in passage.planned.smoke if each.test_key in found]
    return passage.seconds("build") or max((found[key].build_seconds for key in keys), default=0.0)

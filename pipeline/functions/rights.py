"""May this run push what it will build? Asked before the first build: two small requests for each place."""

from collections.abc import Iterable, Iterator

from pipeline.registry.oci.answers import DeniedError
from pipeline.stages.lookup import Outlook
from pipeline.stages.request import Opened
from pipeline.together import together


async def demand_rights(fleet: Opened, outlook: Outlook, *, candidates: bool, names: bool) -> None:
    """Raise DeniedError, before anything is built, where what is built could not be pushed.

    ``candidates``: built units go to their own repositories; ``names``: a release is recorded in the end.
    Nothing is asked where nothing is built. Raises RegistryError where the registry does not answer.
    """
    places = list(dict.fromkeys(_places(fleet, outlook, candidates=candidates)))
    if places and names:
        places.append(fleet.access.names.release)

    async def ask(repository: str) -> DeniedError | None:
        registry = await fleet.ask.of(repository)
        try:
            await registry.try_push(repository)
        except DeniedError as denied:
            return denied
        return None

    _insist(places, await together(places, ask))


def _places(fleet: Opened, outlook: Outlook, *, candidates: bool) -> Iterator[str]:
    for planned in outlook.plan.units:
        if planned.decision == "build" and candidates:
            yield planned.unit.repository
        elif planned.decision == "build" and planned.unit.name in outlook.needed:
            yield fleet.access.scratch_repository(planned.unit)


def _insist(places: Iterable[str], answers: Iterable[DeniedError | None]) -> None:
    denied = {place: answer for place, answer in zip(places, answers, strict=True) if answer}
    if denied:
        first = next(iter(denied.values()))
        more = f", and so for {', '.join([*denied][1:])}" if len(denied) > 1 else ""
        raise DeniedError(
            f"{first.what}{more}",
            where=first.where,
            consequence="nothing was built: it could not be pushed",
            next_step=f"{first.next_step}; `preflight` looks at every package",
        )

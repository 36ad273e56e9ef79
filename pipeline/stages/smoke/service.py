"""Smoke-tests one service of an image, in whichever way the image allows."""

import secrets
import time
from dataclasses import replace

from pipeline.catalog.service import Service
from pipeline.reporting.model import Check, ServiceRun, Verdict
from pipeline.stages.smoke.beside import smoke_beside
from pipeline.stages.smoke.inside import smoke_inside
from pipeline.stages.smoke.stand import Smoked, Stand, command_of, red
from pipeline.stages.smoke.suite import smoke_suite


async def smoke(stand: Stand, service: Service) -> Smoked:
    """Run one smoke test to its verdict; never raises for what the service or the engine does.

    What an engine remembers from an earlier run is good enough where it passed; a failure that is only
    remembered is tried again.
    """
    began = time.monotonic()
    smoked = await _smoke_once(stand, service)
    remembered = time.monotonic() - began < smoked.run.seconds
    if smoked.failure and remembered:
        return await _smoke_once(replace(stand, fresh=secrets.token_hex(4)), service)
    return smoked


async def _smoke_once(stand: Stand, service: Service) -> Smoked:
    if service.gpu and not stand.gpu:
        check = Check(
            name="kernel", verdict=Verdict.SKIPPED, detail="needs a GPU: run with --gpu where there is one"
        )
        run = ServiceRun(name=service.name, verdict=Verdict.SKIPPED, checks=(check,), log=(check.detail,))
        return Smoked(run=run)
    if stand.unit.suite and service.name == stand.unit.name:
        return await smoke_suite(stand, service)
    command = command_of(stand, service)
    if stand.unit.kind == "image" and not command:
        return red(stand, service, "the image has neither ENTRYPOINT nor CMD, nor has the catalog a command")
    if not stand.unit.promises.init:
        return await smoke_beside(stand, service, command, because="its own init is PID 1")
    smoked = await smoke_inside(stand, service, command)
    if isinstance(smoked, str):
        return await smoke_beside(stand, service, command, because=smoked)
    return smoked

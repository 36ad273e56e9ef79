"""What smoke tests ask, as plain data: names as they stand in reports, and what to do about each."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SmokeCheck:
    """One kind of check.

    ``name`` has capitals where the name of something stands; ``keys`` are the catalog's.
    """

    name: str
    keys: str
    about: str
    example: str
    consequence: str
    fix: str

    def is_of(self, name: str) -> bool:
        """Whether a check of this name in a report is of this kind."""
        pattern = re.sub(r"\b(?:N|NAME|PATH)\b", ".+", re.escape(self.name).replace("\\ ", " "))
        return re.fullmatch(pattern, name, re.DOTALL) is not None


SMOKE_CHECKS = (
    SmokeCheck(
        name="health",
        keys="health",
        about="It gets ready before its deadline: by HTTP (status, fields of a JSON answer), a TCP "
        "connection, a script or a line of its log; without any, the image's own HEALTHCHECK; "
        "else it need only stay up.",
        example="was not ready after 40.02 s: GET /health on port 6801: HTTP 503 loading",
        consequence="it would be deployed and never answer",
        fix="see its log; correct `health` in the catalog, or raise `deadline`",
    ),
    SmokeCheck(
        name="time to ready",
        keys="max_ready",
        about="It is ready within the time that the catalog allows.",
        example="was ready after 6.21 s; the catalog allows 5.00 s",
        consequence="a replacement takes longer than the team agreed on",
        fix="load less before it is ready, or raise `max_ready`",
    ),
    SmokeCheck(
        name="alive",
        keys="alive_for",
        about="It stays up, and healthy, for so long once it is ready; every answer must be good.",
        example="was ready, but no longer 1.52 s later: HTTP 503 gone",
        consequence="it passes its first health check and fails a later one",
        fix="see its log: what ends or falls ill after the start?",
    ),
    SmokeCheck(
        name="user",
        keys="",
        about="Its first process does not run as root.",
        example="runs as root",
        consequence="whoever breaks into the service is root in its container",
        fix="end the Dockerfile with USER 10001, or acknowledge the lint rule `user-root` for the image",
    ),
    SmokeCheck(
        name="port N",
        keys="ports, health.port",
        about="Every declared port is bound to an address that is not loopback.",
        example="port 5801 is bound to 127.0.0.1:5801 only: nothing outside the container can reach it",
        consequence="the port answers inside the container and nowhere else",
        fix="bind to 0.0.0.0; correct `ports` in the catalog",
    ),
    SmokeCheck(
        name="reach N",
        keys="ports, health.port",
        about="Every declared port accepts a connection from another container, the witness. Skipped "
        "where no witness can run, or where only the network could be to blame.",
        example="port 5801 is bound, but another container cannot reach it: refused",
        consequence="other services of the fleet cannot use it",
        fix="bind to 0.0.0.0, and to no device; give `fleet.probe_image` where the family has no python3",
    ),
    SmokeCheck(
        name="unknown path",
        keys="health.any_path",
        about="A path that nobody has declared is answered with 404.",
        example="an unknown path is answered with HTTP 200, not 404",
        consequence="its health check would pass whatever stands behind the path",
        fix="answer 404 for unknown paths; `any_path = true` where that is meant",
    ),
    SmokeCheck(
        name="healthcheck",
        keys="",
        about="The image's own HEALTHCHECK, inherited ones too, passes as Docker runs it: in the SHELL "
        "of the image, with its timeout and retries, and failures within its start period not "
        "counted. The deadline bounds the wait.",
        example="the image's own HEALTHCHECK fails: curl -f … ended with 22",
        consequence="Docker calls the container unhealthy",
        fix="correct HEALTHCHECK in the Dockerfile: port, path, and whether its program is in the image",
    ),
    SmokeCheck(
        name="memory",
        keys="max_memory",
        about="The most memory that was in use, told by the container's control group (memory.peak, or "
        "max_usage_in_bytes), else by the peaks (VmHWM) of its processes; held against a budget "
        "where there is one.",
        example="took 812.4 MiB at most; the catalog allows 512.0 MiB",
        consequence="it does not fit on the target beside the others",
        fix="load less, or raise `max_memory`",
    ),
    SmokeCheck(
        name="stop",
        keys="stop_time",
        about="SIGTERM, or the STOPSIGNAL of the image, ends it within its stop time.",
        example="did not end within 10.00 s of SIGTERM and was killed",
        consequence="every deployment waits for it, and what it was writing is lost",
        fix="handle the signal; start it in exec form, so that the signal reaches it; raise `stop_time`",
    ),
    SmokeCheck(
        name="library NAME",
        keys="libraries",
        about="The image's loader opens the library, with all that it needs.",
        example="libGL.so.1: cannot open shared object file",
        consequence="what imports it fails at run time, perhaps much later",
        fix="install the package that brings it, in the family",
    ),
    SmokeCheck(
        name="linked PATH",
        keys="linked",
        about="Every ELF file below the path finds what it is linked with, as `ldd` tells: by itself, or "
        "loaded by another file below the path that finds all (as a wheel's extension module loads what "
        "the wheel brings in NAME.libs). Libraries of the NVIDIA driver (libcuda.so.1, libnvidia-*) come "
        "from the host and may be missing.",
        example="/app/engine.so lacks libgomp.so.1",
        consequence="it fails when it is loaded, perhaps much later",
        fix="install the package that brings it, in the family",
    ),
    SmokeCheck(
        name="program NAME",
        keys="programs",
        about="The program is on PATH and runs (`NAME --version`, ending as it likes); a whole command "
        "ends with 0.",
        example="ffmpeg does not run: error while loading shared libraries: libavdevice.so.59",
        consequence="what starts it fails at run time",
        fix="install it, with what it needs",
    ),
    SmokeCheck(
        name="import NAME",
        keys="imports",
        about="The image's python3 imports the module.",
        example="ImportError: libGL.so.1: cannot open shared object file",
        consequence="what imports it fails at run time",
        fix="install the package, and the libraries that it needs",
    ),
    SmokeCheck(
        name="cuda runtime NAME",
        keys="families.cuda",
        about="The CUDA runtime that the loader finds is of the family's version; no GPU is needed to "
        "ask. A family of CUDA that has neither a runtime nor torch fails as `cuda`.",
        example="12.4, not 12.1",
        consequence="the target's driver may be too old for it",
        fix="install the runtime that the family promises, or correct `cuda`",
    ),
    SmokeCheck(
        name="cuda of torch",
        keys="families.cuda",
        about="`torch.version.cuda` is of the family's version.",
        example="none: it is built for the CPU, not 12.1",
        consequence="torch finds no GPU, or needs another driver than the target has",
        fix="install torch from the index of that CUDA version",
    ),
    SmokeCheck(
        name="kernel",
        keys="gpu",
        about="A kernel runs on the GPU and computes what it should: by torch, else by the driver's own"
        " API. Only with --gpu; without it, a service with `gpu = true` is skipped, which is not "
        "passed.",
        example="cuInit ended with 100",
        consequence="nothing of the service would work on the target",
        fix="see whether the container gets the GPU (NVIDIA_VISIBLE_DEVICES), and the driver's version",
    ),
    SmokeCheck(
        name="beside NAME",
        keys="",
        about="The services of an image also run side by side in one container, under the image's name:"
        " each gets ready and stays up while all others run, so their ports are their own.",
        example="side by side, TTSService exited with 1 after 0.61 s, before it was ready",
        consequence="two services of the suite cannot run on one host",
        fix="give each service ports of its own",
    ),
    SmokeCheck(
        name="image size",
        keys="max_size",
        about="The compressed layers are within the budget; known once the candidate is pushed, before "
        "it has evidence.",
        example="its compressed layers have 2.3 GiB; the catalog allows 2.0 GiB",
        consequence="a deployment takes longer than the team agreed on",
        fix="remove what is not needed in the same RUN that made it, or raise `max_size`",
    ),
    SmokeCheck(
        name="platform NAME",
        keys="platforms",
        about="Of an image for several platforms, one that was not tested, since it is not the engine's own; "
        "of an image for another one, that the engine could not run it.",
        example="not native: tested on linux/amd64",
        consequence="it is skipped, not passed: canary, not stable, unless `untested_allows` says so",
        fix="nothing; or test where that platform is native: its evidence is another",
    ),
    SmokeCheck(
        name="from beside",
        keys="images.init, fleet.probe_image",
        about="Says that, and why, the service was looked at from another container: the image has no "
        "sh, no HTTP client, or an init that must be PID 1 (`init = false`).",
        example="exited with 3 after 0.52 s, before it was ready (probed from beside: the image has no sh)",
        consequence="what can only be told inside is skipped, not passed",
        fix="nothing; or put sh and curl into the image",
    ),
)


def fix_of(name: str) -> str:
    """What to do about a failed check of this name in a report; empty for none."""
    return next((each.fix for each in SMOKE_CHECKS if each.is_of(name)), "")

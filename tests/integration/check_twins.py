"""One image for each check of a smoke test: what passes it, and a twin of which just that check fails."""

import json

from broken_fleet import BY_THEN, BY_THEN_BESIDE, FIRST_PORT, NO_SHELL, Kind, serving

TWINS = {
    "root": Kind(user="root", check="user", says="runs as root"),
    "any-path": Kind(command=serving("any path"), check="unknown path", says="HTTP 200, not 404"),
    "any-path-declared": Kind(command=serving("any path"), asked=", any_path = true"),
    "unreachable": Kind(
        command=serving("unreachable"),
        check="reach {port}",
        says="another container cannot reach it: refused",
    ),
    "unhealthy": Kind(
        more="HEALTHCHECK --interval=200ms --retries=2 CMD echo stale; exit 1",
        check="healthcheck",
        says="own HEALTHCHECK fails",
    ),
    "unhealthy-shell": Kind(
        more='SHELL ["/bin/bash", "-o", "pipefail", "-c"]\n'
        "HEALTHCHECK --interval=200ms --retries=2 CMD false | cat",
        check="healthcheck",
        says="own HEALTHCHECK fails: /bin/bash -o pipefail -c 'false | cat' ended with 1",
    ),
    "healthy-shell": Kind(more='SHELL ["/bin/bash", "-c"]\nHEALTHCHECK CMD [[ a == a ]]'),
    "deaf": Kind(command=serving("deaf"), keys='stop_time = "0.5s"', check="stop", says="was killed"),
    "stop-signal": Kind(command=serving("deaf"), more="STOPSIGNAL SIGINT", keys='stop_time = "60s"'),
    "flaky": Kind(command=serving("flaky"), keys='alive_for = "0.2s"', check="alive", says="no longer"),
    "slow": Kind(
        command=serving("slow"),
        keys='max_ready = "0.5s"',
        check="time to ready",
        says="the catalog allows 0.50 s",
    ),
    "greedy": Kind(
        command=serving("greedy"),
        keys='max_memory = "64 MiB"',
        check="memory",
        says="the catalog allows 64.0 MiB",
    ),
    "fat": Kind(image='max_size = "1 MiB"', check="image size", says="the catalog allows 1.0 MiB"),
    "answer": Kind(asked=', answer = { "model.loaded" = true }, status = 200'),
    "other-answer": Kind(
        asked=', answer = { "model.loaded" = false }',
        deadline=BY_THEN,
        check="health",
        says="is true, not false",
    ),
    "accepts": Kind(asked=', probe = "tcpSocket"', command=serving(status=500)),
    "accepts-nothing": Kind(
        asked=', probe = "tcpSocket"',
        command=serving(away=1000),
        deadline="3s",
        check="health",
        says="nothing listens on port",
    ),
    "says": Kind(asked=', log = "serving"', command=serving(status=500)),
    "says-other": Kind(
        asked=', log = "ready to serve"', deadline="2s", check="health", says="has not printed"
    ),
    "script-fails": Kind(
        asked=", script = \"echo 'no model'; exit 3\"",
        deadline="3s",
        check="health",
        says="ended with 3: no model",
    ),
    "import": Kind(
        image='imports = ["no_such_module"]', check="import no_such_module", says="no_such_module"
    ),
    "library": Kind(
        image='libraries = ["libno_such.so.7"]', check="library libno_such.so.7", says="libno_such.so.7"
    ),
    "program": Kind(
        image='programs = ["python3", "python3 -c \'exit(3)\'"]',
        check="program python3 -c 'exit(3)'",
        says="exit(3)",
    ),
    "linked": Kind(
        more="USER root\nRUN mkdir /app && cp /bin/python3 /app/p && sed -i s/libz.so.1/libq.so.1/ /app/p",
        image='linked = ["/app"]',
        check="linked /app",
        says="/app",
    ),
    # Looked at from beside.
    "shell-less": Kind(more=NO_SHELL),
    "shell-less-healthcheck": Kind(
        more=f"HEALTHCHECK CMD exit 1\n{NO_SHELL}", image='libraries = ["libc.so.6"]'
    ),
    "shell-less-500": Kind(  # NB: it does not end when it is told to, which keeps nobody waiting
        more=NO_SHELL,
        command=serving("deaf", status=500),
        deadline=BY_THEN_BESIDE,
        check="health",
        says="HTTP 500",
    ),
    "shell-less-exits": Kind(
        more=NO_SHELL,
        command=json.dumps(["python3", "-c", "import no_model"]),
        says="exited with 1",
        exit_code=1,
        log="No module named 'no_model'",
    ),
    "shell-less-dying": Kind(
        more=NO_SHELL,
        command=serving("dying", status=503),
        says="had accepted a connection",
        exit_code=3,
        log="Address already in use",
    ),
    "shell-less-rebinding": Kind(more=NO_SHELL, command=serving("rebinding")),
    "own-init": Kind(image="init = false", command=json.dumps(["/init"]), more="COPY init /init"),
    "own-init-deaf": Kind(
        image="init = false",
        command=serving("deaf"),
        keys='stop_time = "0.5s"',
        check="stop",
        says="stop: gone",
    ),
}


def port_of(name: str) -> int:
    """The declared port of an image's only service."""
    return FIRST_PORT + list(TWINS).index(name)

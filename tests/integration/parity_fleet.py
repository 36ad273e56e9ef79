"""A small fleet without apt and pip that says everything a Dockerfile can say, green and red."""

from pathlib import Path

from broken_fleet import INIT, SERVER

_FLEET = """\
[fleet]
name = "parity"
registry = "{registry}"
organisation = "{organisation}"
namespace = "suite"

[root]
name = "no-such-root"
tag = "1"
source = "{base}"

[families.ground]
dockerfile = "ground/Dockerfile"
context = "ground"
libraries = ["libc.so.6"]
programs = ["curl"]

[images.whole]
family = "ground"
dockerfile = "whole/Dockerfile"
context = "whole"
build_args = {{ WORD = "given", EMPTY = "" }}

[[images.whole.services]]
name = "whole-service"
ports = [7101]
health = {{ port = 8101, start_period = "5s", deadline = "60s" }}

[images.pair]
family = "ground"
dockerfile = "pair/Dockerfile"
context = "."

[[images.pair.services]]
name = "left"
command = ["python3", "/serve.py", "0.0.0.0", "0", "200"]
ports = [7102]
environment = {{ PORT = "7102" }}
health = {{ port = 8102, start_period = "5s", deadline = "60s" }}

[[images.pair.services]]
name = "right"
command = ["sh", "-c", "echo loading; echo 'model.bin is missing' >&2; exit 3"]
ports = [7103]
health = {{ port = 8103, start_period = "5s", deadline = "60s" }}

[images.beside]
family = "ground"
dockerfile = "beside/Dockerfile"
context = "beside"
init = false

[[images.beside.services]]
name = "beside-service"
ports = [7104]
health = {{ port = 8104, start_period = "5s", deadline = "60s" }}

[images.unbuildable]
family = "ground"
dockerfile = "unbuildable/Dockerfile"
context = "unbuildable"

[[images.unbuildable.services]]
name = "unbuildable-service"
ports = [7105]
health = {{ port = 8105, start_period = "5s", deadline = "60s" }}
"""

_HEAD = "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n"

_WHOLE = """\
ARG BASE_IMAGE
FROM ${BASE_IMAGE} AS tools
USER root
RUN mkdir /made && mkdir -m 2750 /made/empty && echo tool >/made/tool && chmod 755 /made/tool && \\
    ln -s tool /made/link

FROM ${BASE_IMAGE}
ARG WORD=default
ARG EMPTY=full
USER root
COPY --from=tools --chown=10001:20 /made/ /srv/made/
COPY --chown=10001:20 tree/ /srv/tree/
COPY serve.py /srv/
RUN echo "$WORD:$EMPTY" >/srv/words && chmod 4711 /srv/words && chown 10001:20 /srv/words && \\
    mkdir -p /srv/kept /srv/gone && touch /srv/gone/file && rm -r /srv/gone && rm /etc/issue
ENV PORT=7101 HEALTH_PORT=8101 WORDS="two words" PATH=/srv/made:$PATH
LABEL own="a label" org.opencontainers.image.licenses="Apache-2.0"
EXPOSE 7101 8101/tcp 9101/udp
VOLUME /srv/volume
WORKDIR /srv/work
STOPSIGNAL SIGINT
USER 10001:20
HEALTHCHECK --interval=200ms --timeout=2s --start-period=5s --retries=2 CMD curl -fsS http://127.0.0.1:$HEALTH_PORT/health
ENTRYPOINT ["python3", "/srv/serve.py"]
CMD ["0.0.0.0", "0", "200", "deaf"]
"""

_PAIR = f"""{_HEAD}\
SHELL ["/bin/bash", "-c"]
USER root
RUN echo ${{BASH_VERSION:+bash}} >/shell
COPY pair/serve.py /
EXPOSE 7102 7103 8102 8103
USER 10001
CMD exec sleep 600
"""

_SERVED = 'COPY serve.py init /\nENV PORT={0} HEALTH_PORT={1}\nEXPOSE {0} {1}\nUSER 10001\nCMD ["/init"]\n'


def write_parity_fleet(root: Path, *, registry: str, organisation: str, base: str) -> None:
    """Write it; the base has sh, bash, python3 and curl."""
    texts = {
        "fleet.toml": _FLEET.format(registry=registry, organisation=organisation, base=base),
        "ground/Dockerfile": f"{_HEAD}LABEL ground=test\nENV GROUND=1\nUSER 10001\n",
        "whole/Dockerfile": _WHOLE,
        "whole/.dockerignore": "# not these\n**/*.log\n!tree/kept.log\n",
        "whole/serve.py": SERVER,
        "whole/tree/data": "data\n",
        "whole/tree/deep/er/run": "#!/bin/sh\n",
        "whole/tree/kept.log": "kept\n",
        "whole/tree/dropped.log": "dropped\n",
        "pair/Dockerfile": _PAIR,
        "pair/serve.py": SERVER,
        "beside/Dockerfile": _HEAD + _SERVED.format(7104, 8104),
        "beside/serve.py": SERVER,
        "beside/init": INIT,
        "unbuildable/Dockerfile": _HEAD
        + "RUN echo compiling; echo 'no rule to make target' >&2; exit 7\n"
        + _SERVED.format(7105, 8105),
        "unbuildable/serve.py": SERVER,
        "unbuildable/init": INIT,
    }
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    for path in ("whole/tree/deep/er/run", "beside/init", "unbuildable/init"):
        (root / path).chmod(0o755)
    (root / "whole/tree/pointer").symlink_to("deep/er")
    (root / "whole/tree/nothing").mkdir()

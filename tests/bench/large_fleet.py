"""A fleet of a thousand images with three services each: sound, so that every rule looks at everything."""

from pathlib import Path

SERVICES = 3
_FIRST_PORT = 3000
_FIRST_HEALTH_PORT = 30000

_HEAD = """\
[fleet]
name = "large"
organisation = "example"

[targets.pc]
driver = "535.183.01"
cuda = "12.1"
reserved_ports = [22, 2222]

[families.base]
dockerfile = "families/base"
cuda = "12.1"

[families.torch]
dockerfile = "families/torch"
base = "base"
cuda = "12.1"

[families.llm]
dockerfile = "families/llm"
base = "torch"
cuda = "12.1"
"""

_FAMILIES = {
    "families/base": (
        "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\n"
        "RUN apt-get update && apt-get install -y --no-install-recommends curl python3 tini\n"
        "ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility\n"
        'ENTRYPOINT ["/usr/bin/tini", "--"]\nUSER 10001\n'
    ),
    "families/torch": (
        "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nUSER root\n"
        "RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 ffmpeg\nUSER 10001\n"
    ),
    "families/llm": (
        "ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nUSER root\n"
        "RUN apt-get update && apt-get install -y --no-install-recommends libnuma1\nUSER 10001\n"
    ),
}

# Every third image copies from a context that all of them share; the others have their own.
_OWN = """\
# {name}: one of many.
ARG BASE_IMAGE
FROM ${{BASE_IMAGE}} AS builder
WORKDIR /build
COPY src/ src/
RUN python3 -m compileall -q src \\
    && python3 -m zipapp src --output {name}.pyz
FROM ${{BASE_IMAGE}}
WORKDIR /app
ENV HEALTH_PORT=8080 \\
    PYTHONUNBUFFERED=1
COPY --from=builder /build/{name}.pyz /app/
COPY config/*.toml /app/config/
EXPOSE {ports}
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \\
    CMD curl -f http://localhost:${{HEALTH_PORT}}/health || exit 1
CMD ["python3", "/app/{name}.pyz"]
"""

_SHARED = """\
# {name}: one of many.
ARG BASE_IMAGE
FROM ${{BASE_IMAGE}}
WORKDIR /app
ENV HEALTH_PORT=8080 PYTHONPATH=/app
COPY shared/service.py shared/
COPY {name}/src/main.py {name}/src/worker.py {name}/
EXPOSE {ports}
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \\
    CMD curl -f http://localhost:${{HEALTH_PORT}}/health || exit 1
CMD ["python3", "{name}/main.py"]
"""


def write_large_fleet(root: Path, images: int = 1000) -> None:
    """Write the catalog, the Dockerfiles and some five small files for each image below ``root``."""
    tables = [_HEAD]
    files = {**_FAMILIES, "shared/service.py": "print('shared')\n"}
    for number in range(images):
        name = f"image_{number:04}"
        is_shared = number % 3 == 0
        tables.append(_tables(name, number, is_shared=is_shared))
        files |= _files(name, number, is_shared=is_shared)
    files["fleet.toml"] = "\n".join(tables)
    files[".dockerignore"] = "**/__pycache__\n**/*.md\n"
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(0o644)


def _tables(name: str, number: int, *, is_shared: bool) -> str:
    context = "" if is_shared else f'context = "{name}"\n'
    family = ("base", "torch", "llm")[number % 3]
    image = f'[images.{name}]\nfamily = "{family}"\ndockerfile = "{name}/Dockerfile"\n{context}'
    return "\n".join([image, *(_service(name, number, each) for each in range(SERVICES))])


def _service(name: str, number: int, each: int) -> str:
    at = number * SERVICES + each
    module = f"{name}/main.py" if number % 3 == 0 else f"/app/{name}.pyz"
    return (
        f'[[images.{name}.services]]\nname = "Service{at:05}"\ncommand = ["python3", "{module}", "{each}"]\n'
        f'ports = [{_FIRST_PORT + at}]\nhealth = {{ port = {_FIRST_HEALTH_PORT + at}, deadline = "30s" }}\n'
    )


def _files(name: str, number: int, *, is_shared: bool) -> dict[str, str]:
    ports = " ".join(str(_FIRST_PORT + number * SERVICES + each) for each in range(SERVICES))
    dockerfile = (_SHARED if is_shared else _OWN).format(name=name, ports=ports)
    files = {
        "Dockerfile": dockerfile,
        "src/main.py": f"print('{name}')\n",
        "src/worker.py": f"work = {number}\n",
        "config/default.toml": f"number = {number}\n",
        "README.md": f"{name}\n",
    }
    if not is_shared:
        files[".dockerignore"] = "**/*.pyc\n**/__pycache__\n*.md\n"
    return {f"{name}/{path}": text for path, text in files.items()}

"""A small image for the integration tests: the root image with python3, curl and tini."""

from pipeline.host.machine.certificates import tar_of
from pipeline.host.machine.docker_api import DockerApi
from pipeline.host.machine.local_registry import has_manifest
from pipeline.host.machine.packages import Say
from pipeline.host.machine.root_image import RootImage

REPOSITORY, TAG = "pipeline/base", "1"
BUILD_DEADLINE = 600.0
_DOCKERFILE = """\
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
RUN apt-get update -qq \\
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends curl python3 tini \\
    && rm -rf /var/lib/apt/lists/*
"""


def ensure_base(root: RootImage, *, docker_host: str, say: Say) -> str:
    """The reference of the tests' base image; built and pushed if the registry does not have it."""
    reference = f"{root.registry}/{REPOSITORY}:{TAG}"
    if has_manifest(root.registry, REPOSITORY, TAG):
        say(f"base image of the tests {reference}")
        return reference
    say(f"building {reference} for the tests")
    docker = DockerApi(host=docker_host)
    if not docker.has_image(str(root)):
        for _ in docker.messages("/images/create", query={"fromImage": root.name, "tag": root.tag}):
            pass
    # Docker's own builder: BuildKit would need a session, and there is nothing to gain here.
    query = {"t": reference, "rm": 1, "forcerm": 1, "buildargs": f'{{"BASE_IMAGE": "{root}"}}'}
    context = tar_of({"Dockerfile": _DOCKERFILE.encode()})
    for _ in docker.messages("/build", query=query, body=context, timeout=BUILD_DEADLINE):
        pass
    docker.push(reference)
    return reference

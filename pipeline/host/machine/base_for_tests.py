"""A small image for the integration tests: the root image with python3, curl and tini."""

import json

from pipeline.docker_host.client import Client
from pipeline.host.machine.certificates import tar_of
from pipeline.host.machine.local_registry import has_manifest
from pipeline.host.machine.packages import Say
from pipeline.host.machine.root_image import RootImage, all_of, push

REPOSITORY, TAG = "pipeline/base", "1"
_DOCKERFILE = """\
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
RUN apt-get update -qq \\
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends curl python3 tini \\
    && rm -rf /var/lib/apt/lists/*
"""


async def ensure_base(root: RootImage, *, docker_host: str, say: Say) -> str:
    """The reference of the tests' base image; built and pushed if the registry does not have it."""
    reference = f"{root.registry}/{REPOSITORY}:{TAG}"
    if has_manifest(root.registry, REPOSITORY, TAG):
        say(f"base image of the tests {reference}")
        return reference
    say(f"building {reference} for the tests")
    async with Client(docker_host) as docker:
        await all_of(docker.messages("images/create", params={"fromImage": root.name, "tag": root.tag}))
        # Docker's own builder: BuildKit would need a session, and there is nothing to gain here.
        query = {
            "t": reference,
            "rm": "1",
            "forcerm": "1",
            "buildargs": json.dumps({"BASE_IMAGE": str(root)}),
        }
        context, headers = tar_of({"Dockerfile": _DOCKERFILE.encode()}), {"Content-Type": "application/x-tar"}
        await all_of(docker.messages("build", params=query, data=context, headers=headers))
        await push(docker, reference, say=say)
    return reference

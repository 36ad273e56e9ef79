"""What looks as if it were ours and is not, beside every test that ends something by force or cleans up."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from docker_trees import docker_says

from pipeline.local.docker import images, owner


@contextmanager
def bystanders(host: str, image: str) -> Iterator[str]:
    """Their name; a container, an image, a network and a volume are the same ones at the block's end."""
    name, ours = f"pipeline-{uuid.uuid4().hex[:16]}-1", f"{owner.RUN}=someone-elses"
    tag = f"{images.CACHE}-not:{name}"
    made = {
        "network": docker_says(host, "network", "create", "--label", ours, name),
        "volume": docker_says(host, "volume", "create", "--label", ours, name),
        "container": docker_says(host, "create", "--label", ours, "--name", name, image, "true"),
        "image": docker_says(host, "commit", name, tag),
    }
    names = dict.fromkeys(made, name) | {"image": tag}
    yield name
    for kind, one in names.items():
        told = "{{.Name}}" if kind == "volume" else "{{.Id}}"
        assert docker_says(host, kind, "inspect", "--format", told, one) == made[kind]
    docker_says(host, "rm", name)
    docker_says(host, "network", "rm", name)
    docker_says(host, "volume", "rm", name)
    docker_says(host, "rmi", tag)

"""User and group names, as the container's own /etc/passwd and /etc/group have them."""

from pipeline.local.engine.container import Container
from pipeline.local.engine.container_files import file_at
from pipeline.local.engine.engine import Engine
from pipeline.local.engine.failures import QueryError


async def owner_ids(engine: Engine, container: Container, owner: str) -> str:
    """``USER[:GROUP]``, by name or number, as ``UID:GID``; "" stays "". A user's own group counts if none
    is given."""
    if not owner or owner.replace(":", "", 1).isdigit():
        return owner
    user, _, group = owner.partition(":")
    uid, own = (user, user) if user.isdigit() else await _found(engine, container, "/etc/passwd", user)
    if not group:
        return f"{uid}:{own}"
    gid = group if group.isdigit() else (await _found(engine, container, "/etc/group", group))[0]
    return f"{uid}:{gid}"


async def _found(engine: Engine, container: Container, path: str, name: str) -> tuple[str, str]:
    """The number of a name, and the one after it (of a user: the group)."""
    entry = (await file_at(engine, container, path)).entry
    for line in engine.blobs.read(entry.content).decode("utf-8", "replace").splitlines():
        fields = line.split(":")
        if fields[0] == name and len(fields) > 3:
            return fields[2], fields[3]
    raise QueryError(f"owner: {path} of the container has no {name!r}")

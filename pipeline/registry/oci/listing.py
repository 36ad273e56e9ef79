"""Listing tags, page after page."""

import json
from urllib.parse import urljoin

from pipeline.errors import RegistryError
from pipeline.registry.oci.calls import Call, Place
from pipeline.registry.oci.headers import parse_next_link
from pipeline.registry.oci.transport import Transport

_PAGE = 1000
_MOST_PAGES = 1000


async def list_tags(transport: Transport, place: Place) -> tuple[str, ...] | None:
    """All tags of a repository in the registry's order, each once; None if the repository is absent.

    Protocol: distribution spec 1.1, "Listing Tags". Raises RegistryError for an answer of another form, and
    for a registry whose pages do not end.
    """
    found: dict[str, None] = {}
    url = f"/v2/{place.path}/tags/list?n={_PAGE}"
    for _ in range(_MOST_PAGES):
        call = Call(
            method="GET",
            url=url,
            repository=place.path,
            action="list the tags",
            where=place.name,
            accepted=(200, 404),
        )
        answer = await transport.send(call)
        if answer.status == 404:
            return None
        found |= dict.fromkeys(_page(answer.body, place))
        following = parse_next_link(answer.headers.get("link", ""))
        if following is None:
            return tuple(found)
        url = urljoin(url, following)
    raise RegistryError(f"the list of tags has more than {_MOST_PAGES} pages", where=place.name)


def _page(body: bytes, place: Place) -> list[str]:
    try:
        return [str(tag) for tag in json.loads(body).get("tags") or ()]
    except (ValueError, AttributeError, TypeError):
        raise RegistryError("the registry's answer is no list of tags", where=place.name) from None

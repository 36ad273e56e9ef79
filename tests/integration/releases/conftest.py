"""One real registry for all tests of releases: each test has an organisation of its own there."""

from collections.abc import AsyncIterator, Iterator

import pytest
from proxy import Proxy, before
from real_registry import RealRegistry, running
from released_sets import client
from tiny_images import hex_of

from pipeline.registry.oci.client import Registry


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    """It deletes what it is asked to delete."""
    with running(tmp_path_factory.mktemp("registry"), basic=False, deletes=True) as registry:
        yield registry


@pytest.fixture
async def registry(real: RealRegistry) -> AsyncIterator[Registry]:
    """A client without patience. NB: elsewhere the name stands for the address of this machine's registry."""
    async with client(real) as registry:
        yield registry


@pytest.fixture
async def proxy(real: RealRegistry) -> AsyncIterator[Proxy]:
    """What stands between the registry and a client; fair until told otherwise."""
    async with before(real.host) as proxy:
        yield proxy


@pytest.fixture
def org(request: pytest.FixtureRequest) -> str:
    """An organisation of the test's own."""
    return f"org{hex_of(request.node.nodeid)[:12]}"

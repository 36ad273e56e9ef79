"""A BuildKit session: gRPC services that the daemon calls back over the connection of POST /session.

The daemon is the gRPC client, this side the server:
https://github.com/moby/buildkit/tree/master/session
"""

import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from grpclib.config import Configuration
from grpclib.const import Cardinality, Handler
from grpclib.encoding.proto import ProtoCodec
from grpclib.events import _DispatchServerEvents
from grpclib.protocol import H2Protocol
from grpclib.server import Handler as Calls
from grpclib.server import Stream
from h2.config import H2Configuration

from pipeline.docker_host.client import Client
from pipeline.local.docker.messages import buildkit

Answer = Callable[[Stream], Awaitable[None]]
HEALTH = "/grpc.health.v1.Health/Check"
# What may be served: "/package.Service/Method", what comes in and what goes out.
METHODS = {
    "/moby.filesync.v1.FileSync/DiffCopy": (buildkit.Packet, buildkit.Packet),
    "/moby.filesync.v1.Auth/Credentials": (buildkit.CredentialsRequest, buildkit.CredentialsResponse),
    "/moby.buildkit.secrets.v1.Secrets/GetSecret": (buildkit.GetSecretRequest, buildkit.GetSecretResponse),
    HEALTH: (buildkit.HealthCheckRequest, buildkit.HealthCheckResponse),
}
SERVING = 1  # HealthCheckResponse.ServingStatus
# NB: grpclib logs each call that a daemon resets or that fails; the build's own answer tells of it
logging.getLogger("grpclib").addHandler(logging.NullHandler())


@asynccontextmanager
async def serve(client: Client, answers: Mapping[str, Answer], *, shared_key: str) -> AsyncIterator[str]:
    """Serve ``answers`` (by method) while the block runs; gives the session's id.

    ``shared_key`` names what the daemon may keep of the files sent: it must differ when any content does.
    """
    session = uuid.uuid4().hex
    headers = [
        ("X-Docker-Expose-Session-Uuid", session),
        ("X-Docker-Expose-Session-Name", "pipeline"),
        ("X-Docker-Expose-Session-Sharedkey", shared_key),
        *(("X-Docker-Expose-Session-Grpc-Method", method) for method in answers),
    ]
    handlers = {
        method: Handler(answer, Cardinality.STREAM_STREAM, *METHODS[method])
        for method, answer in {**answers, HEALTH: _healthy}.items()
    }
    calls = Calls(handlers, ProtoCodec(), None, _DispatchServerEvents())
    # NB: names of files stand in headers too
    http = H2Configuration(client_side=False, header_encoding="utf-8", validate_outbound_headers=False)
    protocol = H2Protocol(calls, Configuration().__for_server__(), http)
    async with client.hijack("session", upgrade="h2c", headers=headers) as connection:
        protocol.connection_made(connection.transport)
        connection.deliver(protocol.data_received)
        try:
            yield session
        finally:
            protocol.connection_lost(None)
            await calls.wait_closed()


async def _healthy(call: Stream) -> None:
    await call.recv_message()
    await call.send_message(buildkit.HealthCheckResponse(status=SERVING))

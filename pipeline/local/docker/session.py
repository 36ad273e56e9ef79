"""A BuildKit session: gRPC services that the daemon calls back over a hijacked HTTP/2 connection.

The daemon is the gRPC client, this side the server, over the connection that POST /session hands over.
https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md,
https://github.com/moby/buildkit/tree/master/session
"""

import asyncio
import struct
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from urllib.parse import quote

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from pipeline.local.docker.client import Client, Connection

NOT_FOUND, UNIMPLEMENTED, UNKNOWN = 5, 12, 2  # gRPC status codes


class Refusal(Exception):  # noqa: N818 - it is an answer, not a failure
    """A gRPC status other than OK."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Call:
    """One call of the daemon: its metadata, the messages it sends, the messages it gets."""

    def __init__(self, server: "_Server", stream: int, metadata: Mapping[str, list[str]]) -> None:
        self.metadata = metadata
        self.window = asyncio.Event()
        self._server = server
        self._stream = stream
        self._buffer = bytearray()
        self._messages: asyncio.Queue[bytes | None] = asyncio.Queue()

    def feed(self, data: bytes) -> None:
        """Take bytes off the wire: messages of a zero byte, a length and a body."""
        self._buffer += data
        while len(self._buffer) >= 5:
            size = struct.unpack_from(">I", self._buffer, 1)[0]
            if len(self._buffer) < 5 + size:
                return
            self._messages.put_nowait(bytes(self._buffer[5 : 5 + size]))
            del self._buffer[: 5 + size]

    def feed_end(self) -> None:
        self._messages.put_nowait(None)

    async def receive(self) -> bytes | None:
        """The next message, None at the end."""
        return await self._messages.get()

    async def send(self, message: bytes) -> None:
        """Send one message, waiting for the daemon's flow control."""
        await self._server.send(self, self._stream, struct.pack(">BI", 0, len(message)) + message)


Handler = Callable[[Call], Awaitable[None]]


@asynccontextmanager
async def serve(client: Client, handlers: Mapping[str, Handler], *, shared_key: str) -> AsyncIterator[str]:
    """Serve ``handlers`` ("/package.Service/Method" -> handler) while the block runs; gives the session's id.

    ``shared_key`` names what the daemon may keep of the files sent: it must differ when any content does.
    """
    session = uuid.uuid4().hex
    headers = [
        ("X-Docker-Expose-Session-Uuid", session),
        ("X-Docker-Expose-Session-Name", "pipeline"),
        ("X-Docker-Expose-Session-Sharedkey", shared_key),
        *(("X-Docker-Expose-Session-Grpc-Method", method) for method in handlers),
    ]
    async with client.hijack("session", upgrade="h2c", headers=headers) as connection:
        server = _Server(connection, {**handlers, "/grpc.health.v1.Health/Check": _healthy})
        loop = asyncio.create_task(server.run())
        try:
            yield session
        finally:
            await server.close(loop)


async def _unknown(_call: Call) -> None:
    raise Refusal(UNIMPLEMENTED, "not served")


async def _healthy(call: Call) -> None:
    await call.receive()
    await call.send(b"\x08\x01")  # HealthCheckResponse{status: SERVING}


class _Server:
    def __init__(self, connection: Connection, handlers: Mapping[str, Handler]) -> None:
        self._connection = connection
        self._handlers = handlers
        config = h2.config.H2Configuration(
            client_side=False, header_encoding="utf-8", validate_outbound_headers=False
        )
        self._h2 = h2.connection.H2Connection(config)
        self._calls: dict[int, Call] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        self._h2.initiate_connection()
        self._flush()
        while data := await self._connection.reader.read(1 << 18):
            for event in self._h2.receive_data(data):
                self._handle(event)
            self._flush()

    async def close(self, loop: asyncio.Task[None]) -> None:
        for task in (loop, *self._tasks):
            task.cancel()
        await asyncio.gather(loop, *self._tasks, return_exceptions=True)

    async def send(self, call: Call, stream: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            size = min(
                self._h2.local_flow_control_window(stream), self._h2.max_outbound_frame_size, len(view)
            )
            if size > 0:
                self._h2.send_data(stream, bytes(view[:size]))
                self._flush()
                view = view[size:]
            else:
                call.window.clear()
                await call.window.wait()

    def _flush(self) -> None:
        if data := self._h2.data_to_send():
            self._connection.write(data)

    def _handle(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.RequestReceived():
                self._start(event.stream_id or 0, event.headers or [])
            case h2.events.DataReceived():
                self._h2.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id or 0)
                if call := self._calls.get(event.stream_id or 0):
                    call.feed(event.data or b"")
            case h2.events.StreamEnded():
                if call := self._calls.get(event.stream_id or 0):
                    call.feed_end()
            case h2.events.StreamReset():
                if call := self._calls.pop(event.stream_id or 0, None):
                    call.feed_end()
                    call.window.set()
            case h2.events.WindowUpdated() | h2.events.RemoteSettingsChanged():
                for call in self._calls.values():
                    call.window.set()

    def _start(self, stream: int, headers: list) -> None:
        metadata: dict[str, list[str]] = {}
        for name, value in headers:
            metadata.setdefault(name, []).append(value)
        call = self._calls[stream] = Call(self, stream, metadata)
        task = asyncio.create_task(self._answer(stream, call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, stream: int, call: Call) -> None:
        handler = self._handlers.get(call.metadata[":path"][0], _unknown)
        code, message = 0, ""
        # NB: h2 raises for a stream that the daemon has reset meanwhile: then nobody waits for the answer
        with suppress(h2.exceptions.ProtocolError):
            self._h2.send_headers(stream, [(":status", "200"), ("content-type", "application/grpc")])
            try:
                await handler(call)
            except Refusal as refusal:
                code, message = refusal.code, str(refusal)
            except (OSError, ValueError) as error:
                code, message = UNKNOWN, str(error)
            trailers = [("grpc-status", str(code)), *([("grpc-message", quote(message))] if message else [])]
            self._h2.send_headers(stream, trailers, end_stream=True)
            self._flush()
        self._calls.pop(stream, None)

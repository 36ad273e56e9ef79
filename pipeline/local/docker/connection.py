"""A connection that HTTP has handed over: bytes in both directions."""

import asyncio

import aiohttp

from pipeline.local.docker.model import DockerError


class Connection:
    """A hijacked connection: bytes in both directions after HTTP's 101 (or attach's 200)."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        connection = response.connection
        if connection is None or connection.protocol is None or connection.transport is None:
            raise DockerError("Docker Engine closed the connection instead of handing it over")
        self.reader = asyncio.StreamReader()
        self._response = response
        self._connection = connection
        self._transport = connection.transport
        # NB: the way aiodocker's own Stream takes a connection over; works for unix, TCP, TLS and SSH alike
        connection.protocol.set_parser(self, aiohttp.streams.EMPTY_PAYLOAD)
        connection.protocol.force_close()

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self.reader.feed_data(data)
        return False, b""

    def feed_eof(self) -> None:
        self.reader.feed_eof()

    def set_exception(self, exc: BaseException, _cause: BaseException | None = None) -> None:
        self.reader.feed_eof()

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def write_eof(self) -> None:
        if not self._transport.is_closing() and self._transport.can_write_eof():
            self._transport.write_eof()

    def close(self) -> None:
        self._response.close()

"""AffectiveProcessingCenter: `POST /blend` on 5591, `POST /name` on 5706, `GET /health` on HEALTH_PORT."""

import asyncio
import json
import os
import signal

import affect

MAX_HEAD, MAX_BODY = 8_192, 65_536
# Not HTTP, too long, too slow or hung up. NB: Python 3.10 has a TimeoutError of asyncio's own.
GONE = (OSError, ValueError, EOFError, asyncio.LimitOverrunError, asyncio.TimeoutError)
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 503: "Service Unavailable"}


class Center:
    """Three ports, one chart."""

    def __init__(self, health_port):
        self.chart = None
        self.ports = {health_port: ("GET", "/health"), 5591: ("POST", "/blend"), 5706: ("POST", "/name")}

    def answer(self, port, method, path, body):
        """The status and body of one request."""
        if self.ports[port] != (method, path):
            return 404, {"error": "not found"}
        if self.chart is None:
            return 503, {"status": "starting"}
        if path == "/health":
            return 200, {"status": "ok"}
        try:
            return 200, self.feel(path, json.loads(body))
        except (ValueError, KeyError, TypeError) as error:
            return 400, {"error": f"bad request: {error}"}

    def feel(self, path, request):
        if path == "/blend":
            return {"feeling": affect.blend(request["feelings"])}
        return {"name": affect.name(self.chart, request["valence"], request["arousal"])}

    async def connected(self, reader, writer):
        """Answer one request and close."""
        try:
            method, path, body = await asyncio.wait_for(read_request(reader), timeout=10)
            port = writer.get_extra_info("sockname")[1]
            write_response(writer, *self.answer(port, method, path, body))
            await writer.drain()
        except GONE:
            pass  # nobody to answer
        finally:
            writer.close()


async def read_request(reader):
    """Method, path and body of an HTTP/1 request."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ", 2)
    headers = dict(line.lower().split(":", 1) for line in head[1:] if ":" in line)
    size = int(headers.get("content-length", "0"))
    if not 0 <= size <= MAX_BODY:
        raise ValueError("too long")
    return method, path, await reader.readexactly(size)


def write_response(writer, status, body):
    """One JSON response."""
    data = json.dumps(body).encode()
    head = (
        f"HTTP/1.1 {status} {REASONS[status]}",
        "Content-Type: application/json",
        f"Content-Length: {len(data)}",
        "Connection: close",
    )
    writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + data)


async def main():
    """Serve until SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    center = Center(int(os.environ.get("HEALTH_PORT", "8008")))
    servers = [
        await asyncio.start_server(center.connected, "0.0.0.0", port, limit=MAX_HEAD) for port in center.ports
    ]
    getting_ready = asyncio.create_task(get_ready(center))
    await asyncio.wait({getting_ready, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    if getting_ready.done():
        getting_ready.result()  # a failure to get ready ends the service
        await stop.wait()
    for server in servers:
        server.close()


async def get_ready(center):
    """Draw the chart beside the loop, then say so."""
    center.chart = await asyncio.to_thread(affect.compass)
    print("AffectiveProcessingCenter: ready", flush=True)


if __name__ == "__main__":
    asyncio.run(main())

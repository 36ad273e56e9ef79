"""RealTimeAudioPipeline.

6552 takes frames as lines of JSON and sends them back levelled, 6553 sends a line for every ten frames to
whoever is connected. 5802 tells by HTTP what was heard (`GET /status`), and at which volume a recording of
any format is to be played (`POST /volume`). HEALTH_PORT answers `/health`.
"""

import json
import os
import signal
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from audio.leveller import TARGET, Leveller
from audio.recording import RATE, Pulse, decode, loudness

FRAMES, EVENTS, STATUS = 6552, 6553, 5802
LONGEST_LINE = 1 << 20
LONGEST_RECORDING = 8 << 20


class Shared:
    """What the connections share."""

    def __init__(self):
        self.leveller = None
        self.pulse = Pulse()
        self.heard = threading.Condition()
        self.stopping = threading.Event()

    def level(self, frame):
        with self.heard:
            levelled = self.leveller.level(frame)
            self.heard.notify_all()
            return levelled

    def wait_for_frames(self, seen):
        """The number of frames once it has passed `seen` by ten, or None at the end."""
        with self.heard:
            self.heard.wait_for(lambda: self.stopping.is_set() or self.count() >= seen + 10)
            return None if self.stopping.is_set() else self.count()

    def volume(self, recording):
        """How long and how loud a recording is, and the volume that brings it to the target."""
        samples = decode(recording)
        loud = loudness(samples)
        if loud == 0:
            raise ValueError("the recording is silent")
        volume, decibels = self.pulse.volume(TARGET / loud)
        return {
            "seconds": round(len(samples) / RATE, 3),
            "loudness": round(loud, 4),
            "volume": volume,
            "decibels": round(decibels, 2),
        }

    def count(self):
        return self.leveller.frames if self.leveller else 0


class Frames(socketserver.StreamRequestHandler):
    """Lines in, lines out."""

    def handle(self):
        shared = self.server.shared
        while line := self.rfile.readline(LONGEST_LINE):
            try:
                answer = shared.level(json.loads(line)) if shared.leveller else {"status": "starting"}
            except (ValueError, TypeError) as error:
                answer = {"error": str(error)}
            self.wfile.write(json.dumps(answer).encode() + b"\n")


class Events(socketserver.StreamRequestHandler):
    """A line for every ten frames."""

    def handle(self):
        seen = self.server.shared.count()
        while (seen := self.server.shared.wait_for_frames(seen)) is not None:
            self.wfile.write(json.dumps({"frames": seen}).encode() + b"\n")


class Http(BaseHTTPRequestHandler):
    """`/health`, or `/status` and `/volume`, whichever belongs to the port."""

    timeout = 10.0

    def do_GET(self):
        shared = self.server.shared
        if self.path != self.server.path:
            self.reply(404, {"error": "not found"})
        elif shared.leveller is None:
            self.reply(503, {"status": "starting"})
        else:
            self.reply(200, {"status": "ok"} if self.path == "/health" else {"frames": shared.count()})

    def do_POST(self):
        size = self.headers.get("Content-Length", "")
        if (self.server.path, self.path) != ("/status", "/volume"):
            self.reply(404, {"error": "not found"})
        elif not size.isdigit() or int(size) > LONGEST_RECORDING:
            self.reply(413, {"error": f"a recording has a length of at most {LONGEST_RECORDING} bytes"})
        else:
            self.reply(*self.volume(self.rfile.read(int(size))))

    def volume(self, recording):
        try:
            return 200, self.server.shared.volume(recording)
        except ValueError as error:
            return 400, {"error": str(error)}

    def reply(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Health is asked for every second; nothing to say."""


class Tcp(socketserver.ThreadingTCPServer):
    """One line-based port."""

    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False


def bind(kind, port, handler, shared, path=""):
    """Bind one port and serve it."""
    server = kind(("0.0.0.0", port), handler)
    server.daemon_threads = True
    server.shared, server.path = shared, path
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server


def main():
    """Serve until SIGTERM."""
    shared = Shared()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: shared.stopping.set())
    servers = [
        bind(ThreadingHTTPServer, int(os.environ.get("HEALTH_PORT", "8080")), Http, shared, "/health"),
        bind(ThreadingHTTPServer, STATUS, Http, shared, "/status"),
        bind(Tcp, FRAMES, Frames, shared),
        bind(Tcp, EVENTS, Events, shared),
    ]
    threading.Thread(target=get_ready, args=(shared,), daemon=True).start()
    shared.stopping.wait()
    with shared.heard:
        shared.heard.notify_all()
    for server in servers:
        server.shutdown()
        server.server_close()
    return 0


def get_ready(shared):
    """Fill the leveller's table, then say so."""
    shared.leveller = Leveller()
    print("RealTimeAudioPipeline: ready", flush=True)


if __name__ == "__main__":
    sys.exit(main())

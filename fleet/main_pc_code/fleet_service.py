"""What every service of the suites shares: ports, readiness, health and a clean end.

The ports are bound at once; `/health` answers 503 until the service's own preparation is done.
"""

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MAX_BODY = 1 << 20
CLIENT_TIMEOUT = 60.0  # seconds: also for the whole of an answer, which a busy machine takes in pieces


class State:
    """What the threads of one service share."""

    def __init__(self, answer):
        self.answer = answer
        self.model = None
        self.ready = threading.Event()
        self.stop = threading.Event()
        self.exit_code = 0


class Handler(BaseHTTPRequestHandler):
    """`GET /health` where health is served, `POST /` with a JSON object where the service is."""

    timeout = CLIENT_TIMEOUT

    def do_GET(self):
        if not (self.server.health and self.path == "/health"):
            self.reply(404, {"error": "not found"})
        elif self.server.state.ready.is_set():
            self.reply(200, {"status": "ok"})
        else:
            self.reply(503, {"status": "starting"})

    def do_HEAD(self):
        self.do_GET()

    def do_POST(self):
        state = self.server.state
        if not (self.server.api and self.path == "/"):
            self.reply(404, {"error": "not found"})
        elif not state.ready.is_set():
            self.reply(503, {"status": "starting"})
        else:
            self.reply(*self.ask(state))

    def ask(self, state):
        try:
            size = int(self.headers.get("Content-Length", ""))
            if not 0 <= size <= MAX_BODY:
                return 413, {"error": f"a request has at most {MAX_BODY} bytes"}
            return 200, state.answer(state.model, json.loads(self.rfile.read(size)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return 400, {"error": f"bad request: {error}"}

    def reply(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format, *args):
        """Health is asked for every second; only failures are worth a line."""


class Server(ThreadingHTTPServer):
    """One bound port."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port, *, state, health, api):
        self.state, self.health, self.api = state, health, api
        super().__init__(("0.0.0.0", port), Handler)


def serve(name, *, prepare, answer, ports=()):
    """Run one service until SIGTERM and return its exit code.

    `prepare()` returns the model; `answer(model, request)` turns a JSON object into another one. Requests go
    to each of `ports`, or to the health port where a service has none of its own.
    """
    state = State(answer)
    # NB: as PID 1 a process without handlers would ignore SIGTERM.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: state.stop.set())
    health_port = int(os.environ.get("HEALTH_PORT", "8080"))
    servers = [Server(health_port, state=state, health=True, api=not ports)]
    servers += [Server(port, state=state, health=False, api=True) for port in ports]
    for server in servers:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    threading.Thread(target=get_ready, args=(name, state, prepare), daemon=True).start()
    state.stop.wait()
    for server in servers:
        server.shutdown()
        server.server_close()
    print(f"{name}: stopped", flush=True)
    return state.exit_code


def get_ready(name, state, prepare):
    """Prepare the model; a failure ends the service, since it would never get ready."""
    try:
        state.model = prepare()
    except BaseException:
        state.exit_code = 1
        state.stop.set()
        raise
    state.ready.set()
    print(f"{name}: ready", file=sys.stdout, flush=True)

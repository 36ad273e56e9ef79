"""ModelOpsCoordinator: `POST /load` on 7211, `GET /report` on 7212, `GET /health` on HEALTH_PORT."""

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from model_ops.ledger import Ledger

COMMANDS, REPORTS = 7211, 7212
MAX_BODY = 65_536


class Coordinator:
    """The routes, by method, port and path; each gives a status and a body."""

    def __init__(self, health_port):
        self.ledger = None
        self.routes = {
            ("GET", health_port, "/health"): self.health,
            ("POST", COMMANDS, "/load"): self.load,
            ("GET", REPORTS, "/report"): self.report,
        }

    def health(self, _):
        return (200, {"status": "ok"}) if self.ledger else (503, {"status": "starting"})

    def load(self, body):
        if self.ledger is None:
            return 503, {"status": "starting"}
        try:
            return 200, self.ledger.load(json.loads(body)["model"])
        except (ValueError, KeyError, TypeError) as error:
            return 400, {"error": str(error)}

    def report(self, _):
        return (200, self.ledger.report()) if self.ledger else (503, {"status": "starting"})


class Handler(BaseHTTPRequestHandler):
    """Looks the route up."""

    timeout = 10.0

    def do_GET(self):
        self.route(b"")

    def do_POST(self):
        size = self.headers.get("Content-Length", "")
        if size.isdigit() and int(size) <= MAX_BODY:
            self.route(self.rfile.read(int(size)))
        else:
            self.reply(413, {"error": f"a request has a length of at most {MAX_BODY} bytes"})

    def route(self, body):
        found = self.server.coordinator.routes.get((self.command, self.server.server_port, self.path))
        self.reply(*(found(body) if found else (404, {"error": "not found"})))

    def reply(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Health is asked for every second; nothing to say."""


def bind(port, coordinator):
    """Bind one port and serve it."""
    server = ThreadingHTTPServer(("0.0.0.0", port), Handler)
    server.coordinator = coordinator
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server


def main():
    """Serve until SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    health_port = int(os.environ.get("HEALTH_PORT", "8008"))
    coordinator = Coordinator(health_port)
    servers = [bind(port, coordinator) for port in (health_port, COMMANDS, REPORTS)]
    threading.Thread(target=get_ready, args=(coordinator,), daemon=True).start()
    stop.wait()
    for server in servers:
        server.shutdown()
        server.server_close()
    sys.exit(0)


def get_ready(coordinator):
    """Work out what fits together, then say so."""
    coordinator.ledger = Ledger()
    print("ModelOpsCoordinator: ready", flush=True)


if __name__ == "__main__":
    main()

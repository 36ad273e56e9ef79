"""The witness: tells whoever asks, from another container, which of its ports can be reached.

``GET /5800`` connects to port 5800 of the address that asks, and answers with one line: ``reached …``,
``refused …`` or ``silent …``. Arguments: the port to serve on.
"""

import socket
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Witness(BaseHTTPRequestHandler):
    """One question, one attempt."""

    def do_GET(self):
        """Try, and tell."""
        address, began = self.client_address[0], time.monotonic()
        try:
            socket.create_connection((address, int(self.path.strip("/"))), timeout=1).close()
            line = f"reached in {(time.monotonic() - began) * 1000:.1f} ms"
        except ConnectionRefusedError:
            line = "refused"
        except (OSError, ValueError) as error:
            line = f"silent: {error}"
        body = f"{line}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        """Nobody reads it."""


ThreadingHTTPServer(("", int(sys.argv[1])), Witness).serve_forever()

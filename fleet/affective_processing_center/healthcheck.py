"""Ends with 0 if the service says that it is ready."""

import json
import os
import sys
import urllib.error
import urllib.request


def main():
    """Ask once, without a proxy and with a limit."""
    url = f"http://127.0.0.1:{os.environ.get('HEALTH_PORT', '8008')}/health"
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=3) as response:
            return 0 if json.load(response) == {"status": "ok"} else 1
    except (OSError, ValueError) as error:
        print(f"{url}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

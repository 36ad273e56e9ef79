#!/bin/sh
# Healthy: the service says so, within three seconds.
set -eu
exec curl --silent --show-error --fail --max-time 3 --noproxy '*' --output /dev/null \
    "http://127.0.0.1:${HEALTH_PORT:-8080}/health"

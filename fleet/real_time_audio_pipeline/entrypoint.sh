#!/bin/sh
# Says early what would else be found out by the first frame.
set -eu
for program in ffmpeg python3; do
    command -v "$program" >/dev/null || { echo "entrypoint: $program is missing from this image" >&2; exit 78; }
done
exec "$@"

#!/bin/sh
# A rival: docker buildx bake, everything at once; it runs nothing, so nothing is smoke-tested.
# Usage: bake.sh DOCKER FLEET [--push]
# FLEET has the file that `pipeline call plan --format bake` gives, and one that adds an inline cache, with which
# an empty Docker finds in the registry what was built before.
set -eu
docker=$1 fleet=$2
shift 2
cd "$fleet"
exec "$docker" buildx bake -f docker-bake.json -f bake-cache.json --progress quiet "$@"

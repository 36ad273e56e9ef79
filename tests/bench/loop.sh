#!/bin/sh
# A rival: a plain shell loop of build (BuildKit), run with health polled every 0.1 s, and push.
# Usage: loop.sh DOCKER FLEET REPOSITORY BASE_IMAGE TAG IMAGE...
# DOCKER is a docker client that can build; DOCKER_HOST says where.
set -eu
docker=$1 fleet=$2 repository=$3 base=$4 tag=$5
shift 5
export DOCKER_BUILDKIT=1

port=8080 # the first image has the next one
wait_healthy() {
    address=$("$docker" inspect -f '{{.NetworkSettings.IPAddress}}' "$1")
    tries=0
    until curl -sf "http://$address:$port/health" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || { echo "$1 never became healthy" >&2; return 1; }
        sleep 0.1
    done
}

for image; do
    port=$((port + 1))
    reference=$repository/$image:$tag
    "$docker" build -q --build-arg "BASE_IMAGE=$base" -t "$reference" "$fleet/$image" >/dev/null
    container=$("$docker" run -d --init "$reference")
    wait_healthy "$container"
    "$docker" rm -f "$container" >/dev/null
    "$docker" push -q "$reference" >/dev/null
done

#!/usr/bin/env bash
# Usage: lock.sh [--upgrade]
# Write the three lock files: hashed, for every platform and Python >= 3.11, without addresses of an index.
#   requirements.lock        run-time packages; a Dagger engine reads this name, and brings dagger-io itself
#   requirements-local.lock  those, dagger-io and the local engine; and what installs this project
#   requirements-dev.lock    all extras
set -euo pipefail

# The build backend is installed by hash too: without isolation, pip fetches nothing that is not in the lock.
readonly backend='uv_build>=0.8.4,<0.9.0'

compile() {
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-header --no-annotate --no-sources "$@" >/dev/null
}

compile pyproject.toml --no-emit-package dagger-io -o requirements.lock "$@"
echo "$backend" | compile pyproject.toml - --extra local -c requirements.lock -o requirements-local.lock "$@"
echo "$backend" | compile pyproject.toml - --all-extras -c requirements-local.lock -o requirements-dev.lock "$@"

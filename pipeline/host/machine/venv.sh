#!/usr/bin/env bash
# Usage: venv.sh LOCK STAMP
# Make .venv hold exactly what LOCK names, by hash, and this project; then touch STAMP. Needs a Python >= 3.11 only.
set -euo pipefail

readonly lock=$1 stamp=$2

say() { printf 'venv: %s\n' "$*" >&2; }

find_python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11; do
        # A name on PATH may be a version manager's shim without that version: ask it.
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    say "no Python 3.11 or newer is on PATH. Next: install one (Debian 12, Ubuntu 24.04: apt-get install python3)"
    exit 1
}

has_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

install_venv_module() {
    local package
    package="python$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    if [[ $(id -u) -ne 0 ]] || ! command -v apt-get >/dev/null; then
        say "$1 has no venv module. Next: install it (Debian, Ubuntu: apt-get install $package)"
        exit 1
    fi
    say "installing $package (apt-get)"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null
}

main() {
    if [[ ! -x .venv/bin/python ]] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        local python
        python=$(find_python)
        has_venv "$python" || install_venv_module "$python"
        say "creating .venv with $python"
        "$python" -m venv --clear .venv
    fi
    say "installing $lock"
    export PIP_DISABLE_PIP_VERSION_CHECK=1
    # NB: the lock is complete. Resolving it again, pip before 23.3 takes the newest `coverage[toml]`, which has no hash.
    .venv/bin/python -m pip install --quiet --no-deps --require-hashes --requirement "$lock"
    # The build backend looks for its own program on PATH.
    PATH=$PWD/.venv/bin:$PATH .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
    touch "$stamp"
}

main

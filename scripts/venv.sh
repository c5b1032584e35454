#!/bin/sh
# Makes the virtual environment $1 with pip in it, from the first CPython 3.11 to 3.14 that is found.
# Three ways, the least change to the machine first: Python's own venv; a venv filled by the system's pip; apt-get, then venv.
set -eu
cd "$(dirname "$0")/.."
target=$1

# Prints the first suitable Python that can import the modules named in $1.
find_python() {
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$name" -c "
import sys
suits = (3, 11) <= sys.version_info[:2] <= (3, 14) and sys.implementation.name == 'cpython'
sys.exit(not suits)" >/dev/null 2>&1 && "$name" -c "import $1" >/dev/null 2>&1; then
            command -v "$name"
            return 0
        fi
    done
    return 1
}

if python=$(find_python "venv, ensurepip"); then
    "$python" -m venv --clear "$target"
elif python=$(find_python "venv, pip"); then
    "$python" -m venv --clear --without-pip "$target"
    "$python" -m pip --python "$target/bin/python" install --quiet --require-hashes --only-binary :all: -r requirements/build.txt
elif sh scripts/apt.sh python3 python3-venv && python=$(find_python "venv, ensurepip"); then
    "$python" -m venv --clear "$target"
else
    echo "Odzew needs Python 3.11 to 3.14 with its venv module." >&2
    exit 1
fi

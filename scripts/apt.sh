#!/bin/sh
# Installs the Debian packages named, where apt-get exists and we are root; says what to do where not.
set -eu
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "Missing on this machine: please install $* (on Debian and Ubuntu: sudo apt-get install $*)." >&2
    exit 1
fi
echo "Installing $* with apt-get ..." >&2
export DEBIAN_FRONTEND=noninteractive
quietly() { apt-get -qq -o Dpkg::Use-Pty=0 "$@" >/dev/null; }
# The package lists of a fresh machine are empty or old, so a first failure means little.
quietly install -y --no-install-recommends "$@" 2>/dev/null || { quietly update && quietly install -y --no-install-recommends "$@"; }

#!/bin/sh
# Install an engine that needs no service of its own, on Debian, where none is: only when asked.
set -eu
! docker info >/dev/null 2>&1 || exit 0
! command -v podman mmdebstrap >/dev/null || exit 0
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends \
    podman runc netavark aardvark-dns iptables mmdebstrap >/dev/null

#!/bin/sh
# Install Debian's Chromium, and letters for it to write with, where it is not: only when asked.
set -eu
! command -v chromium >/dev/null || exit 0
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends \
    chromium fonts-dejavu-core >/dev/null

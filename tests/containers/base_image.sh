#!/bin/sh
# Make a base image out of Debian's packages, where none can be pulled: base_image.sh ARCHIVE
# Needs root, mmdebstrap and apt's package lists; an archive that is younger than a week is left as it is.
set -eu
archive=$1
[ -z "$(find "$archive" -mtime -7 2>/dev/null)" ] || exit 0

release=$(. /etc/os-release && echo "$VERSION_CODENAME")
mkdir -p "$(dirname "$archive")"
trap 'rm -f "$archive.part"' EXIT

# From where apt itself takes them, updates of security among them; the image does not keep it.
apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 'Origin: Debian' \
    | mmdebstrap --quiet --variant=essential --format=tar \
        --include=python3-venv,libstdc++6,ca-certificates,passwd \
        --aptopt='Acquire::Languages "none"' \
        --dpkgopt=force-unsafe-io \
        --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        --customize-hook='rm -rf "$1"/etc/apt/sources.list*' \
        "$release" "$archive.part" -
mv "$archive.part" "$archive"

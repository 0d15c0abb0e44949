#!/bin/sh
# Make what a service and its callers need of each other, where it is not all there yet: a key with its
# token, and a certificate of an authority that is forgotten at once: credentials.sh SERVICE CALLER
# SERVICE and CALLER are the folders that each of them reads. Killed at any moment, it begins anew.
set -eu
umask 077
of_service=$1
of_caller=$2

are_there() {
    for file; do [ -e "$file" ] || return 1; done
}

# Files of another user cannot be written to: a new one takes their place, whole.
place() {
    into=$1
    shift
    for file; do
        rm -f "$into/$file.part"
        cp "$file" "$into/$file.part"
        chown 10001:10001 "$into/$file.part"
        mv -f "$into/$file.part" "$into/$file"
    done
}

! are_there "$of_service/certificate.pem" "$of_service/key.pem" "$of_service/keys.toml" \
    "$of_caller/authority.pem" "$of_caller/token" || exit 0

made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
cd "$made"
days=30
curve="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc"
# shellcheck disable=SC2086 # they are several words
{
    openssl req -x509 $curve -days $days -subj "/CN=authority of docker-compose.yml" \
        -keyout authority-key.pem -out authority.pem
    openssl req $curve -subj /CN=secure -addext subjectAltName=DNS:secure,DNS:localhost \
        -keyout key.pem -out request.pem
}
openssl x509 -req -in request.pem -CA authority.pem -CAkey authority-key.pem -set_serial 1 \
    -copy_extensions copy -days $days -out certificate.pem
lossgrad key caller > keys.toml 2> told
sed 's/.*: //' told > token

# The token goes first and comes last: where it is, all is, and of one making.
rm -f "$of_caller/token"
place "$of_service" certificate.pem key.pem keys.toml
place "$of_caller" authority.pem token

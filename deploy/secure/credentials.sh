#!/bin/sh
# Make what a service and its callers need of each other, where it is not there yet: a key with its
# token, and a certificate of an authority that is forgotten at once: credentials.sh FOLDER
set -eu
umask 077
cd "$1"
[ ! -e token ] || exit 0

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
rm request.pem authority-key.pem

lossgrad key caller > keys.toml 2> told
sed 's/.*: //' told > token.new
rm told
chown 10001:10001 ./*
# Last, and at once: where it is, all is.
mv token.new token

"""Keys files and certificates that tests write."""

from __future__ import annotations

import trustme

from lossgrad_service.access.caller import Quota
from lossgrad_service.access.keys import entry_of, fields_of
from lossgrad_service.access.tokens import digest_of


def entry(name, token, **quota):
    return entry_of(fields_of(name, digest_of(token), Quota(**quota))) + "\n"


class TlsFolder:
    """A server's certificate, the authority behind it, and callers of that and of another one."""

    def __init__(self, folder):
        authority, other = trustme.CA(), trustme.CA()
        served = authority.issue_cert("localhost", "127.0.0.1")
        files = {
            "authority": authority.cert_pem,
            "certificate": served.cert_chain_pems[0],
            "key": served.private_key_pem,
            "key_of_another": authority.issue_cert("localhost").private_key_pem,
            "caller": authority.issue_cert("caller").private_key_and_cert_chain_pem,
            "stranger": other.issue_cert("caller").private_key_and_cert_chain_pem,
        }
        for name, pem in files.items():
            path = folder / f"{name}.pem"
            pem.write_to_path(path)
            setattr(self, name, path)

    @property
    def settings(self):
        return {"tls_certificate": self.certificate, "tls_key": self.key}

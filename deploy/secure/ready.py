"""Whether a service with TLS takes calls, asked without a key: ready.py ADDRESS CERTIFICATE."""

import sys
from http.client import HTTPSConnection
from ssl import VERIFY_X509_PARTIAL_CHAIN, create_default_context

address, certificate = sys.argv[1:]
context = create_default_context(cafile=certificate)
# The service's own certificate is all that it has: its authority is its callers' affair.
context.verify_flags |= VERIFY_X509_PARTIAL_CHAIN
connection = HTTPSConnection(address, context=context)
connection.request("GET", "/readyz")
sys.exit(connection.getresponse().status != 200)

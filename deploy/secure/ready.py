"""Whether a service with TLS takes calls, asked without a key: ready.py ADDRESS AUTHORITY."""

import sys
from http.client import HTTPSConnection
from ssl import create_default_context

address, authority = sys.argv[1:]
connection = HTTPSConnection(address, context=create_default_context(cafile=authority))
connection.request("GET", "/readyz")
sys.exit(connection.getresponse().status != 200)

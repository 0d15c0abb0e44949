"""How long a service may be silent before it counts as gone.

A call whose service is gone is tried again on a new connection, long before its own time
is over. A computation may take all of that time: it is silent as well, but the connection is not.
"""

from __future__ import annotations

from typing import Final

ASKED_AFTER: Final = 10.0
"""Seconds after which a connection that owes an answer is asked for a sign of life."""

SIGN_WITHIN: Final = 20.0
"""Seconds in which gRPC's must come: it waits behind what is being sent, and 4 MB may be."""

GONE_AFTER: Final = 10.0
"""Seconds that it may take to connect, to acknowledge bytes, or to go on with an answer."""

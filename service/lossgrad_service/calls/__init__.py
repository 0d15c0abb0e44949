"""What every adapter does with a call, whatever it came in by.

An adapter is given a `Dispatcher`. It decodes bytes, calls a method of
`dispatcher.service` and encodes the reply; running that off the event loop, timing
its stages, naming it by a request id and keeping a bug's text inside is done here,
once. Nothing here knows a wire format.
"""

from lossgrad_service.calls.dispatcher import Dispatcher
from lossgrad_service.calls.guard import guarded, internal_error
from lossgrad_service.calls.readiness import Readiness
from lossgrad_service.calls.request_id import accept_request_id
from lossgrad_service.calls.service import Service
from lossgrad_service.calls.stopwatch import Stopwatch

__all__ = [
    "Dispatcher",
    "Readiness",
    "Service",
    "Stopwatch",
    "accept_request_id",
    "guarded",
    "internal_error",
]

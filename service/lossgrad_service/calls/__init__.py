"""What every adapter does with a call, whatever it came in by.

An adapter is given a `Dispatcher`. It states how bytes are decoded, which method of
`dispatcher.service` is called and how the reply is encoded; running that on or off the
event loop, timing its stages, naming it by a request id and keeping a bug's text inside
is done here, once. Nothing here knows a wire format.
"""

from lossgrad_service.calls.call import Call, Head
from lossgrad_service.calls.deadline import Deadline, gone, out_of_time
from lossgrad_service.calls.dispatcher import Dispatcher
from lossgrad_service.calls.guard import error_of_ours, guarded
from lossgrad_service.calls.method import Method, never_quick
from lossgrad_service.calls.observer import Observer
from lossgrad_service.calls.progress import Progress
from lossgrad_service.calls.readiness import Readiness
from lossgrad_service.calls.request_id import accept_request_id
from lossgrad_service.calls.service import Service
from lossgrad_service.calls.stopwatch import Stopwatch
from lossgrad_service.calls.streamed_call import StreamedCall
from lossgrad_service.core import Rows, is_quick, n_rows_of

__all__ = [
    "Call",
    "Deadline",
    "Dispatcher",
    "Head",
    "Method",
    "Observer",
    "Progress",
    "Readiness",
    "Rows",
    "Service",
    "Stopwatch",
    "StreamedCall",
    "accept_request_id",
    "error_of_ours",
    "gone",
    "guarded",
    "is_quick",
    "n_rows_of",
    "never_quick",
    "out_of_time",
]

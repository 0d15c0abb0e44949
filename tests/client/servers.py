"""Small servers that answer from a script, one entry for each call, the last one for ever.

An entry is an error to answer with, or a function of the request's problem that
returns the result.
"""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import numpy as np

from lossgrad.codecs import json as json_codec
from lossgrad.codecs import proto
from lossgrad.codecs.problem_details import encode_problem_details
from lossgrad.codecs.server_timing import encode_timing
from lossgrad.codecs.status import DETAILS_KEY, encode_status
from lossgrad.types import Result

TIMING = {"decode": 0.001, "compute": 0.002}


def double(problem):
    """A result that shows what arrived: dscores are twice the scores."""
    scalars = {"loss": 1.5, "data_loss": 1.0, "reg_loss": 0.5, "z_loss": 0.0, "denominator": 3.0}
    counts = {"n_rows": problem.n_rows, "n_ignored": 0}
    return Result({**scalars, **counts, "dscores": np.asarray(problem.scores) * 2}, {})


class Stuck:
    """An entry that answers when it is released; it tells when the call has arrived."""

    def __init__(self):
        self.arrived = threading.Event()
        self.released = threading.Event()

    def __call__(self, problem):
        self.arrived.set()
        self.released.wait(20)
        return double(problem)


class Script:
    """Hands out its entries, safely to many threads, and counts."""

    def __init__(self, *entries):
        self.entries = entries or (double,)
        self.calls = 0
        self.shown = []
        """What came as ``authorization`` with each call."""
        self._lock = threading.Lock()

    def next(self):
        with self._lock:
            self.calls += 1
            return self.entries[min(self.calls, len(self.entries)) - 1]


class GrpcServer:
    """A gRPC server of one method; `options` are gRPC's."""

    def __init__(self, script, *, address="127.0.0.1:0", options=(), credentials=None):
        self._script = script
        handler = grpc.unary_unary_rpc_method_handler(self._compute)
        methods = grpc.method_handlers_generic_handler(
            "lossgrad.v1.LossGradService", {"Compute": handler}
        )
        self._server = grpc.server(ThreadPoolExecutor(4), options=options)
        self._server.add_generic_rpc_handlers((methods,))
        if credentials is None:
            self.port = self._server.add_insecure_port(address)
        else:
            self.port = self._server.add_secure_port(address, credentials)
        self.target = f"127.0.0.1:{self.port}"

    def __enter__(self):
        self._server.start()
        return self

    def __exit__(self, *_):
        self._server.stop(None).wait()

    def _compute(self, data, context):
        self._script.shown.append(dict(context.invocation_metadata()).get("authorization"))
        entry = self._script.next()
        if isinstance(entry, Exception):
            status = encode_status(entry)
            code = next(c for c in grpc.StatusCode if c.value[0] == status.code)
            context.set_trailing_metadata(((DETAILS_KEY, status.details),))
            context.abort(code, status.message)
        context.set_trailing_metadata((("server-timing", encode_timing(TIMING)),))
        return proto.encode_result(entry(proto.decode_problem(data)))


class HttpServer:
    """An HTTP server of one path; an entry may also be (status, headers, body)."""

    def __init__(self, script, *, tls=None):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            log_message = staticmethod(lambda *_: None)

            def do_POST(self):
                script.shown.append(self.headers["Authorization"])
                data = self.rfile.read(int(self.headers["Content-Length"]))
                answer(self, *reply(script.next(), data))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        self.target = f"{scheme}://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def reply(entry, data):
    """Return the status, headers and body that a script's entry stands for."""
    if isinstance(entry, tuple):
        return entry
    if isinstance(entry, Exception):
        body = encode_problem_details(entry)
        return body["status"], {}, json.dumps(body).encode()
    call = json_codec.problem_from_json(json.loads(data))
    body = json_codec.result_to_json(entry(call.problem), call.encoding)
    return 200, {"Server-Timing": encode_timing(TIMING)}, json.dumps(body).encode()


def answer(handler, status, headers, body):
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)

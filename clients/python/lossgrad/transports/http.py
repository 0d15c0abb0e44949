"""JSON over HTTP for threads, with arrays in base64."""

from __future__ import annotations

import json
from typing import Any

import urllib3
from urllib3 import exceptions

from lossgrad.allocator import tune_unless_told
from lossgrad.codecs.json_text import to_text
from lossgrad.codecs.problem_details import decode_problem_details
from lossgrad.codecs.request_timeout import HEADER, encode_timeout
from lossgrad.codecs.server_timing import KEY, decode_timing
from lossgrad.deadline import no_answer_within
from lossgrad.endpoints import Endpoint, Reply, Request
from lossgrad.errors import Internal, LossGradError, Unavailable
from lossgrad.transports.credentials import Credentials
from lossgrad.transports.handshakes import read_handshake
from lossgrad.transports.per_process import PerProcess
from lossgrad.transports.target import Target
from lossgrad.transports.timed_http import open_pools

_CONNECTIONS = 64
"""Most connections that are kept open; more threads than that open and close theirs."""

_CHUNK_BYTES = 1 << 20

_CONTENT = {"Content-Type": "application/json"}


class HttpTransport:
    """Sends requests over one pool of connections in each process."""

    def __init__(self, target: Target, credentials: Credentials) -> None:
        self._url = target.address
        self._headers = _headers_of(credentials)
        self._pools = PerProcess[urllib3.PoolManager](lambda: _open_pool(credentials))

    def send(self, endpoint: Endpoint[Request, Reply], request: Request, timeout: float) -> Reply:
        """Make one attempt; see `Transport.send`."""
        body = endpoint.encode_json(request)
        content = {} if body is None else _CONTENT
        try:
            response = self._pools.get().request(
                endpoint.http_method,
                self._url + endpoint.http_path,
                body=None if body is None else to_text(body),
                headers={**self._headers, **content, HEADER: encode_timeout(timeout)},
                timeout=urllib3.Timeout(total=timeout),
                preload_content=False,
                redirect=False,
            )
            data = b"".join(response.stream(_CHUNK_BYTES))
        except exceptions.HTTPError as error:
            raise _failure(error, self._url, timeout) from error
        if response.status != 200:
            raise _read_error(response, data)
        timing = decode_timing(response.headers.get(KEY))
        return endpoint.decode_json(_parse_answer(data), timing)

    def close(self) -> None:
        """Close this process's connections."""
        pool = self._pools.close()
        if pool is not None:
            pool.clear()


def _open_pool(credentials: Credentials) -> urllib3.PoolManager:
    tune_unless_told()
    tls = _tls_of(credentials)
    return open_pools(num_pools=1, maxsize=_CONNECTIONS, retries=False, **tls)


def _headers_of(credentials: Credentials) -> dict[str, str]:
    """Return what every call carries to show who calls."""
    value = credentials.authorization
    return {} if value is None else {"Authorization": value}


def _tls_of(credentials: Credentials) -> dict[str, Any]:
    authority, own = credentials.authority, credentials.certificate
    trusted = {} if authority is None else {"ca_cert_data": authority.decode()}
    shown = {} if own is None else {"cert_file": own.chain_path, "key_file": own.key_path}
    return {**trusted, **shown}


def _failure(error: exceptions.HTTPError, url: str, timeout: float) -> LossGradError:
    # urllib3 counts a refused connection among those that timed out.
    is_refused = isinstance(error, exceptions.NewConnectionError)
    if isinstance(error, exceptions.TimeoutError) and not is_refused:
        return no_answer_within(timeout)
    text = f"cannot reach {url}: {error}"
    return read_handshake(text) or Unavailable(text)


def _read_error(response: urllib3.BaseHTTPResponse, data: bytes) -> LossGradError:
    hint = response.headers.get("Retry-After", "")
    seconds = float(hint) if hint.isascii() and hint.isdigit() else None
    return decode_problem_details(response.status, _parse(data), retry_after=seconds)


def _parse(data: bytes) -> Any:
    """Return parsed JSON, or None where the text is none."""
    try:
        return json.loads(data)
    except ValueError:
        return None


def _parse_answer(data: bytes) -> Any:
    body = _parse(data)
    if body is None:
        raise Internal("the server's answer is not JSON; is it lossgrad?")
    return body

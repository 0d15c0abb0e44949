"""The same bytes both ways, with nothing computed; a call returns how many came back."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from select import select

import grpc

from lossgrad_service.benchmarks.references.echoed import UNLIMITED, message
from lossgrad_service.benchmarks.references.tcp_echo import HEADER
from lossgrad_service.benchmarks.timing import Call
from lossgrad_service.benchmarks.workloads import Workload


@contextmanager
def open_tcp(target: str, workload: Workload) -> Iterator[Call]:
    """Send and receive over a socket at the same time, into memory that is there."""
    host, _, port = target.rpartition(":")
    sent = memoryview(HEADER.pack(workload.bytes_in, workload.bytes_out) + bytes(workload.bytes_in))
    answer = memoryview(bytearray(workload.bytes_out))
    with socket.create_connection((host, int(port))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        yield partial(_exchange, connection, sent, answer)


def _exchange(connection: socket.socket, sent: memoryview, answer: memoryview) -> int:
    """Send everything and receive everything, whichever the socket is ready for."""
    received = 0
    while received < len(answer):
        readable, writable, _ = select([connection], [connection] if sent else [], [])
        if writable:
            sent = sent[connection.send(sent) :]
        if readable:
            received += connection.recv_into(answer[received:])
    return received


@contextmanager
def open_unary(target: str, workload: Workload) -> Iterator[Call]:
    """Send one message and receive one."""
    request = message(workload.bytes_in, workload.bytes_out)
    with grpc.insecure_channel(target, UNLIMITED) as channel:
        method = channel.unary_unary("/Echo/Unary")
        yield lambda: len(method(request))


@contextmanager
def open_stream(target: str, workload: Workload, *, message_bytes: int) -> Iterator[Call]:
    """Send messages of about one size that are there already, and drop what comes back."""
    requests = _messages(workload.bytes_in, workload.bytes_out, message_bytes)
    with grpc.insecure_channel(target, UNLIMITED) as channel:
        method = channel.stream_stream("/Echo/Stream")
        yield lambda: sum(map(len, method(iter(requests))))


def _messages(sent: int, answered: int, size: int) -> list[bytes]:
    """Return messages that are all the same but for a byte."""
    count = -(-sent // size)
    return [
        message(*(total * (i + 1) // count - total * i // count for total in (sent, answered)))
        for i in range(count)
    ]

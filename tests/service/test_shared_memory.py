"""Shared memory as a caller of another make would use it, rightly and wrongly."""

from __future__ import annotations

import os
import re
import socket
import stat
import time
from functools import partial
from pathlib import Path
from threading import Event

import grpc
import numpy as np
import pytest
import urllib3

import lossgrad
from lossgrad.v1 import lossgrad_pb2 as pb
from lossgrad_service.shared_memory import listener, memories, side_connection
from tests.access.files import entry
from tests.running import channel_to, running_server
from tests.service.sharing import (
    PAGE,
    SEALS,
    hand_over,
    memory_file,
    n_mapped,
    shared,
    side,
)

STREAM = "/lossgrad.v1.LossGradService/ComputeStream"
RNG = np.random.default_rng(0)
N, C, D = 16, 8, 4
SCORES = RNG.normal(size=(N, C)).astype(np.float32)
H1 = RNG.normal(size=(N, D)).astype(np.float32)
W2 = RNG.normal(size=(D, C)).astype(np.float32)
LABELS = RNG.integers(C, size=N)
INPUTS = {"scores": SCORES, "labels": LABELS, "h1": H1, "w2": W2}
CODES = {"float32": pb.DTYPE_F32, "int64": pb.DTYPE_I64}
AT = {"scores": 0, "labels": 512, "h1": 640, "w2": 896, "dscores": 1024, "dw2": 1536, "db2": 1664}
"""Where each lies in the file."""


@pytest.fixture(scope="module")
def unix(socket_path):
    with channel_to(f"unix://{socket_path}") as channel:
        yield _method(channel)


@pytest.fixture
def handle_and_file(socket_path):
    with shared(socket_path) as (handle, file):
        for name, array in INPUTS.items():
            file.write(AT[name], array)
        yield handle, file


@pytest.fixture(scope="module")
def expected():
    with lossgrad.Client("local:") as client:
        return client.compute(**INPUTS)


def _method(channel):
    return channel.stream_stream(
        STREAM,
        request_serializer=pb.ComputeStreamRequest.SerializeToString,
        response_deserializer=pb.ComputeStreamResponse.FromString,
    )


def opening(*names):
    declared = {
        name: pb.Tensor(dtype=CODES[INPUTS[name].dtype.name], shape=INPUTS[name].shape)
        for name in names or INPUTS
    }
    return pb.ComputeStreamRequest(open=pb.ComputeRequest(**declared))


def place(handle, position, size):
    return pb.SharedBytes(handle=handle, offset=position, size=size)


def taken(handle, name, rows=slice(None), **changed):
    """Rows, or all entries, of an input."""
    array = INPUTS[name]
    begin = (rows.start or 0) * array[:1].nbytes
    where = {"position": AT[name] + begin, "size": array[rows].nbytes, **changed}
    return pb.SharedInput(
        input=pb.Input.Value(f"INPUT_{name.upper()}"), offset=begin, bytes=place(handle, **where)
    )


def given(handle, name, size, begin=0, **changed):
    where = {"position": AT.get(name, 0) + begin, "size": size, **changed}
    offset = where.pop("offset", begin)
    return pb.SharedOutput(
        output=pb.Output.Value(f"OUTPUT_{name.upper()}"),
        offset=offset,
        bytes=place(handle, **where),
    )


def message(inputs=(), outputs=()):
    return pb.ComputeStreamRequest(shared=pb.SharedPieces(inputs=inputs, outputs=outputs))


def whole(handle):
    """The messages of a call in which everything lies in shared memory: one for all of it."""
    opened, parameters, rows, sums = apart(handle)
    everything = [parameters, rows, sums]
    inputs = [piece for each in everything for piece in each.shared.inputs]
    outputs = [piece for each in everything for piece in each.shared.outputs]
    return [opened, message(inputs, outputs)]


def apart(handle):
    """The messages of the same call: parameters, then rows, then sums."""
    return [
        opening(),
        message([taken(handle, "labels"), taken(handle, "w2")]),
        message(
            [taken(handle, "scores"), taken(handle, "h1")],
            [given(handle, "dscores", SCORES.nbytes)],
        ),
        message((), [given(handle, "dw2", W2.nbytes), given(handle, "db2", 4 * C)]),
    ]


def refused(method, messages):
    with pytest.raises(grpc.RpcError) as caught:
        list(method(iter(messages)))
    return caught.value.code(), caught.value.details()


@pytest.mark.parametrize("messages", [whole, apart], ids=["in one message", "in several"])
def test_everything_in_place(unix, handle_and_file, expected, messages):
    handle, file = handle_and_file
    opened, *named = messages(handle)
    *done, last = unix(iter([opened, *named]))
    assert [answer.done for answer in done] == list(range(1, len(named) + 1))
    assert last.closing.loss == expected.loss
    for name in ("dscores", "dw2", "db2"):
        array = expected.arrays[name]
        np.testing.assert_array_equal(file.read(AT[name], array), array)


def test_answers_in_chunks_where_no_place_is_told(unix, handle_and_file, expected):
    handle, _ = handle_and_file
    scores = [taken(handle, "scores", slice(a, a + 4)) for a in (0, 4, 8, 12)]
    labels = message([taken(handle, "labels")])
    messages = [opening("scores", "labels"), labels, *(message([piece]) for piece in scores)]
    *answers, last = unix(iter(messages))
    found = b"".join(chunk.data for answer in answers for chunk in answer.chunks)
    assert found == expected.dscores.tobytes()
    assert [answer.done for answer in answers if answer.done] == [1, 2, 3, 4, 5]
    assert last.closing.loss == expected.loss


def test_the_side_socket_is_its_owners_only(socket_path):
    assert stat.S_IMODE(Path(f"{socket_path}.memory").stat().st_mode) & 0o077 == 0


def test_mapped_until_the_connection_ends(socket_path, unix):
    _until(lambda: n_mapped() == 0)
    with shared(socket_path) as (handle, file):
        assert n_mapped() == 2
        for name, array in INPUTS.items():
            file.write(AT[name], array)
        list(unix(iter(whole(handle))))
    _until(lambda: n_mapped() == 0)
    code, text = refused(unix, whole(handle))
    assert code is grpc.StatusCode.UNAVAILABLE
    assert "hand it over once more" in text


def test_the_server_ends_its_side_when_nothing_is_used_any_more(socket_path, unix):
    with side(socket_path) as connection:
        descriptor = memory_file()
        handle = hand_over(connection, descriptor).handle
        os.pwrite(descriptor, LABELS.tobytes(), AT["labels"])
        going_on = _Slowly([opening("scores", "labels"), message([taken(handle, "labels")])])
        answers = unix(going_on)
        assert next(answers).done == 1
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""  # a parameter was copied: nothing is used
        going_on.go_on([message([taken(handle, "scores")])])
        with pytest.raises(grpc.RpcError, match="hand it over once more"):
            list(answers)
        os.close(descriptor)


class _Slowly:
    """Messages, some of which are told later."""

    def __init__(self, messages):
        self._messages = iter(messages)
        self._later = []
        self._told = Event()

    def __iter__(self):
        return self

    def __next__(self):
        try:
            return next(self._messages)
        except StopIteration:
            self._told.wait(20)
            if not self._later:
                raise
            return self._later.pop(0)

    def go_on(self, messages):
        self._later = messages
        self._told.set()


def _until(holds):
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


HANDLES = {"forged": bytes(range(16)), "empty": b"", "long": bytes(1000)}


@pytest.mark.parametrize("handle", HANDLES.values(), ids=HANDLES)
def test_a_handle_that_nobody_got(unix, handle):
    code, _ = refused(unix, whole(handle))
    assert code is grpc.StatusCode.UNAVAILABLE


def test_over_tcp_there_is_none(neighbour, handle_and_file):
    with channel_to(neighbour.grpc) as channel:
        code, text = refused(_method(channel), whole(handle_and_file[0]))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "over a Unix socket only" in text


PLACES = {
    "behind the end": {"position": PAGE},
    "over the end": {"position": PAGE - 511},
    "far away": {"position": 2**63},
    "the largest": {"position": 2**64 - 1},
    "wrapping round": {"position": 2**64 - 512},
    "a size of 2^64": {"size": 2**64 - 1},
    "a size beyond": {"size": 2**40},
    "nothing": {"size": 0},
    "part of a row": {"size": 511},
    "less": {"size": 480},
}


@pytest.mark.parametrize("changed", PLACES.values(), ids=PLACES)
def test_inputs_elsewhere(unix, handle_and_file, changed):
    handle, _ = handle_and_file
    rows = message([taken(handle, "scores", **changed)], [given(handle, "dscores", SCORES.nbytes)])
    opened = [opening("scores", "labels"), message([taken(handle, "labels")])]
    code, text = refused(unix, [*opened, rows])
    assert code is grpc.StatusCode.INVALID_ARGUMENT, text


@pytest.mark.parametrize(
    "changed",
    [*PLACES.values(), {"position": AT["dscores"] + 1}, {"offset": 32}, {"offset": -1}],
    ids=[*PLACES, "unaligned", "other rows", "rows before the first"],
)
def test_outputs_elsewhere(unix, handle_and_file, changed):
    handle, file = handle_and_file
    before = file.read(0, np.zeros(PAGE, np.uint8))
    rows = message(
        [taken(handle, "scores")], [given(handle, "dscores", **{"size": SCORES.nbytes, **changed})]
    )
    opened = [opening("scores", "labels"), message([taken(handle, "labels")])]
    code, text = refused(unix, [*opened, rows])
    assert code is grpc.StatusCode.INVALID_ARGUMENT, text
    np.testing.assert_array_equal(file.read(0, before), before)


def _wrong(handle):
    scores, dscores = taken(handle, "scores"), given(handle, "dscores", SCORES.nbytes)
    labels = message([taken(handle, "labels")])
    few = taken(handle, "scores", slice(0, 8))
    begun = [opening("scores", "labels"), labels]
    with_more = message([scores], [dscores])
    with_more.chunks.add(input=1, data=b"0000")
    return {
        "before the opening": ([message([scores])], "missing"),
        "nothing": ([*begun, message()], "names nothing"),
        "a place twice": ([*begun, message([scores], [dscores, dscores])], "two places"),
        "a place for another": (
            [*begun, message([scores], [dscores, given(handle, "probs", SCORES.nbytes)])],
            "not such an output",
        ),
        "places for more rows": ([*begun, message([few], [dscores])], "brings 8 rows"),
        "rows that wait": (
            [*begun, message([few], [given(handle, "dscores", SCORES.nbytes // 2)])],
            "multiple",
        ),
        "an unknown input": (
            [*begun, message([pb.SharedInput(input=99, bytes=scores.bytes)])],
            "99",
        ),
        "an unknown output": (
            [*begun, message([scores], [pb.SharedOutput(output=99, bytes=scores.bytes)])],
            "99",
        ),
        "beside chunks": ([*begun, with_more], "messages of their own"),
        "too many": ([*begun, message([scores] * 4000)], "bytes at most"),
        "an input twice": ([*begun, message([scores, scores], [dscores])], "two chunks"),
        "sums before rows": (
            [opening(), labels, message((), [given(handle, "db2", 4 * C)])],
            "parameters first",
        ),
        "a sum that is not wanted": (
            [*begun, message([scores], [dscores, given(handle, "db2", 32)])],
            "not asked for",
        ),
        "places without rows": ([*begun, message((), [dscores])], "missing"),
        "parameters after rows": (
            [*begun, message([scores], [dscores]), labels],
            "came after rows",
        ),
    }


@pytest.mark.parametrize("name", _wrong(b""))
def test_wrong_messages(unix, handle_and_file, name):
    messages, text = _wrong(handle_and_file[0])[name]
    code, told = refused(unix, messages)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert text in told


def test_a_sum_of_another_size(unix, handle_and_file):
    handle, _ = handle_and_file
    messages = [*apart(handle)[:3], message((), [given(handle, "dw2", W2.nbytes - 4)])]
    assert "tell where all of it goes" in refused(unix, messages)[1]


def test_a_sum_is_written_once(unix, handle_and_file):
    messages = apart(handle_and_file[0])
    assert "written already" in refused(unix, [*messages, messages[-1]])[1]


def _descriptors(folder):
    reading, _ = os.pipe()
    return {
        "a pipe": lambda: reading,
        "a device": lambda: os.open("/dev/zero", os.O_RDWR),
        "a directory": lambda: os.open(folder, os.O_RDONLY),
        "a path": lambda: os.open(folder, os.O_PATH),
        "a file": lambda: os.open(folder / "file", os.O_RDWR | os.O_CREAT),
        "a socket": lambda: socket.socket(socket.AF_UNIX).detach(),
        "no seals": lambda: memory_file(seals=0),
        "it may shrink": lambda: memory_file(seals=SEALS & ~0x2),
        "it may grow": lambda: memory_file(seals=SEALS & ~0x4),
        "seals may come": lambda: memory_file(seals=SEALS & ~0x1),
        "none may write": lambda: memory_file(seals=SEALS | 0x8),
        "none may map it to write": lambda: memory_file(seals=SEALS | 0x10),
        "empty": lambda: memory_file(0),
        "without its memory": lambda: memory_file(allocated=False),
        "to read only": lambda: _read_only(memory_file()),
    }


def _read_only(descriptor):
    reopened = os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY)
    os.close(descriptor)
    return reopened


@pytest.mark.parametrize("name", _descriptors(Path()))
def test_what_is_no_sealed_file(socket_path, tmp_path, name):
    _until(lambda: n_mapped() == 0)
    descriptor = _descriptors(tmp_path)[name]()
    with side(socket_path) as connection:
        answer = hand_over(connection, descriptor)
        assert answer.refusal
        assert not answer.handle
        assert connection.recv(1) == b""
    os.close(descriptor)
    assert n_mapped() == 0


@pytest.mark.parametrize("count", [0, 2])
def test_another_number_of_descriptors(socket_path, count):
    descriptors = [memory_file() for _ in range(count)]
    with side(socket_path) as connection:
        assert "one descriptor" in hand_over(connection, *descriptors).refusal
    for descriptor in descriptors:
        os.close(descriptor)


@pytest.mark.parametrize("sent", [b"\xff" * 8, bytes(1025), b"\n\x02\xff\xff"])
def test_no_request(socket_path, sent):
    descriptor = memory_file()
    with side(socket_path) as connection:
        socket.send_fds(connection, [sent], [descriptor])
        assert pb.ShareMemoryResponse.FromString(connection.recv(2048)).refusal
    os.close(descriptor)


def test_nothing_can_be_cut_off_a_file(socket_path, unix, expected):
    with shared(socket_path) as (handle, file):
        for name, array in INPUTS.items():
            file.write(AT[name], array)
        with pytest.raises(PermissionError):
            file.truncate(0)
        *_, last = unix(iter(whole(handle)))
        assert last.closing.loss == expected.loss


def test_holes_are_zeros(socket_path, unix):
    with shared(socket_path) as (handle, file):
        for name, array in INPUTS.items():
            file.write(AT[name], array)
        opened = [opening("scores", "labels"), message([taken(handle, "labels")])]
        file.punch()
        *_, last = unix(iter([*opened, message([taken(handle, "scores")])]))
        assert last.closing.loss == pytest.approx(np.log(C))


def test_a_silent_connection_ends(monkeypatch, tmp_path):
    monkeypatch.setattr(side_connection, "HANDSHAKE_SECONDS", 0.05)
    with running_server(unix_socket=tmp_path / "s"), side(tmp_path / "s") as connection:
        assert connection.recv(1) == b""


def test_more_connections_than_there_may_be(monkeypatch, tmp_path):
    monkeypatch.setattr(listener, "MOST_CONNECTIONS", 1)
    with running_server(unix_socket=tmp_path / "s"), shared(tmp_path / "s"):
        with side(tmp_path / "s") as other:
            answer = pb.ShareMemoryResponse.FromString(other.recv(2048))
        assert "as many as can be" in answer.refusal


def test_what_takes_long_to_close_is_a_connection_still(monkeypatch, tmp_path):
    monkeypatch.setattr(listener, "MOST_CONNECTIONS", 1)
    goes_on, close = Event(), os.close

    def close_slowly(descriptor):
        assert goes_on.wait(20)
        close(descriptor)

    monkeypatch.setattr(side_connection.os, "close", close_slowly)
    with running_server(unix_socket=tmp_path / "s"), side(tmp_path / "s") as connection:
        descriptor = os.open("/dev/null", os.O_RDWR)
        assert hand_over(connection, descriptor).refusal
        with side(tmp_path / "s") as other:
            answer = pb.ShareMemoryResponse.FromString(other.recv(2048))
        assert "as many as can be" in answer.refusal
        goes_on.set()
        assert connection.recv(1) == b""
        monkeypatch.undo()
        close(descriptor)


def test_ten_thousand_files(socket_path, unix, expected):
    _until(lambda: n_mapped() == 0)
    descriptor, before = memory_file(), len(os.listdir("/proc/self/fd"))
    for _ in range(10_000):
        with side(socket_path) as connection:
            assert hand_over(connection, descriptor).handle
    os.close(descriptor)
    _until(lambda: len(os.listdir("/proc/self/fd")) < before and n_mapped() == 0)
    with shared(socket_path) as (handle, file):
        for name, array in INPUTS.items():
            file.write(AT[name], array)
        *_, last = unix(iter(whole(handle)))
        assert last.closing.loss == expected.loss


def test_one_caller_has_half(tmp_path):
    with running_server(unix_socket=tmp_path / "s", shared_memory_bytes=4 * PAGE):
        with shared(tmp_path / "s", 2 * PAGE):
            descriptor = memory_file()
            with side(tmp_path / "s") as connection:
                assert "by one caller (8192)" in hand_over(connection, descriptor).refusal
            os.close(descriptor)
        _until(lambda: n_mapped() == 0)
        with shared(tmp_path / "s", 2 * PAGE):
            pass


def test_one_caller_has_half_of_the_files(monkeypatch, tmp_path):
    monkeypatch.setattr(memories, "MOST_FILES", 2)
    with running_server(unix_socket=tmp_path / "s"):
        with shared(tmp_path / "s"):
            descriptor = memory_file()
            with side(tmp_path / "s") as connection:
                assert (
                    "files are shared as may, by one caller (1)"
                    in hand_over(connection, descriptor).refusal
                )
            os.close(descriptor)
        _until(lambda: n_mapped() == 0)
        with shared(tmp_path / "s"):
            pass


def test_what_is_shared_is_counted(tmp_path):
    with running_server(unix_socket=tmp_path / "s") as running:
        assert _mapped(running) == 0
        with shared(tmp_path / "s"):
            assert _mapped(running) == PAGE
        _until(lambda: _mapped(running) == 0)


def _mapped(running):
    text = urllib3.request("GET", f"{running.server.addresses['HTTP']}/metrics").data.decode()
    return float(re.search(r"^lossgrad_shared_memory_bytes (.*)$", text, re.M)[1])


def test_others_than_the_servers_user_need_a_key(monkeypatch, socket_path):
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    descriptor = memory_file()
    with side(socket_path) as connection:
        assert "only the server's own user" in hand_over(connection, descriptor).refusal
    os.close(descriptor)


def test_memory_is_its_callers_own(tmp_path, expected):
    (tmp_path / "keys.toml").write_text(entry("a", "lossgrad_a") + entry("b", "lossgrad_b"))
    target = f"unix://{tmp_path / 's'}"
    with (
        running_server(unix_socket=tmp_path / "s", keys_file=tmp_path / "keys.toml"),
        channel_to(target) as channel,
        shared(tmp_path / "s", token="lossgrad_a") as (handle, file),
    ):
        for name, array in INPUTS.items():
            file.write(AT[name], array)
        method = _method(channel)
        code, _ = refused(partial(method, metadata=_shown("lossgrad_b")), whole(handle))
        assert code is grpc.StatusCode.UNAVAILABLE
        *_, last = method(iter(whole(handle)), metadata=_shown("lossgrad_a"))
        assert last.closing.loss == expected.loss


def _shown(token):
    return (("authorization", f"Bearer {token}"),)


@pytest.mark.parametrize("token", ["", "lossgrad_b", "x" * 600])
def test_without_a_key_no_memory_is_taken(tmp_path, token):
    (tmp_path / "keys.toml").write_text(entry("a", "lossgrad_a"))
    descriptor = memory_file()
    with (
        running_server(unix_socket=tmp_path / "s", keys_file=tmp_path / "keys.toml"),
        side(tmp_path / "s") as connection,
    ):
        assert "key" in hand_over(connection, descriptor, token=token).refusal
    os.close(descriptor)

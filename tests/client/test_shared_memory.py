"""Memory that a client shares with a server: made, used where it lies, and used again."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Thread

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lossgrad
from lossgrad.codecs import sharing
from lossgrad.codecs.sharing import NotShared
from lossgrad.shared_memory import Arena, lanes, segment
from lossgrad.shared_memory.arena import MOST_CALLS
from lossgrad.shared_memory.free_space import FreeSpace
from lossgrad.shared_memory.segment import Segment
from lossgrad.transports.remembering import Remembering
from lossgrad.types import Problem
from lossgrad_service.calls import StreamedCall
from lossgrad_service.core.plan import Plan
from tests.access.files import entry
from tests.running import PATIENCE_SECONDS, running_server

F4 = np.dtype(np.float32)
ROWS, CLASSES = 60, 40_000
"""About 9.6 MB, of which the server computes 16 rows at a time."""


def _address(array):
    return array.__array_interface__["data"][0]


@pytest.fixture
def client(neighbour):
    with lossgrad.Client(neighbour.unix) as client:
        yield client


@pytest.fixture
def arena(socket_path):
    return Arena(f"{socket_path}.memory", None)


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(3)
    scores = rng.standard_normal((ROWS, CLASSES), np.float32)
    return {"scores": scores, "labels": rng.integers(CLASSES, size=ROWS)}


@pytest.fixture(scope="module")
def expected(neighbour, problem):
    with lossgrad.Client(neighbour.grpc) as client:
        return client.compute(**problem)


@pytest.fixture
def narrow(monkeypatch):
    """Have slots be as small as the server computes, so that they come round."""
    monkeypatch.setattr(lanes, "SLOT_BYTES", 1)


def assert_same(found, expected):
    assert found.scalars == expected.scalars
    for name, array in expected.arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array)


def is_shared(client, array):
    return client._arenas.get().place_of(array) is not None


def test_free_space():
    space = FreeSpace(100)
    assert [space.take(40), space.take(40), space.take(40)] == [0, 40, None]
    space.give(0, 40)
    assert space.take(30) == 0
    space.give(40, 40)
    space.give(0, 30)
    assert space.is_whole
    assert space.take(100) == 0


def test_an_array_is_like_any_other(client):
    for dtype in (np.float32, np.float64, "i8", ">f4"):
        array = client.empty((3, 5), dtype)
        array[...] = 1
        assert array.sum() == 15
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert is_shared(client, array)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(array)), array)
    assert client.empty(7).shape == (7,)
    assert client.empty((2, 0)).size == 0
    assert client.empty((), object).item() is None


@pytest.mark.parametrize("shape", [-1, (2, -3), "no", 1.5, None])
def test_what_is_no_shape(client, shape):
    with pytest.raises(lossgrad.InvalidArgument, match="there is no array"):
        client.empty(shape)


def test_over_other_targets_an_array_is_an_ordinary_one(neighbour):
    for target in (neighbour.grpc, neighbour.http, "local:"):
        with lossgrad.Client(target) as client:
            assert not client.shares_memory
            assert client.empty((2, 3)).base is None


def test_memory_is_used_again_and_never_under_a_view(arena):
    first = arena.empty((1000,), F4)
    address = _address(first)
    view = memoryview(first[10:20])
    del first
    assert _address(arena.empty((1000,), F4)) != address
    del view
    assert _address(arena.empty((1000,), F4)) == address


def test_an_arena_grows_and_lets_go(arena, monkeypatch):
    monkeypatch.setattr("lossgrad.shared_memory.arena.KEPT_BYTES", 0)
    large = [arena.empty((2**23 + n,), F4) for n in range(3)]
    assert len(arena._segments) == 3
    del large
    arena.empty((2**24,), F4)
    assert len(arena._segments) == 1


def test_threads_never_share_memory(arena):
    def use(number):
        array = arena.empty((64, 16), F4)
        array[...] = number
        other = arena.empty((64, 16), F4)
        other[...] = -number
        return bool(np.all(array == number) and np.all(other == -number))

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(use, range(1000)))


def test_arrays_outlive_client_and_arena(neighbour):
    with lossgrad.Client(neighbour.unix) as client:
        array = client.empty((100,))
        array[...] = 7
    del client
    gc.collect()
    assert array.sum() == 700


@pytest.mark.usefixtures("narrow")
def test_ordinary_arrays_pass_through_slots(client, problem, expected):
    found = client.compute(**problem)
    assert_same(found, expected)
    assert not is_shared(client, found.dscores)


LAYOUTS = {
    "strided": lambda a: np.repeat(a, 2, axis=1)[:, ::2],
    "the other byte order": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "more axes": lambda a: a.reshape(6, 10, CLASSES)[:, ::-1],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.usefixtures("narrow")
def test_arrays_of_any_layout(client, neighbour, problem, layout):
    scores = LAYOUTS[layout](problem["scores"])
    arguments = {"scores": scores, "labels": problem["labels"].reshape(scores.shape[:-1])}
    with lossgrad.Client(neighbour.grpc) as plain:
        assert_same(client.compute(**arguments), plain.compute(**arguments))


@pytest.mark.parametrize("inputs", [True, False], ids=["inputs there", "inputs elsewhere"])
@pytest.mark.parametrize("outputs", [True, False], ids=["out there", "out elsewhere"])
@pytest.mark.usefixtures("narrow")
def test_arrays_where_they_lie(client, problem, expected, inputs, outputs):
    scores = problem["scores"]
    if inputs:
        scores = client.empty(scores.shape)
        scores[...] = problem["scores"]
    room = client.empty(scores.shape) if outputs else np.empty_like(scores)
    found = client.compute(**problem | {"scores": scores}, out={"dscores": room})
    assert found.dscores is room
    assert_same(found, expected)


def test_an_input_may_be_the_output(client, problem, expected):
    scores = client.empty(problem["scores"].shape)
    scores[...] = problem["scores"]
    client.compute(**problem | {"scores": scores}, out={"dscores": scores})
    np.testing.assert_array_equal(scores, expected.dscores)


def test_layers_where_they_lie(client, neighbour):
    rng = np.random.default_rng(1)
    shapes = {"h1": (1100, 300), "w2": (300, 2000), "b2": (2000,)}
    arrays = {name: rng.normal(0, 0.1, shape).astype("f4") for name, shape in shapes.items()}
    problem = {**arrays, "labels": rng.integers(2000, size=1100), "want": ["dw2", "db2", "dh1"]}
    with lossgrad.Client(neighbour.grpc) as plain:
        expected = plain.compute(**problem)
    moved = {name: client.empty(array.shape) for name, array in arrays.items()}
    for name, array in moved.items():
        array[...] = arrays[name]
    rooms = {name: client.empty(array.shape) for name, array in expected.arrays.items()}
    assert_same(client.compute(**problem | moved, out=rooms), expected)
    assert_same(client.compute(**problem), expected)


@given(
    classes=st.integers(1, 300_000),
    width=st.integers(1, 300_000),
    dtype=st.sampled_from(["f2", "f4", "f8"]),
    want=st.sampled_from([["loss"], ["dscores"], ["dw2"], ["dh1"], ["dscores", "db2"]]),
    sent=st.booleans(),
)
def test_slots_hold_what_the_server_computes_at_a_time(classes, width, dtype, want, sent):
    def like(*shape):
        return np.broadcast_to(np.zeros((), dtype), shape)

    inputs = {"h1": like(10**6, width), "w2": like(width, classes), "labels": _LABELS}
    scores = {"scores": like(10**6, classes)} if sent or "dscores" in want else {}
    problem = Problem.declared({**inputs, **scores, "want": want})
    assert lanes._slot_rows(problem, 4 * classes) % Plan.of(problem).fed_rows == 0


_LABELS = np.broadcast_to(np.zeros((), int), 10**6)


def test_calls_from_many_threads(client, problem, expected):
    with ThreadPoolExecutor(4) as threads:
        futures = [threads.submit(client.compute, **problem) for _ in range(8)]
        for future in futures:
            assert_same(future.result(), expected)


def test_coroutines(neighbour, problem, expected):
    async def call():
        async with lossgrad.AsyncClient(neighbour.unix) as client:
            room = client.empty(problem["scores"].shape)
            found = await client.compute(**problem, out={"dscores": room})
            assert client.shares_memory
            assert found.dscores is room
            return found

    assert_same(asyncio.run(call()), expected)


def test_a_coroutine_that_is_cancelled_leaves_nothing_lent(neighbour, problem, expected):
    async def call():
        async with lossgrad.AsyncClient(neighbour.unix) as client:
            calls = [asyncio.create_task(client.compute(**problem)) for _ in range(40)]
            await asyncio.sleep(0.05)
            for each in calls:
                each.cancel()
            await asyncio.wait(calls)
            arena = client._arenas.get()
            while arena._lent:
                await asyncio.sleep(0.01)
            return await client.compute(**problem)

    assert_same(asyncio.run(asyncio.wait_for(call(), 60)), expected)


def test_more_calls_than_share_memory(client, problem, expected):
    arena = client._arenas.get()
    for _ in range(MOST_CALLS):
        arena.calls.acquire()
    assert_same(client.compute(**problem), expected)
    assert not arena._segments
    for _ in range(MOST_CALLS):
        arena.calls.release()
    assert_same(client.compute(**problem), expected)
    assert arena._segments
    assert not arena._lent


def test_a_call_that_is_refused_leaves_memory_to_others(client, problem, expected):
    room = client.empty(problem["scores"].shape)
    handle = client._arenas.get().place_of(room)[0].handle()
    with pytest.raises(lossgrad.InvalidArgument, match="nan"):
        client.compute(**_with_nan(problem), out={"dscores": room})
    assert client._arenas.get().place_of(room)[0].handle() == handle
    assert_same(client.compute(**problem, out={"dscores": room}), expected)


@pytest.mark.usefixtures("narrow", "uncollected")
def test_who_keeps_an_error_keeps_no_memory(client, problem):
    errors = []
    for wrong in (_with_nan(problem), *[problem | {"labels": problem["labels"] + CLASSES}] * 5):
        with pytest.raises(lossgrad.InvalidArgument) as caught:
            client.compute(**wrong)
        errors.append(caught.value)
    assert all(segment.is_unused for segment in client._arenas.get()._segments)
    assert len({error.__traceback__ for error in errors}) == 6


def test_messages_that_nobody_asks_for_any_more_are_let_go_of():
    ended = []

    def messages():
        try:
            yield 1
        finally:
            ended.append(True)

    requests = Remembering(messages())
    next(requests)
    requests.drop()
    assert ended
    assert list(requests) == []


@pytest.mark.usefixtures("uncollected")
def test_an_error_that_is_dropped_keeps_no_array(client, problem):
    room = client.empty(problem["scores"].shape)
    with suppress(lossgrad.InvalidArgument):
        client.compute(**_with_nan(problem), out={"dscores": room})
    del room
    assert all(segment.is_unused for segment in client._arenas.get()._segments)


@pytest.fixture
def uncollected():
    """Have what is dropped be gone without the garbage collector, which may come late."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def _with_nan(problem):
    scores = problem["scores"].copy()
    scores[0, 0] = np.nan
    return problem | {"scores": scores}


@pytest.mark.usefixtures("uncollected")
def test_a_call_that_is_late_takes_its_memory_back(client, problem, expected, monkeypatch):
    monkeypatch.setattr(segment, "END_SECONDS", PATIENCE_SECONDS)
    room = client.empty(problem["scores"].shape)
    client.compute(**problem)
    lent, _ = client._arenas.get().place_of(room)
    handle = lent.handle()
    for milliseconds in range(2, 12):
        with suppress(lossgrad.DeadlineExceeded):
            client.compute(**problem, out={"dscores": room}, timeout=milliseconds / 1000)
    assert not any(segment.is_abandoned for segment in client._arenas.get()._segments)
    assert lent.handle() != handle
    assert_same(client.compute(**problem, out={"dscores": room}), expected)


def test_nothing_is_written_after_a_call_is_over(client, problem, monkeypatch):
    def compute(_self, _block, outputs):
        time.sleep(0.4)  # what nothing ends
        outputs["dscores"][...] = 1

    monkeypatch.setattr(segment, "END_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(StreamedCall, "compute", compute)
    room = client.empty(problem["scores"].shape)
    room[...] = 0
    with pytest.raises(lossgrad.DeadlineExceeded):
        client.compute(**problem, out={"dscores": room}, timeout=0.2)
    room[...] = 7
    time.sleep(0.5)
    assert np.all(room == 7)


def test_memory_is_not_used_again_that_a_server_does_not_give_back(tmp_path, monkeypatch):
    monkeypatch.setattr(segment, "END_SECONDS", 0.05)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(tmp_path / "s.memory"))
        listener.listen()
        taking = Thread(target=_take, args=(listener,), daemon=True)
        taking.start()
        arena = Arena(str(tmp_path / "s.memory"), None)
        array = arena.empty((100,), F4)
        address, (lent, _) = _address(array), arena.place_of(array)
        assert lent.handle() == bytes(16)
        arena.withdraw([array])
        assert lent.is_abandoned
        assert arena.place_of(array) is None
        del array
        assert _address(arena.empty((100,), F4)) != address
        assert lent not in arena._segments
        arena.close()
        taking.join(10)


def _take(listener):
    connection, _ = listener.accept()
    with connection:
        _, descriptors, _, _ = socket.recv_fds(connection, 1024, 1)
        os.close(descriptors[0])
        connection.send(sharing.encode_handle(bytes(16)))
        while connection.recv(1):
            pass
        connection.settimeout(1)
        listener.settimeout(0.5)
        with pytest.raises(TimeoutError):
            listener.accept()


def test_where_nobody_listens(tmp_path):
    lonely = Segment(str(tmp_path / "s.memory"), None, 4096)
    for _ in range(2):
        with pytest.raises(NotShared):
            lonely.handle()


@pytest.mark.parametrize("most", [0, 2**20], ids=["turned off", "too little"])
def test_a_server_that_does_not_share(tmp_path, problem, expected, most):
    with (
        running_server(unix_socket=tmp_path / "s", shared_memory_bytes=most),
        lossgrad.Client(f"unix://{tmp_path / 's'}") as client,
    ):
        room = client.empty(problem["scores"].shape)
        room[...] = problem["scores"]
        assert_same(client.compute(**problem), expected)
        assert_same(client.compute(**problem | {"scores": room}, out={"dscores": room}), expected)
        assert (tmp_path / "s.memory").exists() == bool(most)


def test_a_system_that_has_no_such_memory(neighbour, problem, expected, monkeypatch):
    monkeypatch.setattr("lossgrad.shared_memory.sealed_file.are_possible", lambda: False)
    with lossgrad.Client(neighbour.unix) as client:
        assert not client.shares_memory
        assert_same(client.compute(**problem), expected)


def test_no_memory_left(client, problem, expected, monkeypatch):
    def refuse(*_):
        raise OSError(12, "no memory")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    assert not is_shared(client, client.empty((3,)))
    assert_same(client.compute(**problem), expected)


def test_keys(tmp_path, problem, expected):
    (tmp_path / "keys.toml").write_text(entry("a", "lossgrad_a"))
    with (
        running_server(unix_socket=tmp_path / "s", keys_file=tmp_path / "keys.toml"),
        lossgrad.Client(f"unix://{tmp_path / 's'}", token="lossgrad_a") as client,
    ):
        assert_same(client.compute(**problem), expected)
        mine, _ = client._arenas.get().place_of(client.empty((3,)))
        assert len(mine.handle()) == 16
        stranger = Arena(f"{tmp_path / 's'}.memory", "lossgrad_b")
        lent, _ = stranger.place_of(stranger.empty((3,), F4))
        with pytest.raises(NotShared, match="unknown"):
            lent.handle()


def test_a_server_that_went_and_came_back(tmp_path, problem, expected):
    with lossgrad.Client(f"unix://{tmp_path / 's'}") as client:
        room = client.empty(problem["scores"].shape)
        for _ in range(2):
            with running_server(unix_socket=tmp_path / "s"):
                assert_same(client.compute(**problem, out={"dscores": room}), expected)
        assert not (tmp_path / "s.memory").exists()


def test_a_fork_has_memory_of_its_own(client, problem, expected):
    kept = client.empty(problem["scores"].shape)
    client.compute(**problem, out={"dscores": kept})
    child = os.fork()
    if child == 0:
        code = 1
        try:
            assert_same(client.compute(**problem), expected)
            code = int(is_shared(client, kept))
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert_same(client.compute(**problem, out={"dscores": kept}), expected)

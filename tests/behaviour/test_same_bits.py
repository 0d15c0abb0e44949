"""One call, every way: the same bits, whatever the dtype and wherever the rows are cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import strategies as st

import lossgrad
from lossgrad.types import dtypes
from tests.behaviour import problems
from tests.behaviour.drawing import for_all
from tests.running import Streaming

FORMS = ("scores", "h1", "x", "both", "targets")


@pytest.fixture
def cut(addresses):
    with Streaming(addresses["gRPC"]) as client:
        yield client


def arguments(form, dtype, rows, classes, options):
    inputs = problems.labelled("x" if form == "x" else "h1", rows=rows, classes=classes, hidden=5)
    if form in ("scores", "both", "targets"):
        inputs["scores"] = problems.inputs("scores", rows=rows, classes=classes)["scores"]
    if form in ("scores", "targets"):
        inputs = {name: inputs[name] for name in ("scores", "labels")}
    if form == "targets":
        inputs["targets"] = np.abs(inputs["scores"])
        del inputs["labels"]
    kind = dtypes.to_numpy(dtype)
    cast = {n: a if n == "labels" else a.astype(kind) for n, a in inputs.items()}
    want = [*problems.gradients_of("x" if form == "x" else "scores"), "row_losses", "probs"]
    want += {"both": ["dw2", "db2", "dh1"], "h1": ["dw2", "db2"], "targets": ["dtargets"]}.get(
        form, []
    )
    return {**cast, **options, "want": want}


OPTIONS = st.sampled_from(
    [{}, {"label_smoothing": 0.1}, {"temperature": 2.0, "softcap": 30.0}, {"z_loss": 0.1}]
)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", dtypes.FLOATS)
def test_every_way_gives_the_same_bits(clients, cut, form, dtype):
    def check(case):
        rows, classes, step, options = case
        sent = arguments(form, dtype, rows, classes, options)
        cut.rows_per_message = step
        expected = clients["local"].compute(**sent)
        ways = {name: clients[name] for name in ("grpc", "grpc-aio", "unix", "shared", "http")} | {
            "cut": cut
        }
        for way, client in ways.items():
            found = client.compute(**sent)
            assert found.scalars == expected.scalars, way
            for name, array in expected.arrays.items():
                assert problems.bits(found.arrays[name]) == problems.bits(array), (way, name)

    sizes = st.tuples(st.integers(0, 600), st.integers(2, 40), st.integers(1, 300), OPTIONS)
    for_all(sizes, 4, check)


@pytest.mark.parametrize("form", ["scores", "both"])
def test_large_calls_are_streamed_by_themselves(clients, form):
    sent = arguments(form, "f32", 2000, 700, {})
    expected = clients["local"].compute(**sent)
    for way in ("grpc", "grpc-aio", "unix"):
        found = clients[way].compute(**sent)
        assert found.loss == expected.loss
        for name, array in expected.arrays.items():
            assert problems.bits(found.arrays[name]) == problems.bits(array), (way, name)


def test_inputs_of_any_kind(addresses, tmp_path):
    """Memory-mapped, read-only, strided, big-endian, with leading axes: 6 MB, so streamed."""
    rng = np.random.default_rng(0)
    path = tmp_path / "scores"
    rng.normal(size=(60, 50, 500)).astype(np.float32).tofile(path)
    mapped = np.memmap(path, np.float32, "r", shape=(60, 50, 500))
    labels = rng.integers(250, size=(60, 50))
    kinds = {
        "mapped": mapped,
        "strided": mapped[:, :, ::2],
        "reversed": mapped[::-1, ::-1],
        "swapped": mapped.astype(">f4"),
        "transposed": np.asarray(mapped).transpose(1, 0, 2).copy().transpose(1, 0, 2),
        "broadcast": np.broadcast_to(mapped[:1], mapped.shape),
    }
    with lossgrad.Client(addresses["gRPC"]) as client, lossgrad.Client("local:") as local:
        for kind, scores in kinds.items():
            found = client.compute(scores=scores, labels=labels)
            expected = local.compute(scores=np.ascontiguousarray(scores, "<f4"), labels=labels)
            assert found.loss == expected.loss, kind
            np.testing.assert_array_equal(found.dscores, expected.dscores, kind)


def test_answers_go_into_a_memory_mapped_array(addresses, tmp_path):
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(3000, 500)).astype(np.float32), rng.integers(500, size=3000)
    own = np.memmap(tmp_path / "dscores", np.float32, "w+", shape=scores.shape)
    with lossgrad.Client(addresses["gRPC"]) as client:
        result = client.compute(scores=scores, labels=labels, out={"dscores": own})
    assert result.dscores is own
    with lossgrad.Client("local:") as local:
        expected = local.compute(scores=scores, labels=labels)
    np.testing.assert_array_equal(own, expected.dscores)

"""Whatever a caller calls an array gives the same bits."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from tests.behaviour import problems

DTYPES = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]
SCORES = problems.inputs("scores", rows=6, classes=4, seed=20)["scores"]
LABELS = problems.labels(6, 4, seed=20)


class OnlyArray:
    """Has ``__array__`` and nothing else."""

    def __init__(self, array):
        self._array = array

    def __array__(self, dtype=None, copy=None):
        return self._array


class OnlyDLPack:
    """Has DLPack and nothing else."""

    def __init__(self, array):
        self._array = array

    def __dlpack__(self, **options):
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


def negative_strides(array):
    return array[::-1].copy()[::-1]


def every_other_column(array):
    wide = np.repeat(array, 2, axis=-1)
    return wide[..., ::2]


def read_only(array):
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def other_byte_order(array):
    return array.astype(array.dtype.newbyteorder())


SPELLINGS = {
    "fortran": np.asfortranarray,
    "negative_strides": negative_strides,
    "every_other_column": every_other_column,
    "read_only": read_only,
    "other_byte_order": other_byte_order,
    "array_protocol": OnlyArray,
    "dlpack": OnlyDLPack,
    "list": np.ndarray.tolist,
    "tuple": lambda array: tuple(map(tuple, array.tolist())),
    "list_of_arrays": list,
}


def same(actual, expected):
    assert actual.dtype == expected.dtype
    assert actual.tobytes() == expected.tobytes()


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_scores_in_any_spelling(client, spelling):
    plain = client.compute(scores=SCORES, labels=LABELS)
    spelt = client.compute(scores=SPELLINGS[spelling](SCORES), labels=LABELS)
    assert spelt.loss == plain.loss
    same(spelt.dscores, plain.dscores)


@pytest.mark.parametrize("spelling", ["fortran", "negative_strides", "other_byte_order", "list"])
def test_every_input_in_any_spelling(client, spelling):
    problem = problems.labelled("x", rows=6, seed=21)
    want = ["loss", *problems.gradients_of("x")]
    plain = client.compute(**problem, want=want)
    spelt = {name: SPELLINGS[spelling](value) for name, value in problem.items()}
    for name, value in client.compute(**spelt, want=want).arrays.items():
        same(value, plain.arrays[name])


def test_memory_mapped_scores(client, tmp_path):
    np.save(tmp_path / "scores.npy", SCORES)
    mapped = np.load(tmp_path / "scores.npy", mmap_mode="r")
    plain = client.compute(scores=SCORES, labels=LABELS)
    same(client.compute(scores=mapped, labels=LABELS).dscores, plain.dscores)


def test_inputs_are_not_written_to(client):
    problem = problems.labelled("x", seed=22)
    before = {name: value.copy() for name, value in problem.items()}
    client.compute(**problem, temperature=2, want=problems.gradients_of("x"))
    for name, value in problem.items():
        np.testing.assert_array_equal(value, before[name])


def test_answers_belong_to_the_caller(client):
    first = client.compute(scores=SCORES, labels=LABELS)
    kept = first.dscores.copy()
    first.dscores[:] = 0
    same(client.compute(scores=SCORES, labels=LABELS).dscores, kept)


@pytest.mark.parametrize("rows", [6, 2**12], ids=["one message", "in pieces"])
@pytest.mark.parametrize("shift", [0, 1], ids=["in place", "overlapping"])
def test_gradients_may_take_the_place_of_inputs(client, rows, shift):
    memory = problems.inputs("scores", rows=rows + shift, classes=300, seed=29)["scores"]
    scores, own = memory[:rows], memory[shift:]
    labels = problems.labels(rows, 300, seed=29)
    expected = client.compute(scores=scores, labels=labels)
    result = client.compute(scores=scores, labels=labels, out={"dscores": own})
    assert result.dscores is own
    assert result.loss == expected.loss
    same(own, expected.dscores)


@pytest.mark.parametrize("name", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", ">i2", ">u8"])
def test_labels_of_any_integer_width(client, name):
    plain = client.compute(scores=SCORES, labels=LABELS)
    same(client.compute(scores=SCORES, labels=LABELS.astype(name)).dscores, plain.dscores)


@pytest.mark.parametrize("name", ["u1", "i1", "u8", "i8"])
def test_ignore_index_that_the_labels_cannot_hold(client, name):
    plain = client.compute(scores=SCORES, labels=LABELS)
    result = client.compute(scores=SCORES, labels=LABELS.astype(name), ignore_index=-(2**40))
    same(result.dscores, plain.dscores)
    assert result.n_ignored == 0


def test_ignore_index_at_the_end_of_a_narrow_label(client):
    labels = LABELS.astype(np.uint8)
    labels[1] = 255
    assert client.compute(scores=SCORES, labels=labels, ignore_index=255).n_ignored == 1


@pytest.mark.parametrize("shape", [(2, 3), (1, 6, 1), (3, 1, 2), (6,)], ids=str)
def test_leading_axes_are_restored(client, shape):
    flat = problems.labelled("x", rows=6, seed=23)
    shaped = dict(flat)
    shaped["x"] = flat["x"].reshape(*shape, 2)
    shaped["labels"] = flat["labels"].reshape(shape)
    want = [*problems.gradients_of("x"), "row_losses", "probs", "log_partition", "predictions"]
    expected, result = (client.compute(**p, want=want) for p in (flat, shaped))
    for name, value in result.arrays.items():
        is_rowwise = name not in {"dw2", "db2", "dw1", "db1"}
        tail = expected.arrays[name].shape[1:] if is_rowwise else expected.arrays[name].shape
        assert value.shape == ((*shape, *tail) if is_rowwise else tail), name
        assert value.tobytes() == expected.arrays[name].tobytes(), name


@pytest.mark.parametrize("layout", [np.asfortranarray, other_byte_order, negative_strides])
def test_leading_axes_of_any_layout(client, layout):
    flat = problems.labelled("x", rows=12, seed=27) | {"sample_weights": np.arange(12.0)}
    shapes = {"x": (3, 2, 2, 2), "labels": (3, 2, 2), "sample_weights": (3, 2, 2)}
    shaped = {name: layout(flat[name].reshape(shape)) for name, shape in shapes.items()}
    want = ["loss", *problems.gradients_of("x"), "row_losses"]
    expected, result = (client.compute(**each, want=want) for each in (flat, flat | shaped))
    assert result.loss == expected.loss
    for name, value in result.arrays.items():
        assert value.tobytes() == expected.arrays[name].tobytes(), name


def test_a_single_row_without_leading_axes(client):
    result = client.compute(
        scores=SCORES[0], labels=int(LABELS[0]), want=["loss", "dscores", "row_losses"]
    )
    assert result.dscores.shape == (4,)
    assert result.row_losses.shape == ()
    assert result.n_rows == 1
    assert result.loss == float(result.row_losses)


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: np.dtype(d).name)
def test_gradients_have_the_dtype_of_their_quantity(client, dtype):
    problem = problems.labelled("x", dtype=dtype, seed=24)
    want = [*problems.gradients_of("x"), "probs", "row_losses", "log_partition", "predictions"]
    result = client.compute(**problem, want=want)
    fixed = {"row_losses": np.float64, "log_partition": np.float64, "predictions": np.int64}
    for name, value in result.arrays.items():
        assert value.dtype == np.dtype(fixed.get(name, dtype)), name


@pytest.mark.parametrize("dtype", DTYPES[:2], ids=lambda d: np.dtype(d).name)
def test_narrow_floats_are_one_rounding_of_the_float32_result(client, dtype):
    """Of so many entries some lie where two roundings would differ from one."""
    problem = problems.labelled("scores", rows=20_000, seed=28)
    scores, labels = problem["scores"].astype(dtype), problem["labels"]
    options = {"reduction": "sum", "want": ["loss", "dscores", "probs", "row_losses"]}
    narrow = client.compute(scores=scores, labels=labels, **options)
    single = client.compute(scores=scores.astype(np.float32), labels=labels, **options)
    assert narrow.loss == single.loss
    same(narrow.row_losses, single.row_losses)
    same(narrow.dscores, single.dscores.astype(dtype))
    same(narrow.probs, single.probs.astype(dtype))


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: np.dtype(d).name)
@pytest.mark.parametrize("form", problems.FORMS)
def test_every_transport_gives_the_same_bits(clients_of_one_server, form, dtype):
    problem = problems.labelled(form, rows=19, classes=6, hidden=5, dtype=dtype, seed=25)
    options = {"label_smoothing": 0.1, "z_loss": 1e-3, "temperature": 1.7}
    want = ["loss", "accuracy", *problems.gradients_of(form), "probs", "row_losses"]
    answers = [each.compute(**problem, **options, want=want) for each in clients_of_one_server]
    first = answers[0]
    for other in answers[1:]:
        assert other.scalars == first.scalars
        assert list(other.arrays) == list(first.arrays)
        for name, value in other.arrays.items():
            same(value, first.arrays[name])


@pytest.mark.parametrize("gradient_dtype", ["f16", "bf16", "f32", "f64"])
def test_every_transport_gives_the_same_bits_in_any_gradient_dtype(
    clients_of_one_server, gradient_dtype
):
    problem = problems.labelled("x", dtype=np.float32, seed=26)
    answers = [
        each.compute(**problem, gradient_dtype=gradient_dtype, want=problems.gradients_of("x"))
        for each in clients_of_one_server
    ]
    for other in answers[1:]:
        for name, value in other.arrays.items():
            same(value, answers[0].arrays[name])

"""PyTorch's losses as one call: names, layouts, what is asked for, dtypes."""

from __future__ import annotations

import numpy as np
import pytest

import lossgrad
from lossgrad.losses import CROSS_ENTROPY, LINEAR_CROSS_ENTROPY, LossOptions, ask
from tests.behaviour.problems import bits

RNG = np.random.default_rng(0)
SCORES = RNG.normal(size=(2, 4, 3))
"""(N, C, d1); with `LABELS` of one ignored row and `SHARES` for targets."""

LABELS = np.array([[0, 3, 2], [-100, 1, 1]])
SHARES = RNG.dirichlet(np.ones(4), (2, 3)).transpose(0, 2, 1)
ROW_WEIGHTS = np.array([[1.0, 0.0, 0.5], [2.0, 3.0, 1.5]])
CLASS_WEIGHTS = np.array([1.0, -0.5, 2.0, 3.0])

INPUT, WEIGHT, BIAS = RNG.normal(size=(5, 3)), RNG.normal(size=(4, 3)), RNG.normal(size=4)
LAYER = {"input": INPUT, "linear_weight": WEIGHT, "linear_bias": BIAS}
OF_LAYER = {"target": np.array([0, 3, -100, 1, 2])}


@pytest.fixture(scope="module")
def client():
    with lossgrad.Client("local:") as opened:
        yield opened


def asked(client, loss, arrays, wanted=(), **options):
    return ask(client, loss, arrays, LossOptions(**options), wanted)


def last(array):
    return np.moveaxis(array, 1, -1)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_classes_are_the_second_axis(client, reduction):
    arrays = {"input": SCORES, "target": LABELS, "weight": CLASS_WEIGHTS}
    answer = asked(client, CROSS_ENTROPY, arrays, ["input"], reduction=reduction)
    ours = client.compute(
        scores=last(SCORES),
        labels=LABELS,
        class_weights=CLASS_WEIGHTS,
        ignore_index=-100,
        reduction=reduction,
        want=["loss", "row_losses", "dscores"],
    )
    loss = ours.row_losses if reduction == "none" else np.array(ours.loss)
    assert bits(answer.loss) == bits(loss)
    assert bits(last(answer.gradients["input"])) == bits(ours.dscores)
    assert answer.gradients["input"].shape == SCORES.shape


def test_probabilities_are_laid_out_as_the_input(client):
    arrays = {"input": SCORES, "target": SHARES, "sample_weights": ROW_WEIGHTS}
    answer = asked(client, CROSS_ENTROPY, arrays, ["input", "target"], label_smoothing=0.1)
    ours = client.compute(
        scores=last(SCORES),
        targets=last(SHARES),
        sample_weights=ROW_WEIGHTS,
        label_smoothing=0.1,
        want=["loss", "dscores", "dtargets"],
    )
    assert answer.loss == ours.loss
    assert bits(last(answer.gradients["input"])) == bits(ours.dscores)
    assert bits(last(answer.gradients["target"])) == bits(ours.dtargets)


@pytest.mark.parametrize("rows", [(), (2,)])
def test_few_axes(client, rows):
    scores, labels = np.ones((*rows, 3)), np.zeros(rows, np.int64)
    answer = asked(
        client, CROSS_ENTROPY, {"input": scores, "target": labels}, ["input"], reduction="none"
    )
    assert answer.loss.shape == rows
    assert answer.gradients["input"].shape == scores.shape
    np.testing.assert_allclose(answer.loss, np.log(3))


def test_layer_is_laid_out_as_that_of_pytorch(client):
    wanted = ["input", "linear_weight", "linear_bias", "logits"]
    answer = asked(client, LINEAR_CROSS_ENTROPY, LAYER | OF_LAYER, wanted)
    ours = client.compute(
        h1=INPUT,
        w2=WEIGHT.T,
        b2=BIAS,
        labels=OF_LAYER["target"],
        ignore_index=-100,
        want=["loss", "dh1", "dw2", "db2", "dscores"],
    )
    assert answer.loss == ours.loss
    expected = (ours.dh1, ours.dw2.T, ours.db2, ours.dscores)
    assert answer.gradients.keys() == set(wanted)
    for name, gradient in zip(wanted, expected, strict=True):
        assert bits(answer.gradients[name]) == bits(gradient)
        assert answer.gradients[name].flags.writeable


class Recording(lossgrad.Client):
    def compute(self, **arguments):
        self.arguments = arguments
        return super().compute(**arguments)


def test_only_what_is_wanted_is_asked_for():
    with Recording("local:") as client:
        for wanted, asked_for in (
            ([], {"loss"}),
            (["input"], {"loss", "dh1"}),
            (["linear_bias", "linear_weight"], {"loss", "db2", "dw2"}),
        ):
            answer = asked(client, LINEAR_CROSS_ENTROPY, LAYER | OF_LAYER, wanted)
            assert set(client.arguments["want"]) == asked_for
            assert answer.gradients.keys() == set(wanted)


def test_nothing_is_copied_or_changed():
    before = {name: array.copy() for name, array in LAYER.items()}
    with Recording("local:") as client:
        asked(client, LINEAR_CROSS_ENTROPY, LAYER | OF_LAYER, ["input", "linear_weight"])
        sent = {"h1": "input", "w2": "linear_weight", "b2": "linear_bias"}
        for ours, name in sent.items():
            assert np.shares_memory(client.arguments[ours], LAYER[name])
        asked(client, CROSS_ENTROPY, {"input": SCORES, "target": SHARES}, ["input", "target"])
        assert np.shares_memory(client.arguments["scores"], SCORES)
        assert np.shares_memory(client.arguments["targets"], SHARES)
    for name, array in before.items():
        np.testing.assert_array_equal(LAYER[name], array)


@pytest.mark.parametrize("of", ["labels", "probabilities"])
@pytest.mark.parametrize("weights", [{}, {"sample_weights": ROW_WEIGHTS}])
def test_z_terms_are_in_the_losses_of_rows(client, of, weights):
    """Those of rows that do not count are 0, whatever is in them."""
    target = LABELS if of == "labels" else SHARES
    scores = SCORES.copy()
    if of == "labels":
        scores[1, 2, 0] = np.nan
    arrays = {"input": scores, "target": target} | weights
    rows, total = (
        asked(client, CROSS_ENTROPY, arrays, z_loss=0.3, reduction=reduction).loss
        for reduction in ("none", "sum")
    )
    np.testing.assert_allclose(rows.sum(), total, rtol=1e-14)
    without = asked(client, CROSS_ENTROPY, arrays, reduction="none").loss
    log_partition = np.log(np.exp(SCORES).sum(1))
    expected = 0.3 * weights.get("sample_weights", np.ones((2, 3))) * log_partition**2
    if of == "labels":
        expected[1, 0] = 0
    np.testing.assert_allclose(rows - without, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("dtypes", "expected"),
    [
        ({"input": np.float16}, np.float32),
        ({"input": "bfloat16"}, np.float32),
        ({"input": np.float32, "weight": np.float16}, np.float32),
        ({"input": np.float32}, np.float32),
        ({"input": np.float64, "weight": np.float16}, np.float64),
        ({"input": np.float64}, np.float64),
    ],
)
def test_gradients_have_32_bits_at_least(client, dtypes, expected):
    """Whoever multiplies them rounds them once; rounded here, small ones would be gone."""
    ml_dtypes = pytest.importorskip("ml_dtypes")
    dtypes = {n: ml_dtypes.bfloat16 if d == "bfloat16" else d for n, d in dtypes.items()}
    arrays = {"input": np.array([[40.0, 0.0]]), "weight": np.ones(2), "target": np.array([0])}
    arrays |= {name: arrays[name].astype(dtype) for name, dtype in dtypes.items()}
    if "weight" not in dtypes:
        del arrays["weight"]
    answer = asked(client, CROSS_ENTROPY, arrays, ["input"])
    assert answer.gradients["input"].dtype == expected
    np.testing.assert_allclose(answer.gradients["input"], [[-np.exp(-40), np.exp(-40)]], rtol=1e-5)
    assert answer.loss.dtype == np.float64


REFUSED = {
    "leading axes": (
        CROSS_ENTROPY,
        {"input": SCORES, "target": LABELS[0]},
        r"^target: leading shape is \(3,\), but that of input is \(2, 3\)$",
    ),
    "classes last": (
        CROSS_ENTROPY,
        {"input": last(SCORES), "target": LABELS},
        r"^input: has classes on axis 1, .* target has \(2, 3\); if they are last, move them",
    ),
    "indices as floats": (
        CROSS_ENTROPY,
        {"input": SCORES, "target": LABELS.astype(float)},
        r"^target: must have 3 axes .*floats are probabilities; class indices need an integer",
    ),
    "indices of a layer as floats": (
        LINEAR_CROSS_ENTROPY,
        LAYER | {"target": OF_LAYER["target"].astype(float)},
        r"^target: must have 2 axes .*floats are probabilities; class indices need an integer",
    ),
    "no input": (CROSS_ENTROPY, {"target": LABELS}, "^input: must be given, got None$"),
    "no target": (LINEAR_CROSS_ENTROPY, LAYER, "^target: must be given, got None$"),
    "classes of targets": (
        CROSS_ENTROPY,
        {"input": SCORES, "target": SHARES[:, :3]},
        r"^target: C is 3, but 4 in input$",
    ),
    "classes of weights": (
        CROSS_ENTROPY,
        {"input": SCORES, "target": LABELS, "weight": np.ones(3)},
        r"^weight: C is 3, but 4 in input$",
    ),
    "label": (
        CROSS_ENTROPY,
        {"input": np.ones((2, 3)), "target": np.array([0, 3])},
        r"^target: must be in \[0, 3\); 1 label is not: row 1 has 3$",
    ),
    "dtype of the target": (
        CROSS_ENTROPY,
        {"input": np.ones((2, 3)), "target": np.array([True, False])},
        r"^target: dtype must be one of i8.* got bool$",
    ),
    "width of the layer": (
        LINEAR_CROSS_ENTROPY,
        LAYER | OF_LAYER | {"linear_weight": WEIGHT[:, :2]},
        r"^linear_weight: D is 2, but 3 in input$",
    ),
    "axes of the layer": (
        LINEAR_CROSS_ENTROPY,
        LAYER | OF_LAYER | {"linear_weight": WEIGHT[None]},
        r"^linear_weight: must have shape \(C, D\), got \(1, 4, 3\)$",
    ),
    "classes of the bias": (
        LINEAR_CROSS_ENTROPY,
        LAYER | OF_LAYER | {"linear_bias": BIAS[:2]},
        r"^linear_bias: C is 2, but 4 in linear_weight$",
    ),
    "NaN": (
        CROSS_ENTROPY,
        {"input": np.array([[np.nan, 1.0]]), "target": np.array([0])},
        r"^input: must be finite .*\(0, 0\) is nan$",
    ),
    "overflow": (
        LINEAR_CROSS_ENTROPY,
        LAYER | OF_LAYER | {"input": INPUT * 1e300, "linear_weight": WEIGHT * 1e300},
        r"^logits: computed as input·linear_weight \+ linear_bias, must be finite",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_errors_have_the_names_of_the_caller(client, name):
    loss, arrays, message = REFUSED[name]
    with pytest.raises(lossgrad.InvalidArgument, match=message):
        asked(client, loss, arrays)


def test_rows_of_a_layer_have_their_classes_last(client):
    arrays = LAYER | {"input": np.ones((2, 4, 3)), "target": np.zeros((2, 4), int)}
    assert np.isfinite(asked(client, LINEAR_CROSS_ENTROPY, arrays).loss)


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_a_mask_for_sample_weights(client, reduction):
    arrays = {"input": SCORES, "target": LABELS}
    of_mask, of_weights = (
        asked(
            client,
            CROSS_ENTROPY,
            arrays | {"sample_weights": weights},
            ["input"],
            reduction=reduction,
            z_loss=0.1,
        )
        for weights in (ROW_WEIGHTS > 0, (ROW_WEIGHTS > 0).astype(float))
    )
    assert bits(of_mask.loss) == bits(of_weights.loss)
    assert bits(of_mask.gradients["input"]) == bits(of_weights.gradients["input"])


def test_options_keep_their_names(client):
    arrays = {"input": SCORES, "target": LABELS}
    with pytest.raises(lossgrad.InvalidArgument) as caught:
        asked(client, CROSS_ENTROPY, arrays, label_smoothing=2, softcap=-1)
    assert [v.field for v in caught.value.violations] == ["label_smoothing", "softcap"]


def test_index_to_ignore_beside_probabilities(client):
    """PyTorch's own is of no meaning there; another was meant."""
    arrays = {"input": SCORES, "target": SHARES}
    assert np.isfinite(asked(client, CROSS_ENTROPY, arrays, ignore_index=-100).loss)
    with pytest.raises(lossgrad.InvalidArgument, match=r"^ignore_index: "):
        asked(client, CROSS_ENTROPY, arrays, ignore_index=1)


def test_a_closed_client_says_so():
    client = lossgrad.Client("local:")
    client.close()
    with pytest.raises(lossgrad.InvalidArgument, match="closed"):
        asked(client, CROSS_ENTROPY, {"input": SCORES, "target": LABELS})


def test_timeout_is_that_of_the_call():
    with Recording("local:") as client:
        asked(client, CROSS_ENTROPY, {"input": SCORES, "target": LABELS}, timeout=7.0)
        assert client.arguments["timeout"] == 7.0


def test_options_are_checked_without_arrays():
    LossOptions(denominator=2.0, ignore_index=3, timeout=1.0).check()
    with pytest.raises(lossgrad.InvalidArgument, match=r"^reduction: .*; z_loss: "):
        LossOptions(reduction="average", z_loss=-1.0).check()
    with pytest.raises(lossgrad.InvalidArgument, match=r"^timeout: "):
        LossOptions(timeout=0).check()


def test_options_are_values():
    """JAX keeps them with what it compiles."""
    assert LossOptions(softcap=2.0) == LossOptions(softcap=2.0)
    assert len({LossOptions(), LossOptions(), LossOptions(z_loss=0.1)}) == 2


@pytest.mark.parametrize("client", [None, "localhost:50051", lossgrad.AsyncClient("local:")])
def test_what_is_no_client(client):
    with pytest.raises(
        lossgrad.InvalidArgument, match=r"^client: must be a lossgrad.Client, got \w+$"
    ):
        ask(client, CROSS_ENTROPY, {}, LossOptions(), ())

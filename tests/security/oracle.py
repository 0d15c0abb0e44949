"""What a call's answer is, and by how much it may differ: float64 around exact rows.

It shares nothing with the service but the contract's formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tests import exact

Call = dict[str, Any]


class Bounded(NamedTuple):
    """A number or an array, and how far off it may be."""

    value: Any
    allowed: Any


class Row(NamedTuple):
    """The answers for one row, before division by the denominator."""

    loss: Bounded
    gradient: Bounded
    z_term: Bounded


OPTIONS = ("label_smoothing", "temperature", "softcap", "z_loss")
COMPUTED_WITH = ("scores", "h1", "w2", "b2", "x", "w1", "b1")

SMALLEST = {"float16": 2.0**-24, "bfloat16": 2.0**-133, "float32": 2.0**-149, "float64": 2.0**-1074}
"""The smallest number of each dtype."""

DIGITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}
"""Bits of a number's digits."""


def answer(call: Call) -> dict[str, Bounded]:
    """Return every output that a call has, the loss too; rows are flattened."""
    sent = {name: _wide(value) for name, value in call.items() if isinstance(value, np.ndarray)}
    batch = _Batch(call, sent)
    found = {"row_losses": batch.losses, "dscores": batch.gradients, "loss": _loss(batch)}
    return found | (_layers(batch) if "w2" in sent else {})


def rounded(bounded: Bounded, dtype: str) -> Bounded:
    """Return what is left of a bound after one rounding to a dtype."""
    value, allowed = bounded
    rounding = 2.0 ** -DIGITS[dtype] * (np.abs(value) + allowed)
    return Bounded(value, allowed + rounding + SMALLEST[dtype])


class _Batch:
    """A call's rows, and their losses and gradients."""

    def __init__(self, call: Call, sent: Call) -> None:
        self.call, self.sent = call, sent
        wide = any(call[name].dtype == np.float64 for name in COMPUTED_WITH if name in call)
        self.unit = exact.EPSILON["float64" if wide else "float32"]
        self.scores = _scores(sent)
        self.weights = _sample_weights(call, sent, len(self.scores))
        self.targets = _targets(sent, self.scores.shape)
        self.class_weights = sent.get("class_weights", np.ones(self.scores.shape[1]))
        self.denominator = self._denominator()
        rows = [self._row(i) for i in range(len(self.scores))]
        self.losses = _joined([row.loss for row in rows], (-1,))
        self.z_terms = _joined([row.z_term for row in rows], (-1,))
        gradients = _joined([row.gradient for row in rows], self.scores.shape)
        divisor = self.denominator or np.inf
        self.gradients = Bounded(gradients.value / divisor, gradients.allowed / abs(divisor))

    @property
    def pull(self) -> float:
        """What the penalty's gradient multiplies a weight by."""
        doubled = self.call.get("reg_convention") == "full"
        return self.call.get("reg", 0.0) * (2 if doubled else 1)

    def _denominator(self) -> float:
        if "denominator" in self.call:
            return self.call["denominator"]
        if self.call.get("reduction", "mean") != "mean":
            return 1.0
        if "targets" in self.call:
            return float(self.weights.sum())
        return float((self.weights * (self.targets @ self.class_weights)).sum())

    def _row(self, i: int) -> Row:
        return self._hinge_row(i) if self.call.get("loss") == "hinge" else self._softmax_row(i)

    def _softmax_row(self, i: int) -> Row:
        row = exact.row(
            self.scores[i].tolist(),
            self.targets[i].tolist(),
            sample_weight=float(self.weights[i]),
            class_weights=self.class_weights.tolist(),
            **{name: self.call[name] for name in OPTIONS if name in self.call},
        )
        tolerance = (row.spread + 8) * self.unit
        scale = np.array(row.scale(0), float)
        largest = float(abs(row.log_partition)) + row.spread + 1
        z_scale = self.call.get("z_loss", 0.0) * self.weights[i] * largest**2
        return Row(
            Bounded(float(row.loss), 2 * tolerance * float(abs(row.loss))),
            Bounded(np.array(row.dscores, float), tolerance * scale),
            Bounded(float(row.z_term), 4 * tolerance * z_scale),
        )

    def _hinge_row(self, i: int) -> Row:
        label = self.targets[i].argmax()
        terms = self.scores[i] - self.scores[i, label] + self.call.get("margin", 1.0)
        counts = (terms > 0).astype(float)
        counts[label] = 0
        weight = self.weights[i] * self.class_weights[label]
        loss = weight * (terms * counts).sum()
        counts[label] = -counts.sum()
        tolerance = 8 * self.unit
        gradient = Bounded(weight * counts, tolerance * np.abs(weight * counts))
        return Row(Bounded(loss, tolerance * loss), gradient, Bounded(0.0, 0.0))


def _joined(parts: Sequence[Bounded], shape: tuple[int, ...]) -> Bounded:
    value, allowed = (np.array([part[at] for part in parts], float) for at in range(2))
    return Bounded(value.reshape(shape), allowed.reshape(shape))


def _loss(batch: _Batch) -> Bounded:
    divisor = batch.denominator or np.inf
    data = (batch.losses.value.sum() + batch.z_terms.value.sum()) / divisor
    allowed = (batch.losses.allowed.sum() + batch.z_terms.allowed.sum()) / abs(divisor)
    squares = sum((batch.sent[name] ** 2).sum() for name in ("w1", "w2") if name in batch.sent)
    penalty = batch.pull / 2 * squares
    return Bounded(data + penalty, allowed + 1e-15 * (abs(data) + penalty))


def _layers(batch: _Batch) -> dict[str, Bounded]:
    sent, h1 = batch.sent, _hidden(batch.sent)
    dh1 = _times(batch.gradients, sent["w2"], batch.unit)
    found = _weights(batch, "2", h1, batch.gradients) | {"dh1": dh1}
    if "x" not in sent:
        return found
    dz1 = Bounded(dh1.value * (h1 > 0), dh1.allowed * (h1 > 0))
    found |= _weights(batch, "1", _flat(sent["x"]), dz1)
    return found | {"dx": _times(dz1, sent["w1"], batch.unit)}


def _weights(batch: _Batch, layer: str, inputs: np.ndarray, pulled: Bounded) -> dict[str, Bounded]:
    """Return the gradients of a layer's weights and bias."""
    of_inputs = _times(Bounded(pulled.value.T, pulled.allowed.T), inputs.T, batch.unit)
    penalty = batch.pull * batch.sent[f"w{layer}"]
    ones = np.ones((1, len(inputs)))
    of_bias = _times(Bounded(pulled.value.T, pulled.allowed.T), ones, batch.unit)
    return {
        f"dw{layer}": Bounded(of_inputs.value.T + penalty, of_inputs.allowed.T),
        f"db{layer}": Bounded(of_bias.value[:, 0], of_bias.allowed[:, 0]),
    }


def _times(pulled: Bounded, weights: np.ndarray, unit: float) -> Bounded:
    """Return a matrix times the transposed other, which is exact."""
    value, allowed = pulled
    rounding = (len(weights.T) + 4) * unit * np.abs(value)
    return Bounded(value @ weights.T, (allowed + rounding) @ np.abs(weights.T))


def _wide(array: np.ndarray) -> np.ndarray:
    return array if array.dtype.kind in "iu" else array.astype(np.float64)


def _flat(array: np.ndarray) -> np.ndarray:
    return array.reshape(int(np.prod(array.shape[:-1])), array.shape[-1])


def _hidden(sent: Call) -> np.ndarray:
    if "h1" in sent:
        return _flat(sent["h1"])
    return np.maximum(_flat(sent["x"]) @ sent["w1"] + sent["b1"], 0)


def _scores(sent: Call) -> np.ndarray:
    return _flat(sent["scores"]) if "scores" in sent else _hidden(sent) @ sent["w2"] + sent["b2"]


def _sample_weights(call: Call, sent: Call, rows: int) -> np.ndarray:
    weights = sent.get("sample_weights", np.ones(rows)).reshape(-1)
    if "ignore_index" in call:
        weights = weights * (sent["labels"].reshape(-1).astype(object) != call["ignore_index"])
    return weights.astype(float)


def _targets(sent: Call, shape: tuple[int, ...]) -> np.ndarray:
    if "targets" in sent:
        return _flat(sent["targets"])
    return np.eye(shape[1])[sent["labels"].reshape(-1).astype(int)]

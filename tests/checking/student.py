"""What people write: plain NumPy in the dtype of their arrays, and right.

Shares nothing with the service. The maximum is subtracted; otherwise these are the
formulas as they stand in a textbook.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Net = dict[str, Any]
"""The arguments of a call."""


def in_dtype(problem: Net, dtype: Any) -> Net:
    """Return a problem with its float arrays in a dtype."""

    def cast(value: Any) -> Any:
        return value.astype(dtype) if getattr(value, "dtype", np.dtype(int)).kind == "f" else value

    return {name: cast(value) for name, value in problem.items()}


def hidden_of(p: Net) -> np.ndarray | None:
    if "x" not in p:
        return p.get("h1")
    return np.maximum(0, p["x"] @ p["w1"] + p.get("b1", 0))


def scores_of(p: Net) -> np.ndarray:
    return p["scores"] if "scores" in p else hidden_of(p) @ p["w2"] + p.get("b2", 0)


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def penalty(p: Net) -> Any:
    half = 0.5 if p.get("reg_convention", "half") == "half" else 1
    return p.get("reg", 0) * half * sum((p[w] * p[w]).sum() for w in ("w1", "w2") if w in p)


def penalty_factor(p: Net) -> float:
    return p.get("reg", 0) * (1 if p.get("reg_convention", "half") == "half" else 2)


def backward(p: Net, dscores: np.ndarray) -> Net:
    """Return the gradients behind dscores."""
    if "w2" not in p:
        return {"dscores": dscores}
    h1, reg = hidden_of(p), penalty_factor(p)
    gradients = {
        "dscores": dscores,
        "dw2": h1.T @ dscores + reg * p["w2"],
        "db2": dscores.sum(axis=0),
        "dh1": dscores @ p["w2"].T,
    }
    return gradients | (first_layer(p, gradients["dh1"] * (h1 > 0)) if "x" in p else {})


def first_layer(p: Net, dz1: np.ndarray) -> Net:
    reg = penalty_factor(p)
    return {
        "dw1": p["x"].T @ dz1 + reg * p["w1"],
        "db1": dz1.sum(axis=0),
        "dx": dz1 @ p["w1"].T,
    }


def right(p: Net) -> Net:
    """Return every quantity of a problem in two axes, options and all."""
    scores = scores_of(p)
    answer = hinge_rows(p, scores) if p.get("loss") == "hinge" else softmax_rows(p, scores)
    divisor, rest, rows = divisor_of(p, len(scores)), answer.pop("z_terms"), answer.pop("rows")
    loss = (answer["row_losses"].sum() + rest) / divisor + penalty(p)
    if "dtargets" in answer:
        answer["dtargets"] = answer["dtargets"] / divisor
    return answer | {"loss": loss} | backward(p, rows / divisor)


def weights_of(p: Net, n: int) -> np.ndarray:
    weights = np.array(p.get("sample_weights", np.ones(n)), copy=True)
    if "ignore_index" in p:
        weights[p["labels"] == p["ignore_index"]] = 0
    return weights


def divisor_of(p: Net, n: int) -> Any:
    if p.get("reduction", "mean") != "mean":
        return 1
    if "denominator" in p:
        return p["denominator"]
    weights = weights_of(p, n)
    if "class_weights" in p and "labels" in p:
        weights = weights * p["class_weights"][p["labels"] * (weights != 0)]
    return weights.sum() or np.inf


def softmax_rows(p: Net, scores: np.ndarray) -> Net:
    n, c = scores.shape
    z = scores / np.asarray(p.get("temperature", 1), scores.dtype)
    cap = p.get("softcap")
    slope = np.ones_like(z)
    if cap is not None:
        squashed = np.tanh(z / scores.dtype.type(cap))
        slope = 1 - squashed**2
        z = np.where(np.isneginf(scores), -np.inf, cap * squashed).astype(scores.dtype)
    a, eps = weights_of(p, n)[:, None], p.get("label_smoothing", 0)
    masked = np.isneginf(z)
    t = p["targets"] if "targets" in p else np.eye(c, dtype=z.dtype)[p["labels"] * (a[:, 0] != 0)]
    q = a * p.get("class_weights", 1) * ((1 - eps) * t + eps * ~masked / (~masked).sum(1)[:, None])
    m = z.max(axis=1, keepdims=True)
    lse = m + np.log(np.exp(z - m).sum(axis=1, keepdims=True))
    cost = np.where(masked, 0, lse - np.where(masked, 0, z))
    alpha, probs = p.get("z_loss", 0), softmax(z)
    rows = ((q.sum(axis=1, keepdims=True) + 2 * alpha * a * lse) * probs - q) * slope
    answer = {
        "row_losses": (q * cost).sum(axis=1),
        "probs": probs,
        "rows": rows / np.asarray(p.get("temperature", 1), scores.dtype),
        "z_terms": (alpha * a * lse**2).sum(),
    }
    if "targets" in p:
        answer["dtargets"] = a * p.get("class_weights", 1) * (1 - eps) * cost
    return answer


def hinge_rows(p: Net, scores: np.ndarray) -> Net:
    n = len(scores)
    a = weights_of(p, n)
    y = p["labels"] * (a != 0)
    weight = (a * p["class_weights"][y] if "class_weights" in p else a)[:, None]
    margins = np.maximum(0, scores - scores[range(n), y][:, None] + p.get("margin", 1))
    margins[range(n), y] = 0
    rows = (margins > 0) * weight
    rows[range(n), y] = -rows.sum(axis=1)
    return {
        "row_losses": (weight * margins).sum(axis=1),
        "probs": softmax(scores),
        "rows": rows,
        "z_terms": 0,
    }

"""Mistakes as people make them: the right code with one line wrong."""

from __future__ import annotations

import numpy as np

from tests.checking.student import (
    Net,
    backward,
    first_layer,
    hidden_of,
    penalty,
    scores_of,
    softmax,
)


def _parts(p: Net) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    scores = scores_of(p)
    n = len(scores)
    return scores, p["labels"], np.arange(n), n


def rows_of(p: Net) -> np.ndarray:
    """Return ∂/∂scores of the sum of the row losses."""
    scores, y, row, _ = _parts(p)
    if p.get("loss") == "hinge":
        dscores = (scores - scores[row, y][:, None] + 1 > 0).astype(scores.dtype)
        dscores[row, y] = 0
        dscores[row, y] = -dscores.sum(axis=1)
        return dscores
    dscores = softmax(scores)
    dscores[row, y] -= 1
    return dscores


def data_loss(p: Net) -> np.ndarray:
    """Return the row losses."""
    scores, y, row, _ = _parts(p)
    if p.get("loss") == "hinge":
        margins = np.maximum(0, scores - scores[row, y][:, None] + 1)
        margins[row, y] = 0
        return margins.sum(axis=1)
    return -np.log(softmax(scores)[row, y])


def not_divided(p: Net) -> Net:
    dscores = rows_of(p)
    return backward(p, dscores) | {"loss": data_loss(p).sum() + penalty(p)}


def divided_twice(p: Net) -> Net:
    n = len(scores_of(p))
    dscores = rows_of(p) / n
    answer = backward(p, dscores / n)
    answer["db2"] = dscores.sum(axis=0)
    answer["dscores"] = dscores
    return {name: answer[name] for name in ("dscores", "dw2") if name in answer}


def divided_by_n_for_a_sum(p: Net) -> Net:
    return backward(p, rows_of(p) / len(scores_of(p)))


def reg_missing(p: Net) -> Net:
    n = len(scores_of(p))
    return backward(p | {"reg": 0}, rows_of(p) / n) | {"loss": data_loss(p).mean()}


def other_convention(p: Net) -> Net:
    n = len(scores_of(p))
    is_half = p.get("reg_convention", "half") == "half"
    mixed = p | {"reg_convention": "full" if is_half else "half"}
    return backward(mixed, rows_of(p) / n) | {"loss": data_loss(p).mean() + penalty(mixed)}


def label_not_subtracted(p: Net) -> Net:
    scores, y, row, n = _parts(p)
    if p.get("loss") != "hinge":
        return backward(p, softmax(scores) / n)
    dscores = (scores - scores[row, y][:, None] + 1 > 0).astype(scores.dtype)
    dscores[row, y] = 0
    return backward(p, dscores / n)


def subtracted_in_every_row(p: Net) -> Net:
    scores, y, _, n = _parts(p)
    dscores = softmax(scores)
    dscores[:, y] -= 1
    return backward(p, dscores / n)


def sign_flipped(p: Net) -> Net:
    n = len(scores_of(p))
    return backward(p, -rows_of(p) / n) | {"loss": -data_loss(p).mean() + penalty(p)}


def everything_divided(p: Net) -> Net:
    """Divide the penalty along with the sum over the rows."""
    n = len(scores_of(p))
    answer = backward(p, rows_of(p))
    gradients = {name: answer[name] / n for name in ("dw2", "dw1")}
    return gradients | {"loss": (data_loss(p).sum() + penalty(p)) / n}


def everything_divided_twice(p: Net) -> Net:
    n = len(scores_of(p))
    answer = backward(p, rows_of(p) / n)
    gradients = {name: answer[name] / n for name in ("dw2", "dw1")}
    return gradients | {"loss": (data_loss(p).mean() + penalty(p)) / n}


def averaged_over_classes(p: Net) -> Net:
    size = scores_of(p).size
    return backward(p, rows_of(p) / size) | {"loss": data_loss(p).sum() / size + penalty(p)}


def step_downhill(p: Net) -> Net:
    n = len(scores_of(p))
    return {name: -g for name, g in backward(p, rows_of(p) / n).items()}


def transposed(p: Net) -> Net:
    dscores = rows_of(p) / len(scores_of(p))
    return {"dw2": dscores.T @ hidden_of(p) + p.get("reg", 0) * p["w2"].T}


def transposed_sum(p: Net) -> Net:
    return {"dw2": rows_of(p).T @ hidden_of(p) + p["reg"] * p["w2"].T}


def transposed_without_reg(p: Net) -> Net:
    return {"dw2": (rows_of(p) / len(scores_of(p))).T @ hidden_of(p)}


def transposed_sum_without_reg(p: Net) -> Net:
    return {"dw2": rows_of(p).T @ hidden_of(p)}


def transposed_scores(p: Net) -> Net:
    return {"dscores": (rows_of(p) / len(scores_of(p))).T}


def softmax_along_rows(p: Net) -> Net:
    scores, y, row, n = _parts(p)
    e = np.exp(scores - scores.max(axis=0))
    probs = e / e.sum(axis=0)
    dscores = probs.copy()
    dscores[row, y] -= 1
    return backward(p, dscores / n) | {
        "probs": probs,
        "row_losses": -np.log(probs[row, y]),
    }


def softmax_over_everything(p: Net) -> Net:
    scores, y, row, n = _parts(p)
    probs = np.exp(scores) / np.sum(np.exp(scores))
    dscores = probs.copy()
    dscores[row, y] -= 1
    return backward(p, dscores / n) | {"probs": probs}


def bias_along_classes(p: Net) -> Net:
    return {"db2": np.sum(rows_of(p) / len(scores_of(p)), axis=1)}


def bias_kept_as_rows(p: Net) -> Net:
    return {"db2": rows_of(p) / len(scores_of(p))}


def bias_kept_as_row(p: Net) -> Net:
    return {"db2": np.sum(rows_of(p) / len(scores_of(p)), axis=0, keepdims=True)}


def bias_kept_as_column(p: Net) -> Net:
    return {"db2": np.sum((rows_of(p) / len(scores_of(p))).T, axis=1, keepdims=True)}


def losses_kept_as_column(p: Net) -> Net:
    return {"row_losses": data_loss(p)[:, None]}


def bias_averaged(p: Net) -> Net:
    dscores = rows_of(p) / len(scores_of(p))
    return {"dscores": dscores, "db2": np.mean(dscores, axis=0)}


def hidden_bias_averaged(p: Net) -> Net:
    h1, dh1 = hidden_of(p), rows_of(p) / len(scores_of(p)) @ p["w2"].T
    return {"db1": np.mean(dh1 * (h1 > 0), axis=0)}


def softmax_of_softmax(p: Net) -> Net:
    scores, y, row, n = _parts(p)
    probs = softmax(softmax(scores))
    dscores = probs.copy()
    dscores[row, y] -= 1
    return backward(p, dscores / n) | {
        "probs": probs,
        "loss": -np.log(probs[row, y]).mean() + penalty(p),
    }


def softmax_before_the_loss(p: Net) -> Net:
    """Return what autograd gives of cross_entropy(softmax(scores), y)."""
    scores, y, row, n = _parts(p)
    first = softmax(scores)
    g = softmax(first)
    loss = -np.log(g[row, y]).mean() + penalty(p)
    g[row, y] -= 1
    g = g / n
    dscores = first * (g - (first * g).sum(axis=1, keepdims=True))
    return backward(p, dscores) | {"loss": loss}


def temperature_not_in_the_gradient(p: Net) -> Net:
    _, y, row, n = _parts(p)
    dscores = softmax(scores_of(p) / scores_of(p).dtype.type(p["temperature"]))
    dscores[row, y] -= 1
    return backward(p, dscores / n)


def temperature_forgotten(p: Net) -> Net:
    return backward(p, rows_of(p) / len(scores_of(p))) | {"loss": data_loss(p).mean() + penalty(p)}


def binary_logarithm(p: Net) -> Net:
    scores, y, row, _ = _parts(p)
    losses = -np.log2(softmax(scores)[row, y])
    return {"row_losses": losses, "loss": losses.mean() + penalty(p)}


def decimal_logarithm(p: Net) -> Net:
    scores, y, row, _ = _parts(p)
    losses = -np.log10(softmax(scores)[row, y])
    return {"row_losses": losses, "loss": losses.mean() + penalty(p)}


def added_to_probability(p: Net) -> Net:
    scores, y, row, _ = _parts(p)
    losses = -np.log(softmax(scores)[row, y] + 1e-9)
    return {"row_losses": losses, "loss": losses.mean() + penalty(p)}


def clipped_probability(p: Net) -> Net:
    scores, y, row, _ = _parts(p)
    losses = -np.log(np.clip(softmax(scores)[row, y], 1e-7, 1))
    return {"row_losses": losses, "loss": losses.mean() + penalty(p)}


def relu_not_gated(p: Net) -> Net:
    return first_layer(p, rows_of(p) / len(scores_of(p)) @ p["w2"].T)


def relu_gated_by_gradient(p: Net) -> Net:
    dh1 = rows_of(p) / len(scores_of(p)) @ p["w2"].T
    dh1[dh1 <= 0] = 0
    return first_layer(p, dh1)


def relu_gated_early(p: Net) -> Net:
    dh1 = rows_of(p) / len(scores_of(p)) @ p["w2"].T
    dh1[hidden_of(p) <= 0] = 0
    return {"dh1": dh1}


def smoothing_left_out(p: Net) -> Net:
    return backward(p, rows_of(p) / len(scores_of(p)))


def smoothed_over_others(p: Net) -> Net:
    scores, y, row, n = _parts(p)
    eps, classes = p["label_smoothing"], scores.shape[1]
    t = np.full_like(scores, eps / (classes - 1))
    t[row, y] = 1 - eps
    return backward(p, (softmax(scores) - t) / n) | {
        "row_losses": -(t * np.log(softmax(scores))).sum(axis=1)
    }


def weighted_sum_over_n(p: Net) -> Net:
    _, y, _, n = _parts(p)
    weights = p["class_weights"][y] if "class_weights" in p else p["sample_weights"]
    dscores = rows_of(p) * weights[:, None]
    return backward(p, dscores / n) | {"loss": (weights * data_loss(p)).sum() / n}


def ignored_in_the_mean(p: Net) -> Net:
    _, y, _, n = _parts(p)
    dscores = rows_of(p)
    dscores[y == p["ignore_index"]] = 0
    return backward(p, dscores / n)


def ignored_not_zeroed(p: Net) -> Net:
    return backward(p, rows_of(p) / len(scores_of(p))) | {"loss": data_loss(p).mean()}


def not_divided_and_no_reg(p: Net) -> Net:
    return backward(p | {"reg": 0}, rows_of(p))


def unstable(p: Net) -> Net:
    scores, y, row, n = _parts(p)
    e = np.exp(scores)
    probs = e / e.sum(axis=1, keepdims=True)
    loss = -np.log(probs[row, y]).mean()
    dscores = probs.copy()
    dscores[row, y] -= 1
    return backward(p, dscores / n) | {"probs": probs, "loss": loss}

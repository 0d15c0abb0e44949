"""q: what a row's targets weigh, whichever way they were stated."""

from __future__ import annotations

import numpy as np

from lossgrad_service.kernels.arrays import Array


def one_hot(labels: Array, classes: int) -> Array:
    """Return t with t_iy = 1 and 0 elsewhere.

    Parameters
    ----------
    labels
        y, (n,), integers in [0, C).
    classes
        C.

    Returns
    -------
    Array
        (n, C), float64.
    """
    targets = np.zeros((len(labels), classes))
    targets[np.arange(len(labels)), labels] = 1
    return targets


def smoothed(targets: Array, unmasked: Array, smoothing: float) -> Array:
    """Return (1 − ε)·t + ε·[s > −∞]/K.

    Parameters
    ----------
    targets
        t, (n, C), float64.
    unmasked
        s > −∞, (n, C), bool; K counts a row's.
    smoothing
        ε, in [0, 1].

    Returns
    -------
    Array
        (n, C), float64.
    """
    share = smoothing / np.count_nonzero(unmasked, axis=1)
    mixed = unmasked * share[:, None]
    mixed += (1 - smoothing) * targets
    return mixed


def masses(targets: Array, row_weight: Array, class_weight: Array | None) -> Array:
    """Return q = a_i·c_j·t_ij, exactly 0 in rows with a_i = 0 whatever their targets.

    Parameters
    ----------
    targets
        t, smoothed or not, (n, C), float64.
    row_weight
        a, (n,), float64.
    class_weight
        c, (C,), float64; None is 1 everywhere.

    Returns
    -------
    Array
        (n, C), float64.
    """
    mass = targets * row_weight[:, None]
    if class_weight is not None:
        mass *= class_weight
    mass[row_weight == 0] = 0
    return mass

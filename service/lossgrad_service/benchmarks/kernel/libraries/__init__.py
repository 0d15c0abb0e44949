"""What others make of the same arrays, each asked as its users would."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

DISTRIBUTIONS = {"PyTorch": "torch", "scikit-learn": "scikit-learn", "JAX": "jax"}
"""Libraries that are timed where they are installed, and what they are installed as."""


def version_of(library: str) -> str | None:
    """Return the version of a library, without what tells builds apart; None if it is not there."""
    try:
        return version(DISTRIBUTIONS[library]).partition("+")[0]
    except PackageNotFoundError:
        return None


def is_there(way: str) -> bool:
    """Return whether a way can be gone: those that need no further package always can."""
    return way not in DISTRIBUTIONS or version_of(way) is not None

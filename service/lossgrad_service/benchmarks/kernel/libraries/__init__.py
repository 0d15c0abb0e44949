"""What others make of the same arrays, each as its users would ask it."""

from __future__ import annotations

from importlib.util import find_spec

PACKAGES = {"PyTorch": "torch", "scikit-learn": "sklearn", "JAX": "jax"}
"""Libraries that are timed where they are installed, and what has to be imported."""


def is_installed(library: str) -> bool:
    """Return whether a way can be gone; what needs no further package always can."""
    return library not in PACKAGES or find_spec(PACKAGES[library]) is not None

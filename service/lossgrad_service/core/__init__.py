"""From a checked problem to its result; the only caller of the kernels."""

from lossgrad_service.core.compute import compute

__all__ = ["compute"]

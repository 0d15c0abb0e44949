"""From a checked problem to its result; the only caller of the kernels.

`compute` holds BLAS at one thread by itself; whoever makes many calls may hold it
around them all, with `one_thread`.
"""

from lossgrad_service.core.in_memory import compute
from lossgrad_service.kernels.blas import one_thread

__all__ = ["compute", "one_thread"]

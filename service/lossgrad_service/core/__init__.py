"""From a checked problem to its result; the only caller of the kernels.

`compute` loads or compiles what it needs, unless `warm_up` did so ahead;
`keep_compiled_in` says where compiled code is kept.
"""

from lossgrad_service.core.cost import is_quick
from lossgrad_service.core.gathering import Rows, n_rows_of
from lossgrad_service.core.in_memory import compute
from lossgrad_service.core.row_stream import RowStream
from lossgrad_service.core.warming import warm_up
from lossgrad_service.kernels.compiling.cache import keep_in as keep_compiled_in

__all__ = [
    "RowStream",
    "Rows",
    "compute",
    "is_quick",
    "keep_compiled_in",
    "n_rows_of",
    "warm_up",
]

"""Sums of 16 bits, of which parts are asked for in more.

Rounded part by part they would lose most of their digits wherever parts cancel out. Outputs with
rows then come in more bits as well, since a call has one dtype for all; rounded here they have
the same bits as if a server had done it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lossgrad.compute_call import ComputeCall
from lossgrad.types import dtypes
from lossgrad.types.limits import SUMS
from lossgrad.types.problem import Problem
from lossgrad.types.quantities import OUTPUTS
from lossgrad.types.result import Result

_HALVES: Final = frozenset({"f16", "bf16"})


def widened(call: ComputeCall) -> ComputeCall:
    """Return the call whose parts are asked for: itself, unless sums of 16 bits are wanted."""
    problem = call.problem
    if not any(problem.dtype_of(name) in _HALVES for name in problem.want if name in SUMS):
        return call
    options = {**problem.options.chosen, "gradient_dtype": _widest(problem)}
    return ComputeCall.of({**problem.inputs, **options}, None)


def _widest(problem: Problem) -> str:
    """Return a dtype that holds every gradient that is wanted, and rows as they are computed.

    In fewer bits than those rows would be rounded twice.
    """
    gradients = [n for n in problem.want if n in OUTPUTS and OUTPUTS[n].gradient_of is not None]
    computed = "f64" if problem.form.row_dtype == np.float64 else "f32"
    return dtypes.widest([computed, *map(problem.dtype_of, gradients)])


@np.errstate(all="ignore")
def narrowed(result: Result, call: ComputeCall) -> Result:
    """Return the answer to `call` that the answer to the call of `widened` is, rounded once."""
    outputs = vars(result)
    for name, array in result.arrays.items():
        if dtypes.to_name(array.dtype) != call.problem.dtype_of(name):
            outputs[name] = call.room_for(name)
            outputs[name][...] = array
    return result

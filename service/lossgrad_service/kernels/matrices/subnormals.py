"""Matrix products that take subnormal entries for 0.

Probabilities of unlikely classes are subnormal by the million, and processors of x86 multiply such
numbers some hundred times slower than others: 4096×512 by 4096×1000 of which a quarter was
subnormal took 23 s, and takes 0.05 s so. What is lost is below the smallest normal number, which is
the bound of such entries anyway. Other processors lose no time by them.
"""

from __future__ import annotations

import platform
from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from lossgrad_service.kernels.arrays import Array
from lossgrad_service.kernels.compiling.compiled import program

_IS_X86: Final = platform.machine().lower() in {"x86_64", "amd64"}

_intrinsic: Any = intrinsic
"""Its types are of what is decorated, and not of what that becomes."""

_SUBNORMALS_ARE_ZEROS: Final = 0x40
"""The bit of MXCSR, the word that controls floating point in a thread, for what is read."""


@_intrinsic
def _control(_context: Any) -> Any:
    """Return the MXCSR of this thread."""

    def generate(_target: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        place = cgutils.alloca_once(builder, ir.IntType(32))
        _call(builder, "llvm.x86.sse.stmxcsr", place)
        return builder.load(place)

    return types.uint32(), generate


@_intrinsic
def _set_control(_context: Any, _word: Any) -> Any:
    """Set the MXCSR of this thread."""

    def generate(target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        _call(builder, "llvm.x86.sse.ldmxcsr", cgutils.alloca_once_value(builder, arguments[0]))
        return target.get_dummy_value()

    return types.void(types.uint32), generate


def _call(builder: Any, instruction: str, place: Any) -> None:
    address = ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [address])
    function = builder.module.declare_intrinsic(instruction, (), kind)
    builder.call(function, [builder.bitcast(place, address)])


@program
def _ignore_subnormals() -> int:
    """Have this thread take subnormal numbers for 0; return its control word before."""
    before = _control()
    _set_control(before | types.uint32(_SUBNORMALS_ARE_ZEROS))
    return before


@program
def _set_back(before: int) -> None:
    """Set this thread's control word."""
    _set_control(types.uint32(before))


def _multiply(a: Array, b: Array, out: Array | None = None) -> Array:
    before = _ignore_subnormals()
    try:
        return np.matmul(a, b, out=out)
    finally:
        _set_back(before)


multiply = _multiply if _IS_X86 else np.matmul
"""Return a·b, into `out` where there is one, with subnormal entries of a and b as 0."""

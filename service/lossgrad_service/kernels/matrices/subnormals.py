"""Programs that take subnormal numbers for 0.

Probabilities of unlikely classes are subnormal by the million, and some processors of x86 multiply
such numbers some hundred times slower than others: 4096×512 by 4096×1000 of which a quarter was
subnormal took 23 s, and takes 0.05 s so. What is lost is below the smallest normal number for
each product that is added, which is the bound of such entries anyway. Other processors lose no
time by them, and keep them.
"""

from __future__ import annotations

from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core import cgutils

from lossgrad_service.kernels.compiling.machine import IS_X86, instruction

_SUBNORMALS_ARE_ZEROS: Final = 0x40
"""The bit of MXCSR, the word that controls floating point in a thread, for what is read."""

_WORD = ir.IntType(32)


@instruction
def ignore_subnormals(typing_context: Any) -> Any:
    """Have this thread take subnormal numbers for 0; return its control word before."""
    del typing_context

    def generate(_context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        if not IS_X86:
            return ir.Constant(_WORD, 0)
        place = cgutils.alloca_once(builder, _WORD)
        _call(builder, "llvm.x86.sse.stmxcsr", place)
        before = builder.load(place)
        builder.store(builder.or_(before, ir.Constant(_WORD, _SUBNORMALS_ARE_ZEROS)), place)
        _call(builder, "llvm.x86.sse.ldmxcsr", place)
        return before

    return types.uint32(), generate


@instruction
def set_back(typing_context: Any, before: Any) -> Any:
    """Set this thread's control word to what it was."""
    del typing_context

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        if IS_X86:
            place = cgutils.alloca_once_value(builder, arguments[0])
            _call(builder, "llvm.x86.sse.ldmxcsr", place)
        return context.get_dummy_value()

    return types.void(before), generate


def _call(builder: Any, instruction: str, place: Any) -> None:
    address = ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [address])
    function = builder.module.declare_intrinsic(instruction, (), kind)
    builder.call(function, [builder.bitcast(place, address)])

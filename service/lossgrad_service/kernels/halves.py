"""float16 and bfloat16, read and written as the 16 bits that they are.

NumPy converts them an entry at a time. Here float16 takes the machine's own
conversion and bfloat16, the upper half of a float32, a shift.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from lossgrad_service.kernels.arrays import Array
from lossgrad_service.kernels.compiled import formula, program
from lossgrad_service.kernels.machine import bits32, float32_of, instruction


@instruction
def _float32_of_half(typing_context: Any, bits: Any) -> Any:
    """Return the float32 of a float16, exactly."""
    del typing_context, bits

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        del context, signature
        return builder.fpext(builder.bitcast(arguments[0], ir.HalfType()), ir.FloatType())

    return types.float32(types.uint16), generate


@instruction
def _half_of_float32(typing_context: Any, number: Any) -> Any:
    """Return the bits of the float16 nearest to a float32, ties to even."""
    del typing_context, number

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        del context, signature
        return builder.bitcast(builder.fptrunc(arguments[0], ir.HalfType()), ir.IntType(16))

    return types.uint16(types.float32), generate


@formula
def _brain_of_float32(number: Any) -> Any:
    """Return the bits of the bfloat16 nearest to a float32, ties to even; NaN stays NaN."""
    bits = bits32(number)
    if number != number:
        return np.uint16((bits >> np.uint32(16)) | np.uint32(0x40))
    odd = (bits >> np.uint32(16)) & np.uint32(1)
    return np.uint16((bits + (np.uint32(0x7FFF) + odd)) >> np.uint32(16))


@program
def widen_halves(bits: Array, numbers: Array) -> None:
    """Write the float32 of each float16; both (n, C), `bits` as uint16."""
    for i in range(len(bits)):
        for j in range(bits.shape[1]):
            numbers[i, j] = _float32_of_half(bits[i, j])


@program
def narrow_to_halves(numbers: Array, bits: Array) -> None:
    """Write the float16 nearest to each float32; both (n, C), `bits` as uint16."""
    for i in range(len(bits)):
        for j in range(bits.shape[1]):
            bits[i, j] = _half_of_float32(numbers[i, j])


@program
def widen_brains(bits: Array, numbers: Array) -> None:
    """Write the float32 of each bfloat16; both (n, C), `bits` as uint16."""
    for i in range(len(bits)):
        for j in range(bits.shape[1]):
            numbers[i, j] = float32_of(np.uint32(bits[i, j]) << np.uint32(16))


@program
def narrow_to_brains(numbers: Array, bits: Array) -> None:
    """Write the bfloat16 nearest to each float32; both (n, C), `bits` as uint16."""
    for i in range(len(bits)):
        for j in range(bits.shape[1]):
            bits[i, j] = _brain_of_float32(numbers[i, j])

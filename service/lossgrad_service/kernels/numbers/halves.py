"""float16 and bfloat16, read and written as the 16 bits that they are.

NumPy converts them an entry at a time. Here integers do it in lanes: bfloat16 is the
upper half of a float32, and a float16 has other widths of the same parts. Not every
machine has instructions for it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossgrad_service.kernels.arrays import Array
from lossgrad_service.kernels.compiling.compiled import formula, program
from lossgrad_service.kernels.compiling.machine import bits32, float32_of

_SIGN = np.uint32(0x8000)
_HALF_MAGNITUDE = np.uint32(0x7FFF)
_HALF_INFINITY = np.uint32(0x7C00)
_HALF_NAN = np.uint32(0x7E00)
_INFINITY = np.uint32(0x7F800000)
_SHIFT = np.uint32(13)
_HALVES_REBIASED = np.float32(2.0**112)
"""What the bits of a float16, moved to those of a float32, are too small by."""
_REBIAS = np.uint32(112 << 23)
_BEYOND_HALVES = np.float32(65520)
"""What rounds to infinity, and all that is larger."""
_SMALLEST_NORMAL_HALF = np.float32(2.0**-14)
_HALF_SPACING = np.float32(0.5)
"""Has the subnormal float16's spacing: adding it rounds to them."""


@formula
def _float32_of_half(bits: Any) -> Any:
    """Return the float32 of a float16, exactly."""
    wide = np.uint32(bits)
    magnitude = (wide & _HALF_MAGNITUDE) << _SHIFT
    scaled = bits32(float32_of(magnitude) * _HALVES_REBIASED)
    is_finite = (wide & _HALF_INFINITY) != _HALF_INFINITY
    scaled = scaled if is_finite else magnitude | _INFINITY
    return float32_of(scaled | ((wide & _SIGN) << np.uint32(16)))


@formula
def _half_of_float32(number: Any) -> Any:
    """Return the bits of the float16 nearest to a float32, ties to even; NaN stays NaN."""
    size = abs(number)
    bits = bits32(size)
    odd = (bits >> _SHIFT) & np.uint32(1)
    normal = (bits - _REBIAS + np.uint32(0xFFF) + odd) >> _SHIFT
    subnormal = bits32(size + _HALF_SPACING) - bits32(_HALF_SPACING)
    half = subnormal if size < _SMALLEST_NORMAL_HALF else normal
    half = _HALF_INFINITY if size >= _BEYOND_HALVES else half
    half = _HALF_NAN if size != size else half
    return np.uint16(half | ((bits32(number) >> np.uint32(16)) & _SIGN))


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

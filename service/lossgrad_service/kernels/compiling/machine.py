"""Instructions of the machine that Python has no word for."""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

IS_X86: Final = platform.machine().lower() in {"x86_64", "amd64"}

_WORD = ir.IntType(32)
_ADDRESS = ir.IntType(8).as_pointer()


def instruction(generator: Callable[..., Any]) -> Callable[..., Any]:
    """Make an instruction of compiled code of what generates it, given types."""
    return intrinsic(generator)


def _llvm_operation(name: str, operands: int) -> Any:
    """Return the operation of LLVM on numbers of one float type that is called `llvm.<name>`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = context.get_value_type(signature.return_type)
        function_type = ir.FunctionType(kind, [kind] * operands)
        function = builder.module.declare_intrinsic(f"llvm.{name}", [kind], function_type)
        return builder.call(function, arguments)

    return generate


@instruction
def maximum(typing_context: Any, a: Any, b: Any) -> Any:
    """Return the larger of two floats of one type; NaN if either is.

    It is one instruction in lanes; Numba's own ``max`` is a branch for every entry.
    """
    del typing_context
    return a(a, b), _llvm_operation("maximum", 2)


@instruction
def fma(typing_context: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a·b + c of three floats of one type, rounded once."""
    del typing_context
    return a(a, b, c), _llvm_operation("fma", 3)


def _same_bits(source: Any, target: Any) -> Callable[..., Any]:
    """Return the function that reads the bits of one type as those of another."""

    @instruction
    def read(typing_context: Any, value: Any) -> Any:
        del typing_context, value

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.bitcast(arguments[0], context.get_value_type(signature.return_type))

        return target(source), generate

    return read


bits32 = _same_bits(types.float32, types.uint32)
bits64 = _same_bits(types.float64, types.uint64)
float32_of = _same_bits(types.uint32, types.float32)
float64_of = _same_bits(types.uint64, types.float64)


@instruction
def fetch(typing_context: Any, array: Any, index: Any) -> Any:
    """Ask for the memory of `array[index]`, which may lie beyond the array's end."""
    del typing_context

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = make_array(signature.args[0])(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), _ADDRESS)
        function_type = ir.FunctionType(ir.VoidType(), [_ADDRESS, _WORD, _WORD, _WORD])
        prefetch = builder.module.declare_intrinsic("llvm.prefetch", [_ADDRESS], function_type)
        for_reading, into_second_level, data_cache = (ir.Constant(_WORD, n) for n in (0, 2, 1))
        builder.call(prefetch, [address, for_reading, into_second_level, data_cache])
        return context.get_dummy_value()

    return types.void(array, index), generate

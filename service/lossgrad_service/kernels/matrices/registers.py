"""Sums of products that stay in the processor's registers until they are done.

Memory brings a register or two in the time in which two are multiplied and added to sums:
a product is as quick as its sums stay where they are and its factors are used again. A **piece** of aᵀ·b
has its sums in `ROWS`·`VECTORS` registers. Each k brings `ROWS` numbers of a and `VECTORS` registers of b, and
each of these is multiplied by each of those.

Every sum is made in the order of k, by fused multiply-adds, however wide registers are and wherever
in a piece it stands: its bits depend on nothing else.
"""

from __future__ import annotations

import platform
from typing import Any, Final, NamedTuple

from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
from numba import types
from numba.core.cgutils import get_or_insert_function
from numba.np.arrayobj import make_array

from lossgrad_service.kernels.compiling.machine import instruction

_FEATURES: Final = get_host_cpu_features()
_IS_X86: Final = platform.machine().lower() in {"x86_64", "amd64"}

REGISTER_BYTES: Final = 64 if _FEATURES.get("avx512f") else 32 if _FEATURES.get("avx") else 16

ROWS: Final = 4 if _IS_X86 and REGISTER_BYTES < 64 else 8
"""Rows of a piece."""

VECTORS: Final = 3
"""Registers of a row of a piece, at most: sums take 24 of 32 registers, or 12 of 16."""

_INDEX = ir.IntType(64)


@instruction
def add_up(
    typing_context: Any,
    a: Any,
    i: Any,
    step: Any,
    b: Any,
    j: Any,
    vectors: Any,
    depth: Any,
    sums: Any,
) -> Any:
    """Set `sums`, (ROWS, VECTORS registers), to a piece of aᵀ·b, in its first `vectors` registers.

    Row k of a is the `ROWS` entries from a[i + k·step] on, for each k < depth; that of b is the
    `vectors` registers from b[j + k·`vectors` registers] on.
    """
    del typing_context

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def address(array: int, *start: Any) -> Any:
            value = make_array(signature.args[array])(context, builder, arguments[array])
            return builder.gep(value.data, start) if start else value.data

        number = context.get_value_type(a.dtype)
        vector = ir.VectorType(number, REGISTER_BYTES * 8 // a.dtype.bitwidth)
        factors = _Factors(
            builder, vector, address(0, arguments[1]), arguments[2], address(3, arguments[4])
        )
        _for_each_width(builder, arguments[5], factors, arguments[6], address(7))
        return context.get_dummy_value()

    return types.void(a, i, step, b, j, vectors, depth, sums), generate


class _Factors(NamedTuple):
    """Where the factors of a piece lie, and in what registers they are multiplied."""

    builder: Any
    vector: Any
    a: Any
    step: Any
    b: Any

    def rows(self, k: Any) -> list[Any]:
        """Return the entries of row k of a, each of them as a whole register."""
        start = self.builder.mul(k, self.step)
        return [self._repeated(self.builder.add(start, _whole(row))) for row in range(ROWS)]

    def _repeated(self, index: Any) -> Any:
        builder, nothing = self.builder, ir.Constant(self.vector, ir.Undefined)
        entry = builder.load(builder.gep(self.a, [index]))
        first = builder.insert_element(nothing, entry, ir.Constant(ir.IntType(32), 0))
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), self.vector.count), None)
        return builder.shuffle_vector(first, nothing, everywhere)

    def columns(self, k: Any, vectors: int) -> list[Any]:
        """Return the registers of row k of b."""
        start = self.builder.mul(k, _whole(vectors * self.vector.count))
        return [
            self.builder.load(self.register(self.b, start, vector), align=1)
            for vector in range(vectors)
        ]

    def register(self, data: Any, start: Any, vector: int) -> Any:
        """Return the address of a register's worth of entries."""
        index = self.builder.add(start, _whole(vector * self.vector.count))
        address = self.builder.gep(data, [index])
        return self.builder.bitcast(address, self.vector.as_pointer())

    def multiply_add(self, x: Any, y: Any, total: Any) -> Any:
        """Return x·y + total, rounded once where the machine does that by itself."""
        if _IS_X86 and not _FEATURES.get("fma"):
            return self.builder.fadd(self.builder.fmul(x, y), total)
        name = f"llvm.fma.v{self.vector.count}{self.vector.element.intrinsic_name}"
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        function = get_or_insert_function(self.builder.module, kind, name)
        return self.builder.call(function, [x, y, total])


def _whole(number: int) -> Any:
    return ir.Constant(_INDEX, number)


def _for_each_width(builder: Any, vectors: Any, factors: _Factors, depth: Any, sums: Any) -> None:
    """Write a loop for each number of registers, and the choice of one."""
    after = builder.append_basic_block("after")
    choice = builder.switch(vectors, after)
    for width in range(1, VECTORS + 1):
        block = builder.append_basic_block(f"of{width}")
        choice.add_case(_whole(width), block)
        builder.position_at_end(block)
        _store(factors, _loop(factors, depth, width), sums)
        builder.branch(after)
    builder.position_at_end(after)


def _loop(factors: _Factors, depth: Any, vectors: int) -> list[list[Any]]:
    """Write the loop over k; return the sums behind it, by row."""
    builder, before = factors.builder, factors.builder.block
    loop, behind = (builder.append_basic_block(name) for name in ("loop", "behind"))
    builder.branch(loop)
    builder.position_at_end(loop)
    k = builder.phi(_INDEX)
    sums = [[builder.phi(factors.vector) for _ in range(vectors)] for _ in range(ROWS)]
    rows, columns = factors.rows(k), factors.columns(k, vectors)
    added = [
        [factors.multiply_add(a, b, total) for b, total in zip(columns, totals, strict=True)]
        for a, totals in zip(rows, sums, strict=True)
    ]
    following = builder.add(k, _whole(1))
    k.add_incoming(_whole(0), before)
    k.add_incoming(following, loop)
    for totals, new in zip(sums, added, strict=True):
        for phi, value in zip(totals, new, strict=True):
            phi.add_incoming(ir.Constant(factors.vector, None), before)
            phi.add_incoming(value, loop)
    builder.cbranch(builder.icmp_signed("<", following, depth), loop, behind)
    builder.position_at_end(behind)
    return added


def _store(factors: _Factors, piece: list[list[Any]], sums: Any) -> None:
    for row, totals in enumerate(piece):
        start = _whole(row * VECTORS * factors.vector.count)
        for vector, total in enumerate(totals):
            factors.builder.store(total, factors.register(sums, start, vector), align=1)

"""Sums of products that stay in the processor's registers until they are done.

In the time in which memory brings one register, four are multiplied and added to sums: a product
is quick where its sums stay in registers and what memory brings is used again. A **piece** of aᵀ·b
has its sums in `ROWS`·`VECTORS` registers. Each k brings `ROWS` numbers of a and `VECTORS`
registers of b, and each of these is multiplied by each of those.

Every sum is made in the order of k, by fused multiply-adds, however wide registers are and
wherever in a piece it stands: its bits depend on its factors alone. (Where a processor has no such
instruction, a product is rounded before it is added.)

The compiler of the kernels finds lanes in loops, but not such blocks of registers, so that the
loop is written here in its own terms.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from llvmlite import ir
from numba import types
from numba.core.cgutils import get_or_insert_function
from numba.core.registry import cpu_target
from numba.np.arrayobj import make_array

from lossgrad_service.kernels.compiling.machine import IS_X86, instruction

_OF_KIND: Final = {
    **dict.fromkeys(("generic", "x86-64", "x86-64-v2"), frozenset[str]()),
    "x86-64-v4": frozenset({"+fma", "+avx512f"}),
}
"""What kinds of processors have that are compiled for by name alone; others have "+fma"."""

_TARGET: Any = cpu_target.target_context
_, _KIND, _NAMED = _TARGET.codegen().magic_tuple()
_FEATURES: Final = frozenset(_NAMED.split(",")) if _NAMED else _OF_KIND.get(_KIND, {"+fma"})
"""Of the processor that Numba compiles for, each with a + before it, or with a − where missing."""

_HAS_FUSED: Final = not IS_X86 or "+fma" in _FEATURES

REGISTER_BYTES: Final = 64 if "+avx512f" in _FEATURES else 32
"""Registers of 16 bytes are taken in pairs."""

VECTORS: Final = 3
"""Registers of a row of a piece, at most."""

ROWS: Final = REGISTER_BYTES // 8
"""Rows of a piece: sums take 24 of AVX-512's 32 registers, 12 of AVX2's 16, 24 of NEON's 32."""

_INDEX = ir.IntType(64)
_PLACE = ir.IntType(32)


@instruction
def add_up(
    typing_context: Any,
    a: Any,
    i: Any,
    a_step: Any,
    b: Any,
    j: Any,
    vectors: Any,
    depth: Any,
    sums: Any,
) -> Any:
    """Set `sums`, (ROWS, VECTORS registers), to a piece of aᵀ·b of some registers in each row.

    Row k of a is a[i + k·a_step], …, `ROWS` entries, for each k < depth, of which there is one
    at least; that of b is the `vectors` registers from b[j + k·(their entries)] on. What lies
    behind these in a row of `sums` stays as it was. All three are one-dimensional, of one float
    type.
    """
    del typing_context

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def data(place: int) -> Any:
            return make_array(signature.args[place])(context, builder, arguments[place]).data

        number = context.get_value_type(a.dtype)
        vector = ir.VectorType(number, REGISTER_BYTES * 8 // a.dtype.bitwidth)
        first_a = builder.gep(data(0), [arguments[1]])
        first_b = builder.gep(data(3), [arguments[4]])
        code = _Code(builder, vector, first_a, arguments[2], first_b, arguments[6], data(7))
        code.write_each_width(arguments[5])
        return context.get_dummy_value()

    return types.void(a, i, a_step, b, j, vectors, depth, sums), generate


class _Code(NamedTuple):
    """Writes the code of a piece.

    Its methods' arguments and results are values of that code, but for plain numbers.
    """

    builder: Any
    vector: Any
    """The type of a register."""
    a: Any
    a_step: Any
    b: Any
    depth: Any
    sums: Any

    def write_each_width(self, vectors: Any) -> None:
        """Write pieces of each number of registers in a row, and the choice of one."""
        builder = self.builder
        after = builder.append_basic_block("after")
        choice = builder.switch(vectors, after)
        for width in range(1, VECTORS + 1):
            block = builder.append_basic_block(f"registers{width}")
            choice.add_case(_whole(width), block)
            builder.position_at_end(block)
            self._store(self._loop(width))
            builder.branch(after)
        builder.position_at_end(after)

    def _loop(self, vectors: int) -> list[list[Any]]:
        """Write the loop over k; return the sums behind it, by row."""
        builder, before = self.builder, self.builder.block
        loop, behind = (builder.append_basic_block(name) for name in ("loop", "behind"))
        builder.branch(loop)
        builder.position_at_end(loop)
        k = builder.phi(_INDEX)
        sums = [[builder.phi(self.vector) for _ in range(vectors)] for _ in range(ROWS)]
        added = self._added(sums, self._row_of_a(k), self._row_of_b(k, vectors))
        following = builder.add(k, _whole(1))
        k.add_incoming(_whole(0), before)
        k.add_incoming(following, loop)
        for sum_, more in zip(_flat(sums), _flat(added), strict=True):
            sum_.add_incoming(ir.Constant(self.vector, None), before)
            sum_.add_incoming(more, loop)
        builder.cbranch(builder.icmp_signed("<", following, self.depth), loop, behind)
        builder.position_at_end(behind)
        return added

    def _added(self, sums: list[list[Any]], a: list[Any], b: list[Any]) -> list[list[Any]]:
        """Return the sums with the products of one k added."""
        return [
            [
                self._multiply_add(entry, register, sum_)
                for register, sum_ in zip(b, row, strict=True)
            ]
            for entry, row in zip(a, sums, strict=True)
        ]

    def _multiply_add(self, x: Any, y: Any, sum_: Any) -> Any:
        if not _HAS_FUSED:
            return self.builder.fadd(self.builder.fmul(x, y), sum_)
        name = f"llvm.fma.v{self.vector.count}{self.vector.element.intrinsic_name}"
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        function = get_or_insert_function(self.builder.module, kind, name)
        return self.builder.call(function, [x, y, sum_])

    def _row_of_a(self, k: Any) -> list[Any]:
        """Return the entries of a row, each in all lanes of a register."""
        first = self.builder.mul(k, self.a_step)
        return [self._in_all_lanes(self.builder.add(first, _whole(row))) for row in range(ROWS)]

    def _in_all_lanes(self, index: Any) -> Any:
        builder, nothing = self.builder, ir.Constant(self.vector, ir.Undefined)
        entry = builder.load(builder.gep(self.a, [index]))
        in_first = builder.insert_element(nothing, entry, ir.Constant(_PLACE, 0))
        firsts = ir.Constant(ir.VectorType(_PLACE, self.vector.count), None)
        return builder.shuffle_vector(in_first, nothing, firsts)

    def _row_of_b(self, k: Any, vectors: int) -> list[Any]:
        """Return the registers of a row."""
        first = self.builder.mul(k, _whole(vectors * self.vector.count))
        addresses = [self._register(self.b, first, vector) for vector in range(vectors)]
        return [self.builder.load(address, align=1) for address in addresses]

    def _store(self, sums: list[list[Any]]) -> None:
        for number, row in enumerate(sums):
            first = _whole(number * VECTORS * self.vector.count)
            for vector, sum_ in enumerate(row):
                self.builder.store(sum_, self._register(self.sums, first, vector), align=1)

    def _register(self, data: Any, first: Any, vector: int) -> Any:
        """Return the address of a register's worth of entries behind so many others."""
        index = self.builder.add(first, _whole(vector * self.vector.count))
        address = self.builder.gep(data, [index])
        return self.builder.bitcast(address, self.vector.as_pointer())


def _whole(number: int) -> Any:
    return ir.Constant(_INDEX, number)


def _flat(rows: list[list[Any]]) -> list[Any]:
    return [each for row in rows for each in row]

"""The problem: one batch, its inputs and options, checked.

A `Problem` that exists is consistent: its shapes agree, its dtypes are of the
contract, its labels are classes, its options are in range and fit its inputs, and
what it wants can be computed. It is made by `Problem.of` alone, in the client (to
fail fast) and again in the server (to trust nobody). What needs a pass over the
large arrays, such as NaN among the scores, the server finds while it computes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, Final, Self, TypedDict, cast

from lossgrad.errors import InvalidArgument, Violation
from lossgrad.types import dtypes, rules
from lossgrad.types.arrays import Array, NotAnArray, read_floats, read_labels
from lossgrad.types.options import NAMES as OPTION_NAMES
from lossgrad.types.options import (
    EmptyMean,
    LossName,
    NonfinitePolicy,
    Options,
    Reduction,
    RegConvention,
    read_options,
)
from lossgrad.types.quantities import INPUTS, OUTPUTS, ROWS

_KNOWN: Final = frozenset((*INPUTS, *OPTION_NAMES))


class ProblemArguments(TypedDict, total=False):
    """The keyword arguments of a call: contract §2's inputs and options.

    An input is an ndarray or anything that `read_array` takes; None is the same
    as leaving an argument out. `Options` has the defaults.
    """

    scores: Any
    labels: Any
    targets: Any
    h1: Any
    w2: Any
    b2: Any
    x: Any
    w1: Any
    b1: Any
    class_weights: Any
    sample_weights: Any
    loss: LossName | None
    reduction: Reduction | None
    denominator: float | None
    ignore_index: int | None
    label_smoothing: float | None
    temperature: float | None
    softcap: float | None
    z_loss: float | None
    margin: float | None
    reg: float | None
    reg_convention: RegConvention | None
    nonfinite: NonfinitePolicy | None
    empty_mean: EmptyMean | None
    want: Any
    gradient_dtype: Any


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """One checked batch; arrays as contract §2, absent ones None."""

    options: Options
    want: tuple[str, ...]
    """What is asked for: `options.want`, or the default for these inputs."""
    sizes: Mapping[str, int]
    """Extents of the axes ``C``, ``D`` and ``P``, those that occur."""
    leading: tuple[int, ...]
    """Extents of the leading axes ``…``."""
    inputs: Mapping[str, Array]
    """The arrays that were sent, in the contract's order; each is an attribute as well."""
    scores: Array | None = None
    labels: Array | None = None
    targets: Array | None = None
    h1: Array | None = None
    w2: Array | None = None
    b2: Array | None = None
    x: Array | None = None
    w1: Array | None = None
    b1: Array | None = None
    class_weights: Array | None = None
    sample_weights: Array | None = None

    @classmethod
    def of(cls, arguments: Mapping[str, object], found: Sequence[Violation] = ()) -> Self:
        """Return the problem that a call's arguments state.

        Parameters
        ----------
        arguments : mapping
            Inputs and options by name.
        found : sequence of Violation
            What was wrong with arguments that could not be read, to be told with the rest.

        Raises
        ------
        InvalidArgument
            With one violation for each field that is wrong.
        """
        problem = cls.declared(arguments, found)
        _raise_if_any(rules.values(problem.inputs, problem.options))
        return problem

    @classmethod
    def declared(cls, arguments: Mapping[str, object], found: Sequence[Violation] = ()) -> Self:
        """Return the problem like `of`, without looking at the entries of any array.

        A stream states its problem so before it sends the arrays: `arguments` has
        arrays of their dtype and shape that take no memory. Whoever receives the
        entries has to look at them.
        """
        unknown = [
            Violation(str(name), "is not an input or option of this call")
            for name in arguments
            if name not in _KNOWN
        ]
        arrays, unreadable = _read_inputs(arguments)
        options, refused = read_options(arguments)
        _raise_if_any([*unknown, *found, *unreadable, *refused])
        _raise_if_any(rules.presence(arrays))
        _raise_if_any(rules.layout(arrays))
        leading, sizes, disagreeing = rules.bind_axes(arrays)
        _raise_if_any(disagreeing)
        want = options.want or rules.default_want(arrays)
        _raise_if_any(rules.compatibility(arrays, options, want))
        return cls(
            options=options,
            want=want,
            sizes=sizes,
            leading=leading,
            inputs=arrays,
            **cast(dict[str, Any], arrays),
        )

    @cached_property
    def n_rows(self) -> int:
        """N, the product of the leading axes."""
        return prod(self.leading)

    @property
    def n_classes(self) -> int:
        """C."""
        return self.sizes["C"]

    def shape_of(self, output: str) -> tuple[int, ...]:
        """Return the shape of an output array in the answer."""
        entry, sizes = OUTPUTS[output], self.sizes
        fixed = tuple([sizes[axis] for axis in entry.axes if axis != ROWS])
        return self.leading + fixed if entry.has_rows else fixed

    def dtype_of(self, output: str) -> str:
        """Return the name of the dtype of an output array in the answer."""
        entry = OUTPUTS[output]
        if entry.dtype is not None:
            return entry.dtype
        if entry.gradient_of is None:
            return self._dtype_of_input("scores")
        return self.options.gradient_dtype or self._dtype_of_input(entry.gradient_of)

    def bytes_of(self, output: str) -> int:
        """Return the bytes of an output array, known before anything is computed."""
        return prod(self.shape_of(output)) * dtypes.to_numpy(self.dtype_of(output)).itemsize

    @cached_property
    def request_bytes(self) -> int:
        """Bytes of the inputs' array data."""
        return sum(array.nbytes for array in self.inputs.values())

    @cached_property
    def response_bytes(self) -> int:
        """Bytes of the array data of the answer."""
        return sum(self.bytes_of(name) for name in self.want if name in OUTPUTS)

    def _dtype_of_input(self, name: str) -> str:
        """Return an input's dtype, or that of what it is computed from or stands beside."""
        sent = self.inputs
        if name in sent:
            return cast(str, dtypes.to_name(sent[name].dtype))
        made_from = {
            "scores": ("h1", "x", "w1", "b1", "w2", "b2"),
            "h1": ("x", "w1", "b1") if "x" in sent else ("w2",),
            "w2": ("h1", "x"),
            "b2": ("w2",) if "w2" in sent else ("scores",),
            "b1": ("w1",),
        }[name]
        present = [cast(str, dtypes.to_name(sent[p].dtype)) for p in made_from if p in sent]
        return dtypes.widest(present)


def _read_inputs(arguments: Mapping[str, object]) -> tuple[dict[str, Array], list[Violation]]:
    arrays: dict[str, Array] = {}
    violations: list[Violation] = []
    for name, entry in INPUTS.items():
        value = arguments.get(name)
        if value is None:
            continue
        read = read_floats if entry.dtypes == dtypes.FLOATS else read_labels
        try:
            arrays[name] = read(value)
        except NotAnArray as error:
            violations.append(Violation(name, str(error)))
    return arrays, violations


def _raise_if_any(violations: Iterable[Violation]) -> None:
    found = list(violations)
    if found:
        raise InvalidArgument.of(found)

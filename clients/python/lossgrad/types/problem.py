"""The problem: one batch, its inputs and options, checked.

A `Problem` that exists is consistent: its shapes agree, its dtypes are of the
contract, its labels are classes, its options are in range and fit its inputs, and
what it wants can be computed. It is made by `Problem.of`, in the client (to
fail fast) and again in the server (to trust nobody). What needs a pass over the
large arrays, such as NaN among the scores, the server finds while it computes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self, TypedDict

from lossgrad.errors import Violation
from lossgrad.types import dtypes, rules
from lossgrad.types.arrays import Array, NotAnArray, read_floats, read_labels
from lossgrad.types.form import Form, form_of, raise_if_any
from lossgrad.types.options import NAMES as OPTION_NAMES
from lossgrad.types.options import (
    EmptyMean,
    LossName,
    NonfinitePolicy,
    Reduction,
    RegConvention,
    read_options,
)
from lossgrad.types.quantities import INPUTS

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


class Problem:
    """One checked batch: its form, and its arrays as contract §2, absent ones None."""

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

    def __init__(self, form: Form, inputs: Mapping[str, Array]) -> None:
        self.__dict__.update(inputs)
        self.form = form
        self.inputs = inputs
        """The arrays that were sent, in the contract's order; each is an attribute as well."""
        self.options = form.options
        self.want = form.want
        self.sizes = form.sizes
        self.leading = form.leading
        self.n_rows = form.n_rows

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
        return cls.declared(arguments, found).checked()

    @classmethod
    def declared(cls, arguments: Mapping[str, object], found: Sequence[Violation] = ()) -> Self:
        """Return the problem like `of`, without looking at the entries of any array.

        A stream states its problem so before it sends the arrays: `arguments` has
        arrays of their dtype and shape that take no memory. Whoever receives the
        entries has to look at them.
        """
        arrays, unreadable = _read_inputs(arguments)
        options, refused = read_options(arguments)
        raise_if_any([*_unknown(arguments), *found, *unreadable, *refused])
        return cls(form_of(arrays, options), arrays)

    def checked(self) -> Self:
        """Return this problem once the entries of labels and weights were looked at.

        Raises
        ------
        InvalidArgument
            With one violation for each field that is wrong.
        """
        raise_if_any(rules.values(self.inputs, self.options))
        return self

    @property
    def n_classes(self) -> int:
        """C."""
        return self.sizes["C"]

    @property
    def request_bytes(self) -> int:
        """Bytes of the inputs' array data."""
        return self.form.request_bytes

    @property
    def response_bytes(self) -> int:
        """Bytes of the array data of the answer."""
        return self.form.response_bytes

    def shape_of(self, output: str) -> tuple[int, ...]:
        """Return the shape of an output array in the answer."""
        return self.form.shape_of(output)

    def dtype_of(self, output: str) -> str:
        """Return the name of the dtype of an output array in the answer."""
        return self.form.dtype_of(output)

    def bytes_of(self, output: str) -> int:
        """Return the bytes of an output array, known before anything is computed."""
        return self.form.bytes_of(output)


def _unknown(arguments: Mapping[str, object]) -> list[Violation]:
    if _KNOWN.issuperset(arguments):
        return []
    return [
        Violation(str(name), "is not an input or option of this call")
        for name in arguments
        if name not in _KNOWN
    ]


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

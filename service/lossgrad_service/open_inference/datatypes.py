"""What the protocol calls the dtypes of the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from lossgrad.codecs.tensors import BadTensor
from lossgrad.errors import InvalidArgument
from lossgrad.types.quantities import INPUTS

DATATYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "f16": "FP16",
        "bf16": "BF16",
        "f32": "FP32",
        "f64": "FP64",
        "i8": "INT8",
        "i16": "INT16",
        "i32": "INT32",
        "i64": "INT64",
        "u8": "UINT8",
        "u16": "UINT16",
        "u32": "UINT32",
        "u64": "UINT64",
    }
)
"""By their names in the contract. BOOL and BYTES are no dtype of any input or output."""

_NAMES: Final = {datatype: name for name, datatype in DATATYPES.items()}


def dtype_of(name: str, datatype: str) -> str:
    """Return the contract's name of the datatype of an input.

    Raises
    ------
    BadTensor
        Where the input does not come in it.
    """
    dtype, taken = _NAMES.get(datatype), INPUTS[name].dtypes
    if dtype not in taken:
        raise BadTensor("datatype", _not_among(taken, datatype))
    return dtype


def check_datatype(name: str, datatype: str) -> None:
    """Check that the elements of an input are numbers, before they are read as such.

    Raises
    ------
    InvalidArgument
        Where no input comes in its datatype.
    """
    if datatype not in _NAMES:
        taken = INPUTS[name].dtypes if name in INPUTS else DATATYPES
        raise InvalidArgument.at(f"{name}.datatype", _not_among(taken, datatype))


def _not_among(taken: Iterable[str], datatype: str) -> str:
    listed = ", ".join(DATATYPES[each] for each in taken)
    return f"must be one of {listed}, got {datatype[:60]!r}"

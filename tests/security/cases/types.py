"""Element types that are none of the contract, and bytes that are something else."""

from __future__ import annotations

import io
import pickle

import numpy as np

from tests.security.forms import Tensor
from tests.security.good import CALL, LABELS, SCORES
from tests.security.rows import (
    BASE64,
    STREAM,
    Row,
    as_tensors,
    body,
    everywhere,
    in_base64,
    in_python,
    protobuf,
    without,
)


class Exploding:
    """What runs a command where it is unpickled."""

    def __reduce__(self):
        return eval, ("__import__('os').abort()",)


def saved(save):
    file = io.BytesIO()
    save(file, SCORES)
    return file.getvalue()


FILES = {"a pickle": pickle.dumps(Exploding()), "npy": saved(np.save), "npz": saved(np.savez)}


def number(value):
    """A dtype as the number of an enum."""
    row = as_tensors(CALL | {"scores": Tensor(value, [2, 3], bytes(24))}, "scores.dtype")
    return without(row, BASE64)


def name(value):
    """A dtype as JSON has it."""
    return in_base64(CALL | {"scores": Tensor(value, [2, 3], bytes(24))}, "scores.dtype")


def python(field, value):
    return in_python(CALL | {field: value}, field)


def as_data(content):
    """A file as the data of scores, which are then of another size."""
    row = as_tensors(CALL | {"scores": Tensor("f64", [2, 3], content)}, "scores.data")
    return without(row, STREAM)


NAMES = {
    "NumPy's letters": "<f4",
    "NumPy's name": "float32",
    "object": "O",
    "object by name": "object",
    "void": "V4",
    "text": "<U3",
    "bytes": "S4",
    "dates": "M8[s]",
    "complex": "complex64",
    "bool": "bool",
    "structured": "i4, f4",
    "structured by brackets": "[('a', 'f4')]",
    "capitals": "F32",
    "blanks": " f32 ",
    "nothing": "",
    "code": "__import__('os').abort()",
    "a line break": "f32\nERROR root: forged",
    "a megabyte": "f" * 10**6,
    "no text": 3,
    "null": None,
    "a list": ["f32"],
    "an object of JSON": {"name": "f32"},
}

ROWS: dict[str, Row] = {
    "no dtype": number(0),
    "an unknown dtype": number(77),
    "a negative dtype": number(-1),
    "the largest dtype": number(2**31 - 1),
    **{f"a dtype of {kind}": name(value) for kind, value in NAMES.items()},
    **{f"{kind} as data": as_data(content) for kind, content in FILES.items()},
    **{f"{kind} as a message": protobuf(content, "") for kind, content in FILES.items()},
    **{f"{kind} as a body": body(content) for kind, content in FILES.items()},
    "integers as scores": as_tensors(CALL | {"scores": SCORES.astype(np.int32)}, "scores"),
    "integers as weights": as_tensors(
        CALL | {"class_weights": np.ones(3, np.int8)}, "class_weights"
    ),
    "floats as labels": everywhere(CALL | {"labels": LABELS + 0.5}, "labels"),
    "whole floats as labels": as_tensors(CALL | {"labels": LABELS.astype(float)}, "labels"),
    "NaN as a label": everywhere(CALL | {"labels": np.array([2, np.nan])}, "labels"),
    "half floats as labels": as_tensors(CALL | {"labels": LABELS.astype(np.float16)}, "labels"),
    "labels beyond int64": as_tensors(CALL | {"labels": np.array([2, 2**63], np.uint64)}, "labels"),
    "labels of all ones": as_tensors(
        CALL | {"labels": np.array([2, 2**64 - 1], np.uint64), "ignore_index": -1}, "labels"
    ),
    "bools as labels": python("labels", LABELS > 0),
    "bools as scores": python("scores", SCORES > 0),
    "complex scores": python("scores", SCORES + 1j),
    "objects as scores": python("scores", SCORES.astype(object)),
    "an object that explodes": python("scores", np.array([[Exploding()] * 3] * 2)),
    "text as scores": python("scores", SCORES.astype(str)),
    "dates as labels": python("labels", LABELS.astype("M8[s]")),
    "records as scores": python("scores", np.zeros(2, [("a", "f4"), ("b", "f4"), ("c", "f4")])),
    "masked scores": python("scores", np.ma.masked_greater(SCORES, 2.0)),
    "long doubles": python("scores", SCORES.astype(np.longdouble)),
    "a dictionary": python("scores", {"a": 1.0}),
    "a file's name": python("scores", "/etc/passwd"),
    "None among scores": python("scores", [[1.0, None, 2.0], [1.0, 2.0, 3.0]]),
}

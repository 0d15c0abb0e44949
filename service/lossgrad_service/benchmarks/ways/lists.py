"""JSON as callers with NumPy arrays and no client have it: lists out, lists in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import numpy as np
import orjson
import urllib3

from lossgrad.codecs.problem_details import decode_problem_details
from lossgrad.types import Array
from lossgrad_service.benchmarks.timing import Call
from lossgrad_service.benchmarks.workloads import Answer, Workload

Arrays = Mapping[str, Array]

HEADERS: Final = {"content-type": "application/json"}


class Text(NamedTuple):
    """How a caller writes and reads JSON."""

    dumps: Callable[[Arrays], bytes]
    loads: Callable[[bytes], Any]


def _dumps_lists(arrays: Arrays) -> bytes:
    return json.dumps({name: array.tolist() for name, array in arrays.items()}).encode()


def _dumps_arrays(arrays: Arrays) -> bytes:
    return orjson.dumps(arrays, option=orjson.OPT_SERIALIZE_NUMPY)


PLAIN: Final = Text(_dumps_lists, json.loads)
"""By the standard library."""

FAST: Final = Text(_dumps_arrays, orjson.loads)
"""By orjson."""


@contextmanager
def open_lists(
    url: str, workload: Workload, text: Text, names: Mapping[str, str]
) -> Iterator[Call]:
    """Post the arrays as lists, over one connection.

    Parameters
    ----------
    url
        Where they are posted.
    workload
        What is asked for.
    text
        How JSON is written and read.
    names
        What arrays of an `Answer` are called in the JSON that comes back, if not the same.
    """
    arguments = workload.arguments()
    keys = {name: names.get(name, name) for name in workload.gradients}
    with urllib3.PoolManager() as pool:
        yield lambda: _read(_post(pool, url, arguments, text), keys)


def _post(pool: urllib3.PoolManager, url: str, arguments: Arrays, text: Text) -> Any:
    """Return the answer's JSON.

    Raises
    ------
    LossGradError
        What the service answered, such as `TooLarge` for a batch that fits as bytes only.
    """
    answer = pool.request("POST", url, body=text.dumps(arguments), headers=HEADERS)
    document = text.loads(answer.data)
    if answer.status != 200:
        raise decode_problem_details(answer.status, document)
    return document


def _read(document: Mapping[str, Any], keys: Mapping[str, str]) -> Answer:
    arrays = {name: np.array(document[key]) for name, key in keys.items()}
    return Answer(document["loss"], **arrays)

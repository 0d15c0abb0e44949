"""A batch read from a file, and options read from the command line."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from lossgrad.codecs.json import problem_from_json, unspelled
from lossgrad.codecs.not_json import reason
from lossgrad.errors import InvalidArgument
from lossgrad.types import Array
from lossgrad.types.options import NAMES
from lossgrad_service.cli.archives import arrays_in, is_archive


def read_arguments(source: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call: the batch in a file (``-``: standard input) and options.

    The file is an .npz archive of arrays named as the inputs, or a JSON request;
    `options` win over those in the request.

    Raises
    ------
    InvalidArgument
        Where the file cannot be read, is neither, or what it says is wrong.
    """
    data = read_bytes(source)
    if is_archive(data):
        arguments = {**read_archive(data), **options}
        return {**arguments, "want": unspelled(arguments.get("want"))}
    problem = problem_from_json(with_options(read_json(data), options)).problem
    return {**problem.inputs, **problem.options.chosen}


def read_options(assignments: Sequence[str], flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return options given as ``name=value`` and by flags, of which those that are None are not.

    A value is JSON, or else a word; flags win.

    Raises
    ------
    InvalidArgument
        For what is no assignment, or of no option.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    return {**dict(map(_read_assignment, assignments)), **given}


def read_bytes(source: str) -> bytes:
    """Return what a file has, or standard input (``-``).

    Raises
    ------
    InvalidArgument
        Where it cannot be read.
    """
    try:
        return sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise InvalidArgument.at("", f"{source} cannot be read: {error.strerror}") from error


def read_archive(data: bytes) -> dict[str, Any]:
    """Return the arrays of an archive, and options as plain values.

    Raises
    ------
    InvalidArgument
        Where it is none, or with one violation for each array that is of no use.
    """
    return {name: _plain(name, array) for name, array in arrays_in(data).items()}


def read_json(data: bytes) -> object:
    """Return what a text says.

    Raises
    ------
    InvalidArgument
        Where it is no JSON.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise InvalidArgument.at(
            "", f"neither an .npz archive nor JSON: {reason(error)}"
        ) from error


def with_options(document: object, options: Mapping[str, Any]) -> object:
    """Return a request with options, which win over its own; what is no request as it is."""
    return {**document, **options} if isinstance(document, dict) else document


def _read_assignment(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or name not in NAMES:
        raise InvalidArgument.at(
            "--option", f"must be name=value with a name of {', '.join(NAMES)}; got {text!r}"
        )
    try:
        return name, orjson.loads(value)
    except orjson.JSONDecodeError:
        return name, value


def _plain(name: str, array: Array) -> Any:
    """Return an option of an archive, where it is an array like all else, as a plain value."""
    return array.tolist() if name in NAMES else array

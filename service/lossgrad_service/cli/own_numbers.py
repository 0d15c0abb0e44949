"""A batch with its caller's own numbers, read from files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from lossgrad.codecs.json_checks import check_request_from_json
from lossgrad.types.check import NAME_OF_SPELLING
from lossgrad.types.quantities import OUTPUTS, SCALARS
from lossgrad_service.cli.archives import is_archive
from lossgrad_service.cli.inputs import read_archive, read_bytes, read_json, with_options

_BESIDE: Final = frozenset((*SCALARS, *OUTPUTS)) - NAME_OF_SPELLING.keys()
"""Outputs that no check is about."""

Arguments = dict[str, Any]


def read_check(
    source: str, gradients: Path | None, options: Mapping[str, Any]
) -> tuple[Arguments, Arguments]:
    """Return the arguments of a check, and the caller's own numbers by either spelling.

    Those are arrays beside the batch in its archive, ``gradients`` of a JSON request, or in
    an archive of their own, which wins.

    Raises
    ------
    InvalidArgument
        Where a file cannot be read, is neither, or what it says is wrong.
    """
    data = read_bytes(source)
    if is_archive(data):
        batch, own = _parted(read_archive(data))
        arguments = {**batch, **options}
    else:
        arguments, own = _read_request(with_options(read_json(data), options))
    if gradients is not None:
        own = _overridden(own, _without_beside(read_archive(read_bytes(str(gradients)))))
    return arguments, own


def _parted(archive: Mapping[str, Any]) -> tuple[Arguments, Arguments]:
    """Part the batch and its options from the caller's own numbers."""
    own = {name: value for name, value in archive.items() if _is_own(name, value)}
    return {name: value for name, value in archive.items() if name not in own}, own


def _is_own(name: str, value: object) -> bool:
    """Return whether it is a number of the caller's; a loss that is a word is an option."""
    return name in NAME_OF_SPELLING and not (name == "loss" and isinstance(value, str))


def _read_request(document: object) -> tuple[Arguments, Arguments]:
    request = check_request_from_json(document)
    return {**request.problem.inputs, **request.problem.options.chosen}, dict(request.own)


def _without_beside(archive: Mapping[str, Any]) -> Arguments:
    """Return what can be checked of an archive, which may be one that ``compute`` wrote."""
    return {name: value for name, value in archive.items() if name not in _BESIDE}


def _overridden(own: Mapping[str, Any], by: Mapping[str, Any]) -> Arguments:
    """Return both, without what the latter has in either spelling."""
    names = {_name_of(spelling) for spelling in by}
    return {name: value for name, value in own.items() if _name_of(name) not in names} | {**by}


def _name_of(spelling: str) -> str:
    return NAME_OF_SPELLING.get(spelling, spelling)

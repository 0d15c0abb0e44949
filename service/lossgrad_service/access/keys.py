"""The text of a keys file: one ``[[key]]`` table for each key.

::

    [[key]]
    name = "trainer"
    sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    calls_per_minute = 6000          # optional
    bytes_per_minute = 10_000_000_000  # optional

Several keys of one name are live at the same time, so that callers can go from one to the
next; their quota, which they share, stands in each of them.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from lossgrad_service.access.caller import Caller, Quota

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")
_QUOTAS = tuple(field.name for field in fields(Quota))
_FIELDS = ("name", "sha256", *_QUOTAS)


class WrongKeys(ValueError):
    """A keys file means nothing; the message says where and what it should say."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a caller."""

    digest: bytes
    caller: Caller


def parse_keys(text: str) -> tuple[Key, ...]:
    """Return the keys in the text of a keys file.

    Raises
    ------
    WrongKeys
        Where it is no TOML, has no key, or a key is wrong.
    """
    entries = _entries(text)
    keys = tuple(_key(entry, f"key {number}") for number, entry in enumerate(entries, 1))
    _require_one_quota_a_name(keys)
    return keys


def fields_of(name: str, digest: bytes, quota: Quota) -> dict[str, str | int]:
    """Return what a keys file says of a key.

    Raises
    ------
    WrongKeys
        Where `name` cannot be one.
    """
    limits = {limit: value for limit, value in asdict(quota).items() if value is not None}
    return {"name": _name(name, "the key"), "sha256": digest.hex(), **limits}


def entry_of(fields: Mapping[str, str | int]) -> str:
    """Return the lines that say so."""
    # Names and digests have no character that JSON and TOML write differently.
    lines = [f"{field} = {json.dumps(value)}" for field, value in fields.items()]
    return "\n".join(("[[key]]", *lines))


def _entries(text: str) -> list[Any]:
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # of which the library names only some
        raise WrongKeys(f"not TOML: {error}") from error
    entries = tables.pop("key", None)
    if tables:
        raise WrongKeys(f"has {_shown(next(iter(tables)))}, but [[key]] tables only are known")
    if not isinstance(entries, list) or not entries:
        raise WrongKeys("has no [[key]] table; 'lossgrad key NAME' makes one")
    return entries


def _key(entry: Any, where: str) -> Key:
    if not isinstance(entry, Mapping):
        raise WrongKeys(f"{where} is no table: write [[key]] before its lines")
    unknown = next((name for name in entry if name not in _FIELDS), None)
    if unknown is not None:
        raise WrongKeys(f"{where} has {_shown(unknown)}, but {', '.join(_FIELDS)} only are known")
    caller = Caller(_name(entry.get("name"), where), _quota(entry, where))
    return Key(_digest(entry.get("sha256"), where), caller)


def _name(value: object, where: str) -> str:
    if isinstance(value, str) and _NAME.fullmatch(value):
        return value
    raise WrongKeys(
        f"{where}: name must be 1 to 64 letters, digits or ._@-, the first a letter or digit, "
        f"got {_shown(value)}"
    )


def _digest(value: object, where: str) -> bytes:
    if isinstance(value, str) and _DIGEST.fullmatch(value):
        return bytes.fromhex(value)
    # Not shown: somebody may have written the token itself.
    raise WrongKeys(f"{where}: sha256 must be 64 hexadecimal digits, the digest of the token")


def _quota(entry: Mapping[str, object], where: str) -> Quota | None:
    limits = {name: _limit(entry, name, where) for name in _QUOTAS if name in entry}
    return Quota(**limits) if limits else None


def _limit(entry: Mapping[str, object], name: str, where: str) -> int:
    value = entry[name]
    if type(value) is int and 0 < value < 2**63:
        return value
    raise WrongKeys(f"{where}: {name} must be a whole number from 1 to 2^63 - 1")


def _require_one_quota_a_name(keys: tuple[Key, ...]) -> None:
    quotas: dict[str, Quota | None] = {}
    for key in keys:
        if quotas.setdefault(key.caller.name, key.caller.quota) != key.caller.quota:
            raise WrongKeys(f"the keys of {key.caller.name} must all state the same quota")


def _shown(value: object) -> str:
    return ascii(value)[:80]

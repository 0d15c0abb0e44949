"""What a check is made of: both codecs write and read its parts field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from lossgrad.types.check import Check
from lossgrad.types.check_parts import Comparison, Diagnosis, Entry, Verification

PARTS: Final[Mapping[str, type[Any]]] = {
    "comparisons": Comparison,
    "worst": Entry,
    "verifications": Verification,
    "findings": Diagnosis,
}
"""What is in the fields that hold any number of parts."""

TRAVELLING: Final[Mapping[type[Any], Mapping[str, str]]] = {
    kind: {field.name: str(field.type) for field in fields(kind) if field.name != "timing"}
    for kind in (Check, *PARTS.values())
}
"""The fields of a check and its parts, each with its type; the timing travels by itself."""

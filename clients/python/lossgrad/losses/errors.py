"""Errors in the words of who called."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from lossgrad.errors import InvalidArgument, Violation
from lossgrad.losses.terms import Term

_ENGLISH = frozenset({"labels", "targets"})
"""Names that a text has in the plain sense, too."""

_NAME = re.compile(r"[a-z]\w*")


@contextmanager
def in_terms_of(terms: Mapping[str, Term]) -> Generator[None]:
    """Have an `InvalidArgument` of the block name arrays as PyTorch does.

    Raises
    ------
    InvalidArgument
        In place of that of the block, with its violations.
    """
    try:
        yield
    except InvalidArgument as error:
        if not error.violations:
            raise
        names = {term.name: name for name, term in terms.items()}
        raise InvalidArgument.of([_renamed(v, names) for v in error.violations]) from None


def _renamed(violation: Violation, names: Mapping[str, str]) -> Violation:
    unequivocal = {ours: name for ours, name in names.items() if ours not in _ENGLISH}
    return Violation(_in(violation.field, names), _in(violation.detail, unequivocal))


def _in(text: str, names: Mapping[str, str]) -> str:
    return _NAME.sub(lambda found: names.get(found[0], found[0]), text)

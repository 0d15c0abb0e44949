"""docs/checking.md tells every diagnosis, and the limit."""

from __future__ import annotations

import re
from pathlib import Path

from lossgrad_service.checking import MAX_ENTRIES
from lossgrad_service.checking.layouts import LAYOUTS
from lossgrad_service.checking.mistakes import SINGLE

DOC = (Path(__file__).parents[2] / "docs/checking.md").read_text()


def test_every_code_is_told():
    codes = {known.code for known in (*SINGLE, *LAYOUTS)} | {"unstable_softmax"}
    assert set(re.findall(r"^\| `(\w+)` \|", DOC, re.MULTILINE)) == codes


def test_the_limit_is_told():
    assert f"takes {MAX_ENTRIES:,} entries" in DOC

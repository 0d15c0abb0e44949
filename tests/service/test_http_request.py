"""Reading a body when the model and the codec disagree."""

from __future__ import annotations

import pytest

from lossgrad.errors import InvalidArgument
from lossgrad_service.http_api import request


def test_model_has_the_last_word(monkeypatch):
    monkeypatch.setattr(request, "problem_from_json", lambda _document: None)
    with pytest.raises(InvalidArgument) as caught:
        request.read_call(b'{"reg": "much", "want": [0]}')
    assert [violation.field for violation in caught.value.violations] == ["reg", "want[0]"]


def test_place_of_a_syntax_error_is_told():
    with pytest.raises(InvalidArgument, match="line 2, column 8"):
        request.read_call(b'{\n"reg": }')

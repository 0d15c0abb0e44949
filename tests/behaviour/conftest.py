"""What the behaviour tests share."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad.errors import InvalidArgument
from tests.behaviour.refused import HEALTHY


@pytest.fixture
def refuse(client):
    """Return a function that holds a call to be refused and the next one to work."""

    def refused(arguments, field, words):
        with pytest.raises(InvalidArgument) as caught:
            client.compute(**arguments)
        found = {violation.field: violation.detail for violation in caught.value.violations}
        assert field in found, caught.value.violations
        for word in words:
            assert str(word) in found[field]
        assert field in str(caught.value)
        assert client.compute(**HEALTHY).loss == pytest.approx(np.log(2), rel=1e-15)
        return found[field]

    return refused

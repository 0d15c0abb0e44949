from __future__ import annotations

import pytest

from tests.access.files import TlsFolder


@pytest.fixture(scope="session")
def tls(tmp_path_factory):
    return TlsFolder(tmp_path_factory.mktemp("tls"))

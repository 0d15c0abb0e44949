"""schemathesis on the document that the service serves: no 5xx, and every answer as documented."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.abuse.served import Served
from tests.telling import Tell

SEED = 1
EXAMPLES = 60
SECONDS = 40
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
)
"""Not those on resources and logins, nor that all which the schema allows is accepted (that shapes
agree is told in words) and all else refused (unknown headers are not). A time that
is up is a 504, so that all get 30 s."""


def test_answers_are_as_documented(served: Served, tmp_path: Path, tell: Tell) -> None:
    workers = served.processes()
    url = served.child.addresses["HTTP"] + "/openapi.json"
    run = subprocess.run(
        [Path(sys.executable).with_name("st"), "run", url, "--seed", str(SEED),
         "--max-examples", str(EXAMPLES), "--checks", ",".join(CHECKS),
         "--phases", "examples,coverage,fuzzing", "--generation-deterministic",
         "--header", "x-request-timeout: 30", "--max-time", str(SECONDS),
         "--request-timeout", "30", "--no-color"],
        cwd=tmp_path, capture_output=True, check=False, text=True, timeout=2 * SECONDS,
    )  # fmt: skip
    summary = run.stdout.rpartition("SUMMARY")[2]
    tell(" ".join(summary.split())[:300])
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
    served.assert_answers()
    assert served.processes() == workers

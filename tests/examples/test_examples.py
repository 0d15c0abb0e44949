"""What the examples say of the service is true, and the table of them is complete."""

from __future__ import annotations

import re
import subprocess

import numpy as np
import pytest

import lossgrad
from tests.examples.examples import FOLDER, run

NEED_MORE = {"torch_digits", "jax_digits", "triton_client"}
"""These need PyTorch, JAX or tritonclient; `integrations` runs them."""

SAID = {
    "lbfgs": [r"half: no parameter is farther than 0\.0e\+00", "scikit-learn: no parameter"],
    "pipelining": [r"mapped +\d+ calls per second", "all results are the same, bit for bit"],
    "async_training": [r"9\d\.\d % recognised$"],
    "gradient_accumulation": ["dscores: the same bits", r"dw2: within \d\.\d ulp"],
    "many_workers": [r"(worker \d+: 500 rows, .*\n){4}", "dw2: the sum is within"],
}
"""Of each, what stands in its output."""

SCORES = np.array([[8, 1, 1], [0, 9, 1], [2, 3, 5]], np.float32)

EVERYWHERE = "gradient_accumulation"
"""The example that is run over every transport; which one an example calls by is its `--target`."""


def test_each_is_run_somewhere():
    assert {path.stem for path in FOLDER.glob("*.py")} == SAID.keys() | NEED_MORE


@pytest.mark.parametrize("name", SAID)
def test_it_finds_what_it_claims(name, addresses):
    assert_said(name, run(name, "--target", addresses["gRPC"]))


@pytest.mark.parametrize("protocol", ["HTTP", "Unix"])
def test_target_is_any(addresses, protocol):
    assert_said(EVERYWHERE, run(EVERYWHERE, "--target", addresses[protocol]))


def test_target_may_be_this_process():
    assert_said(EVERYWHERE, run(EVERYWHERE, "--target", "local:"))


def assert_said(name: str, said: str) -> None:
    for pattern in SAID[name]:
        assert re.search(pattern, said.rstrip()), said


def test_curl_sends_and_receives_bytes(addresses):
    done = subprocess.run(
        [FOLDER / "curl_binary.sh", addresses["HTTP"]], capture_output=True, text=True, check=True
    )
    assert '"name":"loss","datatype":"FP64","shape":[1],"data":[0.0573' in done.stdout
    gradient = [float(word) for word in done.stdout.rpartition("}")[2].split()]
    with lossgrad.Client(addresses["HTTP"]) as client:
        result = client.compute(scores=SCORES, labels=[0, 1, 2])
    assert gradient == pytest.approx(result.dscores.ravel().tolist(), rel=1e-6)


def test_wrong_claim_fails(addresses, tmp_path):
    wrong = (FOLDER / "gradient_accumulation.py").read_text().replace("whole.denominator", "1")
    (tmp_path / "wrong.py").write_text(wrong)
    with pytest.raises(AssertionError, match="Mismatched"):
        run(str(tmp_path / "wrong"), "--target", addresses["gRPC"])


def test_table_has_every_example():
    table = (FOLDER / "README.md").read_text()
    for path in FOLDER.glob("*.py"):
        assert f"]({path.name})" in table
        assert f"`python docs/examples/{path.name}`" in table


def test_each_says_how_to_run_it():
    for path in FOLDER.glob("*.py"):
        assert f"\n    python docs/examples/{path.name} --target " in path.read_text()

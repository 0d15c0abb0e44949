"""``lossgrad warmup``, and that no call compiles anything after it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import lossgrad
from lossgrad.types import dtypes
from lossgrad_service import core, local
from lossgrad_service.cli import app
from lossgrad_service.kernels.compiling import cache
from lossgrad_service.kernels.compiling.compiled import kept
from tests.behaviour import problems
from tests.running import PATIENCE_SECONDS, running_server

ROOT = Path(__file__).parents[2]


@pytest.fixture
def store(monkeypatch):
    """The store of the package, as a process has it that used nothing of it yet."""
    monkeypatch.setattr(cache.store, "places", {})
    yield cache.store
    cache.keep_in(None)


def halve(value):
    return value / 2


@pytest.fixture
def one_program(monkeypatch, store):
    """A warm-up of one program, which nobody has compiled."""
    monkeypatch.setattr(core, "warm_up", lambda: kept(halve, store)(1.0))


def warmup(*flags):
    return CliRunner().invoke(app, ["warmup", *flags])


@pytest.mark.usefixtures("one_program")
def test_tells_where_compiled_code_lies(tmp_path):
    done = warmup("--kernel-cache", str(tmp_path))
    assert done.exit_code == 0
    assert done.stdout.startswith(f"1 compiled in {tmp_path}\nready after ")
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.usefixtures("one_program")
def test_tells_it_as_json(tmp_path):
    found = json.loads(warmup("--kernel-cache", str(tmp_path), "--json").stdout)
    assert found["compiled"] == {str(tmp_path): 1}
    assert found["seconds"] > 0


@pytest.mark.usefixtures("one_program")
def test_variable_says_where(tmp_path, monkeypatch):
    monkeypatch.setenv("LOSSGRAD_KERNEL_CACHE", str(tmp_path))
    assert warmup().stdout.startswith(f"1 compiled in {tmp_path}\n")


@pytest.mark.usefixtures("one_program")
def test_code_that_cannot_be_kept_is_an_error(tmp_path, monkeypatch):
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    monkeypatch.setattr(cache, "own_directories", lambda: (in_the_way,))
    done = warmup()
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr == "lossgrad: compiled code cannot be kept: no directory takes it\n"


def test_wrong_setting_is_told(monkeypatch):
    monkeypatch.setenv("LOSSGRAD_GRPC_PORT", "none")
    done = warmup()
    assert done.exit_code == 2
    assert done.stderr.startswith("lossgrad: --grpc-port (LOSSGRAD_GRPC_PORT): ")


def test_server_keeps_code_where_it_is_told(tmp_path, store):
    with running_server(kernel_cache=tmp_path):
        assert store.directories[0] == tmp_path


def test_local_keeps_code_where_it_is_told(tmp_path, store, monkeypatch):
    monkeypatch.setenv("LOSSGRAD_KERNEL_CACHE", str(tmp_path))
    local._service.cache_clear()
    with lossgrad.Client("local:") as client:
        client.info()
    local._service.cache_clear()
    assert store.directories[0] == tmp_path


def warmed_up_and(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run code in a new process after a warm-up."""
    return subprocess.run(
        [sys.executable, "-c", f"from lossgrad_service import core\ncore.warm_up()\n{code}"],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        check=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )


def test_second_process_compiles_nothing():
    """The first one is this."""
    assert warmed_up_and("").stderr == ""


COUNT = """
from lossgrad_service.kernels.compiling.cache import store
from tests.service.test_warmup import compute_all_sorts
known = set(store.places)
compute_all_sorts()
print(*sorted(set(store.places) - known))
"""


def test_nothing_is_left_to_compile_after_a_warmup():
    assert warmed_up_and(COUNT).stdout.split() == []


def compute_all_sorts() -> None:
    """Compute problems of every make, at random but the same in every run."""
    draw = Random(3)
    with lossgrad.Client("local:") as client:
        for _ in range(1500):
            client.compute(**any_problem(draw))


def any_problem(draw: Random) -> dict[str, Any]:
    """Draw a problem: each array of a dtype and layout of its own, any options and outputs."""
    form, (kind, outputs) = draw.choice(problems.FORMS), draw.choice(KINDS)
    arrays = {**problems.inputs(form), **some_of(draw, WEIGHTS), **kind["arrays"]}
    options = some_of(draw, {**kind["options"], **COMMON})
    wantable = [*outputs, *ROW_OUTPUTS, *problems.gradients_of(form)]
    return {
        **{name: any_array(draw, array) for name, array in arrays.items()},
        **{name: draw.choice(values) for name, values in options.items()},
        "loss": kind["loss"],
        "want": draw.sample(wantable, draw.randint(1, len(wantable))),
    }


def some_of(draw: Random, table: dict[str, Any]) -> dict[str, Any]:
    return {name: entry for name, entry in table.items() if draw.random() < 0.5}


def any_array(draw: Random, array: Any) -> Any:
    names = dtypes.INTEGERS if array.dtype.kind == "i" else dtypes.FLOATS
    return draw.choice(LAYOUTS)(array.astype(dtypes.to_numpy(draw.choice(names))))


def read_only(array: Any) -> Any:
    return np.frombuffer(array.tobytes(), array.dtype).reshape(array.shape)


def unaligned(array: Any) -> Any:
    return np.frombuffer(b"x" + array.tobytes(), array.dtype, offset=1).reshape(array.shape)


LAYOUTS = (
    np.ascontiguousarray,
    np.asfortranarray,
    read_only,
    unaligned,
    lambda array: array[::-1],
    lambda array: np.repeat(array, 2, axis=-1)[..., ::2],
    lambda array: array.astype(array.dtype.newbyteorder()),
)

LABELS = {"labels": problems.labels()}
WEIGHTS = {"class_weights": np.ones(4), "sample_weights": np.ones(5)}
SOFTMAX = {
    "label_smoothing": [0.1, 1.0],
    "temperature": [0.5, 2.0],
    "softcap": [5.0],
    "z_loss": [0.1],
}
COMMON = {
    "reduction": ["mean", "sum", "none"],
    "nonfinite": ["propagate"],
    "gradient_dtype": dtypes.FLOATS,
}
KINDS: tuple[tuple[dict[str, Any], list[str]], ...] = (
    (
        {"loss": "softmax", "arrays": LABELS, "options": {**SOFTMAX, "ignore_index": [0, 9]}},
        ["accuracy"],
    ),
    (
        {"loss": "softmax", "arrays": {"targets": np.full((5, 4), 0.25)}, "options": SOFTMAX},
        ["dtargets"],
    ),
    (
        {"loss": "hinge", "arrays": LABELS, "options": {"margin": [2.0], "ignore_index": [1]}},
        ["accuracy"],
    ),
)
ROW_OUTPUTS = ("loss", "row_losses", "probs", "log_partition", "predictions")

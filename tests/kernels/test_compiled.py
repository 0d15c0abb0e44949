"""Compiled functions: what the compiler may do to them, and how their code is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from lossgrad_service import kernels
from lossgrad_service.kernels.compiling import cache
from lossgrad_service.kernels.compiling.compiled import formula, kept, program, reassociated
from lossgrad_service.kernels.compiling.store import Store
from tests.running import PATIENCE_SECONDS

STAMP = b"stamp"
NOBODY = 65534


def double(values):
    return values + values


def new_process(directory, stamp=STAMP):
    """Return `double` as a process does that compiles or loads it for the first time."""
    return kept(double, Store([directory], stamp))


def was_compiled(dispatcher):
    """Call a function of a new process; return whether it had to be compiled."""
    assert dispatcher(2.0) == 4.0
    return bool(dispatcher.stats.cache_misses)


@pytest.fixture
def unwarned(caplog):
    """The log of a process that has warned of nothing yet."""
    forget_warnings(caplog)
    return caplog


def forget_warnings(caplog):
    for warn in (cache._warn_of_compiling, cache._warn_of_keeping_nothing):
        warn.cache_clear()
    caplog.clear()


def test_second_process_compiles_nothing(tmp_path):
    assert was_compiled(new_process(tmp_path))
    assert not was_compiled(new_process(tmp_path))


def test_other_sources_are_compiled(tmp_path):
    assert was_compiled(new_process(tmp_path))
    assert was_compiled(new_process(tmp_path, b"other stamp"))


def test_each_dtype_has_code_of_its_own(tmp_path):
    kinds = [float, int, complex]
    for process in (new_process(tmp_path), new_process(tmp_path)):
        assert [type(process(kind(3))) for kind in kinds] == kinds
    assert len(list(tmp_path.iterdir())) == 3


def test_functions_of_one_name_are_told_apart(tmp_path):
    def made(factor):
        def scaled(value):
            return factor * value

        scaled.__module__ = f"module{factor}"
        return kept(scaled, Store([tmp_path], STAMP))

    assert [made(2)(1.0), made(3)(1.0)] == [2.0, 3.0]


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_damaged_file_is_compiled_anew(tmp_path, damage):
    assert was_compiled(new_process(tmp_path))
    [file] = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-1] if damage is None else damage)
    assert was_compiled(new_process(tmp_path))
    assert not was_compiled(new_process(tmp_path))


@contextmanager
def without_writing(directory):
    """Take the right to write to a directory from this process, even if it is root's."""
    directory.chmod(0o555)
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
        directory.chmod(0o755)


def test_read_only_directory_is_used(unwarned):
    with TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)
        assert was_compiled(new_process(directory))
        forget_warnings(unwarned)
        with without_writing(directory):
            with pytest.raises(PermissionError):
                (directory / "new").touch()
            assert not was_compiled(new_process(directory))
    assert unwarned.messages == []


def test_read_only_directory_without_the_code_is_passed_over():
    with TemporaryDirectory() as name, TemporaryDirectory() as other:
        Path(other).chmod(0o777)
        store = Store([Path(name), Path(other)], STAMP)
        with without_writing(Path(name)):
            assert was_compiled(kept(double, store))
            assert not was_compiled(kept(double, store))
    assert list(store.places.values()) == [Path(other)]


def test_compiling_is_warned_of_once(tmp_path, unwarned):
    process = new_process(tmp_path)
    assert [process(value) for value in (1, 1.0)] == [2, 2.0]
    [warning] = unwarned.messages
    assert "lossgrad warmup" in warning


def test_loading_is_not_warned_of(tmp_path, unwarned):
    assert was_compiled(new_process(tmp_path))
    forget_warnings(unwarned)
    assert not was_compiled(new_process(tmp_path))
    assert unwarned.messages == []


def test_nowhere_to_keep_code_is_warned_of_once(tmp_path, unwarned):
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    process = new_process(in_the_way)
    assert [process(value) for value in (1, 1.0)] == [2, 2.0]
    _, warning = unwarned.messages
    assert "LOSSGRAD_KERNEL_CACHE" in warning
    assert str(in_the_way) in warning


SUMMING = """
import sys
from pathlib import Path
import numpy as np
from lossgrad_service.kernels.compiling.compiled import kept
from lossgrad_service.kernels.compiling.store import Store

def total(values):
    result = values[0]
    for value in values[1:]:
        result += value
    return result

function = kept(total, Store([Path(sys.argv[1])], b"stamp"))
sys.stdin.read()
for dtype in sys.argv[2:]:
    assert function(np.arange(5, dtype=dtype)) == 10
"""


def summing(directory, *dtypes):
    """Start a process that sums numbers of these dtypes once its input is closed."""
    command = [sys.executable, "-c", SUMMING, str(directory), *dtypes]
    return subprocess.Popen(command, stdin=subprocess.PIPE)


def succeed(*processes):
    for process in processes:
        process.stdin.close()
    return [process.wait(PATIENCE_SECONDS) for process in processes] == [0] * len(processes)


def test_processes_that_compile_at_once(tmp_path):
    """Each with another dtype first."""
    dtypes = ["float32", "float64", "int64"]
    orders = [dtypes[i:] + dtypes[:i] for i in range(len(dtypes))]
    assert succeed(*[summing(tmp_path, *order) for order in orders])
    assert len(list(tmp_path.iterdir())) == len(dtypes)


def test_what_was_loaded_works_beside_what_is_compiled(tmp_path):
    assert succeed(summing(tmp_path, "float32"))
    assert succeed(summing(tmp_path, "float32", "float64", "float32"))


def test_other_tools_have_code_of_their_own(tmp_path, monkeypatch):
    assert was_compiled(new_process(tmp_path))
    monkeypatch.setattr(cache, "_TOOLS", ("another Numba",))
    assert was_compiled(new_process(tmp_path))
    monkeypatch.undo()
    assert not was_compiled(new_process(tmp_path))


def test_every_source_is_in_the_stamp(tmp_path):
    """A formula's file is as much part of a program as the program's own."""
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("one = 1")
    stamps = [cache.stamp_of(tmp_path)]
    (tmp_path / "b.py").write_text("one = 2")
    stamps.append(cache.stamp_of(tmp_path))
    (tmp_path / "c.py").write_text("")
    stamps.append(cache.stamp_of(tmp_path))
    assert len(set(stamps)) == 3
    assert cache.stamp_of(tmp_path) == stamps[-1]


def test_chosen_directory_comes_first(tmp_path, monkeypatch):
    monkeypatch.setattr(cache.store, "directories", ())
    cache.keep_in(tmp_path)
    chosen, *own = cache.store.directories
    assert chosen == tmp_path
    assert tuple(own) == cache.own_directories()
    assert all(directory.is_absolute() for directory in own)


def test_user_without_a_home(monkeypatch):
    monkeypatch.setattr(cache.AppDirs, "user_cache_dir", "~/.cache/lossgrad")
    assert cache.own_directories() == (Path(kernels.__file__).parent / "__pycache__/programs",)


def test_program_of_others_is_not_kept():
    """No stamp would change with its source."""
    before = dict(cache.store.places)
    assert program(double)(2.0) == 4.0
    assert cache.store.places == before


# With one rounding, a·a − 1 would be 2⁻¹⁵ + 2⁻³² for float32; with two it is 2⁻¹⁵.
A = {np.float32: 1 + 2.0**-16, np.float64: 1 + 2.0**-30}


def square_less_one(a, one):
    return a * a - one


@pytest.mark.parametrize("dtype", A)
def test_formula_rounds_every_operation(dtype):
    a, one = dtype(A[dtype]), dtype(1)
    assert formula(square_less_one)(a, one) == a * a - one


def total(values):
    result = 0.0
    for j in range(len(values)):
        result += values[j]
    return result


def test_formula_adds_in_order():
    """In lanes, the ones would be added to each other before the large number swallows them."""
    values = np.array([1e16, 1, 1, 1, 1, 1, 1, 1, -1e16, 1] * 8)
    assert formula(total)(values) == total(values.tolist())
    assert reassociated(total)(values) != total(values.tolist())


def test_division_by_zero_is_numpys():
    assert formula(lambda a, b: a / b)(1.0, 0.0) == np.inf

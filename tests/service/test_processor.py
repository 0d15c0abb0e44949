"""Kernels that were compiled for another kind of processor are refused at the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from lossgrad_service.runtime.processor import require_processor
from lossgrad_service.runtime.wrong_settings import WrongSettings

V2 = "cx16 lahf_lm pni popcnt sse4_1 sse4_2 ssse3"
V3 = f"{V2} abm avx avx2 bmi1 bmi2 f16c fma movbe xsave"


def processor_with(features: str, folder: Path) -> Path:
    """Return a file in which Linux tells of two cores."""
    cpuinfo = folder / "cpuinfo"
    core = f"processor\t: 0\nmodel name\t: any\nflags\t\t: fpu {features}\nbugs\t\t:\n\n"
    cpuinfo.write_text(core * 2)
    return cpuinfo


@pytest.mark.parametrize("kind", ["x86-64-v2", "x86-64-v3"])
def test_kinds_that_it_is_of_are_taken(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CPU_NAME", kind)
    require_processor(processor_with(V3, tmp_path))


@pytest.mark.parametrize(
    ("kind", "features", "missing"),
    [
        ("x86-64-v3", V3.replace(" avx2", "").replace(" fma", ""), "avx2, fma"),
        ("x86-64-v4", V3, "avx512bw, avx512cd, avx512dq, avx512f, avx512vl"),
    ],
)
def test_what_is_missing_is_named(
    kind: str, features: str, missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CPU_NAME", kind)
    with pytest.raises(WrongSettings, match=f"is {kind}, but this processor lacks {missing}: run"):
        require_processor(processor_with(features, tmp_path))


@pytest.mark.parametrize("kind", ["generic", "skylake-avx512", None])
def test_other_kinds_are_left_to_whoever_names_them(
    kind: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NUMBA_CPU_NAME", raising=False)
    if kind is not None:
        monkeypatch.setenv("NUMBA_CPU_NAME", kind)
    require_processor(processor_with("", tmp_path))


def test_systems_that_do_not_tell_are_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CPU_NAME", "x86-64-v3")
    require_processor(tmp_path / "nowhere")

from __future__ import annotations

from pathlib import Path

import pytest

from lossgrad_service.demo.plot import save_learning_curve
from lossgrad_service.demo.training import History, Step

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("steps", [1, 200])
def test_curve_is_a_png_in_a_new_folder(tmp_path: Path, steps: int) -> None:
    history = History()
    for step in range(1, steps + 1):
        history.add(Step(loss=2.3 / step, accuracy=0.9 if step % 50 == 0 or steps == 1 else None))
    path = tmp_path / "out" / "curve.png"
    save_learning_curve(history, "a title", path)
    assert path.read_bytes().startswith(PNG_SIGNATURE)

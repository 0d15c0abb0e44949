from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lossgrad_service.demo.plot import confusions, save_picture
from lossgrad_service.demo.training import History, Recognition, Step

LABELS = np.arange(10)
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("steps", [1, 200])
def test_picture_is_a_png_in_a_new_folder(tmp_path: Path, steps: int) -> None:
    history, tested = History(), Recognition(0.9, LABELS[::-1])
    for step in range(1, steps + 1):
        history.add(Step(2.3 / step, tested if step % 50 == 0 or steps == 1 else None))
    path = tmp_path / "out" / "curve.png"
    save_picture(history, LABELS, "a title", path)
    assert path.read_bytes().startswith(PNG_SIGNATURE)


def test_confusions_count_every_pair() -> None:
    counts = confusions(np.array([3, 3, 3, 8]), np.array([3, 8, 8, 8]))
    assert counts[3].tolist() == [0, 0, 0, 1, 0, 0, 0, 0, 2, 0]
    assert counts[8, 8] == counts.sum() - 3 == 1

"""scikit-learn's bundled handwritten digits, split once and for all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TEST_ROWS = 360
"""Digits held back for testing: a fifth of the 1,797."""

SPLIT_SEED = 0
"""The split is the same in every run, whatever the seed of the training."""

LARGEST_PIXEL = 16.0


@dataclass(frozen=True, slots=True)
class Rows:
    """Digits and what they are."""

    images: NDArray[np.float64]
    """(N, 64): the pixels of 8×8 images, row by row, in [0, 1]."""
    labels: NDArray[np.int64]
    """(N,): the digit that was written, 0 to 9."""

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, positions: NDArray[np.int64]) -> Rows:
        """Return the rows at `positions`, in that order."""
        return Rows(self.images[positions], self.labels[positions])

    def shards(self, count: int) -> list[Rows]:
        """Return at most `count` runs of neighbouring rows of nearly equal length, none empty."""
        cuts = np.array_split(np.arange(len(self)), count)
        return [self.take(positions) for positions in cuts if positions.size]


@dataclass(frozen=True, slots=True)
class Digits:
    """The rows to learn from and those held back."""

    train: Rows
    test: Rows


def load_digits() -> Digits:
    """Return the 1,797 digits with every class in the same proportion on both sides."""
    from sklearn.datasets import load_digits as load_bundled
    from sklearn.model_selection import train_test_split

    pixels, labels = load_bundled(return_X_y=True)
    rows = Rows(np.asarray(pixels) / LARGEST_PIXEL, np.asarray(labels, np.int64))
    train, test = train_test_split(
        np.arange(len(rows)), test_size=TEST_ROWS, stratify=labels, random_state=SPLIT_SEED
    )
    return Digits(rows.take(np.asarray(train)), rows.take(np.asarray(test)))

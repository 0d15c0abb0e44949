from __future__ import annotations

import numpy as np
import pytest

from lossgrad_service.demo.data import TEST_ROWS, Digits, Rows


def test_every_digit_is_on_one_side(digits: Digits) -> None:
    assert len(digits.test) == TEST_ROWS
    assert len(digits.train) + len(digits.test) == 1797


def test_pixels_are_between_0_and_1(digits: Digits) -> None:
    assert digits.train.images.min() == 0
    assert digits.train.images.max() == 1


def test_classes_have_the_same_proportion_on_both_sides(digits: Digits) -> None:
    train, test = (np.bincount(rows.labels) / len(rows) for rows in (digits.train, digits.test))
    np.testing.assert_allclose(test, train, atol=1 / TEST_ROWS)


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_shards_are_the_rows_in_order(digits: Digits, count: int) -> None:
    shards = digits.test.shards(count)
    assert len(shards) == count
    np.testing.assert_array_equal(
        np.concatenate([shard.images for shard in shards]), digits.test.images
    )
    np.testing.assert_array_equal(
        np.concatenate([shard.labels for shard in shards]), digits.test.labels
    )


def test_more_shards_than_rows_are_not_made(digits: Digits) -> None:
    rows: Rows = digits.test.take(np.arange(3))
    assert [len(shard) for shard in rows.shards(5)] == [1, 1, 1]

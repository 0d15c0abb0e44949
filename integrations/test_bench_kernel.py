"""The benchmark of the kernels asks every library, and they all give what we do."""

from __future__ import annotations

import numpy as np
import pytest

from lossgrad_service.benchmarks.kernel.libraries import DISTRIBUTIONS
from lossgrad_service.benchmarks.kernel.problems import Way, random_head, random_scores
from lossgrad_service.benchmarks.kernel.ways import ways_through_head, ways_to_dscores

FROM_SCORES = ways_to_dscores(random_scores(40, 30))
THROUGH_HEAD = ways_through_head(random_head(40, 20, 30))


def test_every_library_is_asked():
    assert DISTRIBUTIONS.keys() < FROM_SCORES.keys()
    assert DISTRIBUTIONS.keys() - {"scikit-learn"} < THROUGH_HEAD.keys()


@pytest.mark.parametrize("library", sorted(DISTRIBUTIONS.keys() & FROM_SCORES.keys()))
def test_from_scores(library: str):
    assert_same(FROM_SCORES[library], FROM_SCORES["whole call, 2 threads"])


@pytest.mark.parametrize("library", sorted(DISTRIBUTIONS.keys() & THROUGH_HEAD.keys()))
def test_through_a_layer(library: str):
    assert_same(THROUGH_HEAD[library], THROUGH_HEAD["whole call, 2 threads"])


def assert_same(theirs: Way, ours: Way):
    found, expected = theirs(), ours()
    np.testing.assert_allclose(found.loss, expected.loss, rtol=1e-5)
    for theirs_, ours_ in zip(found.gradients, expected.gradients, strict=True):
        np.testing.assert_allclose(theirs_, ours_, rtol=1e-4, atol=1e-6)

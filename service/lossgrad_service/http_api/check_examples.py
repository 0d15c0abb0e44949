"""Requests of ``POST /v1/check`` that can be sent as they stand, with their true answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lossgrad_service.http_api.examples import (
    LAYER,
    LOSS_OF_LAYER,
    LOSS_OF_SCORES,
    SCORES,
    Example,
)

_VERIFIED_LAYER: Final[Sequence[Mapping[str, Any]]] = [
    {
        "name": "dScores",
        "band": "good",
        "max_relative_error": 3.2e-13,
        "n_directions": 4,
    },
    {
        "name": "dW2",
        "band": "good",
        "max_relative_error": 5.2e-13,
        "n_directions": 4,
    },
    {
        "name": "db2",
        "band": "good",
        "max_relative_error": 1.1e-12,
        "n_directions": 4,
    },
    {
        "name": "dH1",
        "band": "good",
        "max_relative_error": 1.4e-12,
        "n_directions": 4,
    },
]
"""How the gradients of the layer are verified."""

CHECKS: Final[Mapping[str, Example]] = {
    "not_divided": Example(
        summary="A dScores that was not divided by the number of rows",
        request={
            **SCORES,
            "gradients": {
                "loss": 0.54394,
                "dScores": [[0.09003, 0.24473, -0.33476], [-0.49352, 0.18632, 0.3072]],
            },
        },
        answer={
            "ok": False,
            "diagnoses": ["not_divided_by_n"],
            **LOSS_OF_SCORES,
            "comparisons": [
                {
                    "name": "loss",
                    "band": "good",
                    "max_relative_error": 4.012311913999846e-06,
                    "n_entries": 1,
                    "n_wrong": 0,
                    "shape": [],
                    "expected_shape": [],
                    "worst": [
                        {
                            "index": [],
                            "theirs": 0.54394,
                            "ours": 0.5439378175430575,
                            "relative_error": 4.012311913999846e-06,
                        }
                    ],
                },
                {
                    "name": "dScores",
                    "band": "wrong",
                    "max_relative_error": 0.5000066964217148,
                    "n_entries": 6,
                    "n_wrong": 6,
                    "shape": [2, 3],
                    "expected_shape": [2, 3],
                    "worst": [
                        {
                            "index": [1, 2],
                            "theirs": 0.3072,
                            "ours": 0.1535979428592492,
                            "relative_error": 0.5000066964217148,
                        },
                        {
                            "index": [0, 1],
                            "theirs": 0.24473,
                            "ours": 0.1223642355273988,
                            "relative_error": 0.500003123738819,
                        },
                        {
                            "index": [0, 2],
                            "theirs": -0.33476,
                            "ours": -0.16737952211258902,
                            "relative_error": 0.500001427552309,
                        },
                        {
                            "index": [1, 0],
                            "theirs": -0.49352,
                            "ours": -0.246759804472173,
                            "relative_error": 0.50000039619028,
                        },
                        {
                            "index": [0, 0],
                            "theirs": 0.09003,
                            "ours": 0.045015286585190224,
                            "relative_error": 0.4999968167811816,
                        },
                        {
                            "index": [1, 1],
                            "theirs": 0.18632,
                            "ours": 0.0931618616129238,
                            "relative_error": 0.4999900085180132,
                        },
                    ],
                },
            ],
            "verifications": [
                {
                    "name": "dScores",
                    "band": "good",
                    "max_relative_error": 4.9e-13,
                    "n_directions": 4,
                }
            ],
            "findings": [
                {
                    "code": "not_divided_by_n",
                    "name": "dScores",
                    "text": (
                        "The part of the data is 2 times ours: the sum over the rows, "
                        "not their mean. Divide dscores by that number once, before "
                        "it goes back to the layers (dscores /= N), and the sum of "
                        "the row losses as well; or ask for reduction='sum'."
                    ),
                }
            ],
        },
    ),
    "penalty_left_out": Example(
        summary="A dW2 without the gradient of the L2 penalty; db2 is right",
        request={
            **LAYER,
            "gradients": {
                "dW2": [
                    [0.22662710390097515, 0.0162478313370802, -0.2428749352380554],
                    [0.24864257102608736, -0.47362367300715497, 0.22498110198106758],
                ],
                "db2": [0.28879, -0.10216, -0.18663],
            },
        },
        answer={
            "ok": False,
            "diagnoses": ["reg_missing"],
            **LOSS_OF_LAYER,
            "comparisons": [
                {
                    "name": "dW2",
                    "band": "wrong",
                    "max_relative_error": 0.1230933506452442,
                    "n_entries": 6,
                    "n_wrong": 2,
                    "shape": [2, 3],
                    "expected_shape": [2, 3],
                    "worst": [
                        {
                            "index": [0, 1],
                            "theirs": 0.0162478313370802,
                            "ours": 0.014247831337080201,
                            "relative_error": 0.1230933506452442,
                        },
                        {
                            "index": [0, 2],
                            "theirs": -0.2428749352380554,
                            "ours": -0.2398749352380554,
                            "relative_error": 0.01235203623239069,
                        },
                        {
                            "index": [1, 1],
                            "theirs": -0.47362367300715497,
                            "ours": -0.46962367300715496,
                            "relative_error": 0.008445523794456905,
                        },
                        {
                            "index": [1, 2],
                            "theirs": 0.22498110198106758,
                            "ours": 0.22398110198106758,
                            "relative_error": 0.0044448177700016425,
                        },
                        {
                            "index": [0, 0],
                            "theirs": 0.22662710390097515,
                            "ours": 0.22762710390097518,
                            "relative_error": 0.004393149949467615,
                        },
                    ],
                },
                {
                    "name": "db2",
                    "band": "good",
                    "max_relative_error": 1.8726363463788316e-05,
                    "n_entries": 3,
                    "n_wrong": 0,
                    "shape": [3],
                    "expected_shape": [3],
                    "worst": [
                        {
                            "index": [1],
                            "theirs": -0.10216,
                            "ours": -0.10215808691470854,
                            "relative_error": 1.8726363463788316e-05,
                        },
                        {
                            "index": [0],
                            "theirs": 0.28879,
                            "ours": 0.288787746657497,
                            "relative_error": 7.802702666221267e-06,
                        },
                        {
                            "index": [2],
                            "theirs": -0.18663,
                            "ours": -0.1866296597427885,
                            "relative_error": 1.8231646117433938e-06,
                        },
                    ],
                },
            ],
            "verifications": _VERIFIED_LAYER,
            "findings": [
                {
                    "code": "reg_missing",
                    "name": "dW2",
                    "text": (
                        "It is ours without the L2 penalty. Add it for w2, and w1 if "
                        "sent: 0.5 * reg * sum(W**2), its gradient reg * W "
                        "(reg_convention='half')."
                    ),
                }
            ],
        },
    ),
    "verified": Example(
        summary="No gradients of one's own: the exact ones beside differences of the loss",
        request=LAYER,
        answer={
            "ok": True,
            "diagnoses": [],
            **LOSS_OF_LAYER,
            "comparisons": [],
            "verifications": _VERIFIED_LAYER,
            "findings": [],
        },
    ),
}

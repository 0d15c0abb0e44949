"""Requests of ``POST /v1/compute`` that can be sent as they stand, with their true answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Example:
    """A request and what the service answers."""

    summary: str
    request: Mapping[str, Any]
    answer: Mapping[str, Any]


SCORES: Final[Mapping[str, Any]] = {"scores": [[1.0, 2.0, 3.0], [0.5, -0.5, 0.0]], "labels": [2, 0]}

LOSS_OF_SCORES: Final[Mapping[str, Any]] = {
    "loss": 0.5439378175430575,
    "data_loss": 0.5439378175430575,
    "reg_loss": 0.0,
    "z_loss": 0.0,
    "denominator": 2.0,
    "n_rows": 2,
    "n_ignored": 0,
}

LAYER: Final[Mapping[str, Any]] = {
    "h1": [[1.0, 0.0], [0.5, 2.0]],
    "w2": [[0.1, -0.2, 0.3], [0.0, 0.4, -0.1]],
    "b2": [0.0, 0.1, 0.0],
    "labels": [2, 1],
    "reg": 0.01,
}

LOSS_OF_LAYER: Final[Mapping[str, Any]] = {
    "loss": 0.7783701520623153,
    "data_loss": 0.7768201520623153,
    "reg_loss": 0.0015500000000000004,
    "z_loss": 0.0,
    "denominator": 2.0,
    "n_rows": 2,
    "n_ignored": 0,
}

EXAMPLES: Final[Mapping[str, Example]] = {
    "scores": Example(
        summary="Scores and labels: the loss and dScores",
        request=SCORES,
        answer={
            **LOSS_OF_SCORES,
            "dScores": [
                [0.045015286585190224, 0.1223642355273988, -0.16737952211258902],
                [-0.246759804472173, 0.0931618616129238, 0.1535979428592492],
            ],
        },
    ),
    "output_layer": Example(
        summary="Hidden activations and the output layer: dW2 and db2, with an L2 penalty",
        request=LAYER,
        answer={
            **LOSS_OF_LAYER,
            "dW2": [
                [0.22762710390097515, 0.014247831337080201, -0.2398749352380554],
                [0.24864257102608736, -0.46962367300715496, 0.22398110198106758],
            ],
            "db2": [0.288787746657497, -0.10215808691470854, -0.1866296597427885],
        },
    ),
    "base64": Example(
        summary="float32 in base64 both ways, an ignored row, predictions",
        request={
            "scores": {
                "shape": [2, 3],
                "dtype": "f32",
                "encoding": "base64",
                "data": "AACAPwAAAEAAAEBAAAAAAAAAAAAAAAAA",
            },
            "labels": [2, -100],
            "ignore_index": -100,
            "want": ["dScores", "predictions"],
            "encoding": "base64",
        },
        answer={
            "loss": 0.4076059495443796,
            "data_loss": 0.4076059495443796,
            "reg_loss": 0.0,
            "z_loss": 0.0,
            "denominator": 1.0,
            "n_rows": 2,
            "n_ignored": 1,
            "dScores": {
                "shape": [2, 3],
                "dtype": "f32",
                "encoding": "base64",
                "data": "82G4PRmaej6JZau+AAAAAAAAAAAAAAAA",
            },
            "predictions": {
                "shape": [2],
                "dtype": "i64",
                "encoding": "base64",
                "data": "AgAAAAAAAAAAAAAAAAAAAA==",
            },
        },
    ),
}

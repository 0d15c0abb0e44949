"""The two models, and what each may be given and asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from lossgrad.errors import Unimplemented
from lossgrad.types.quantities import INPUTS, WANTABLE
from lossgrad.types.rules import missing_for

VERSION: Final = "1"
"""The only version of each."""


@dataclass(frozen=True)
class Model:
    """The problems that some of the inputs can state."""

    name: str
    inputs: tuple[str, ...]
    """What it may be given, in the contract's order."""

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """What it may be asked for, in the contract's order: all that its inputs suffice for."""
        return tuple(name for name in WANTABLE if not any(missing_for(name, self.inputs)))


MODELS: Final[Mapping[str, Model]] = {
    model.name: model
    for model in (
        Model("softmax_loss", ("scores", "labels", "targets", "class_weights", "sample_weights")),
        Model("linear_softmax_loss", tuple(INPUTS)),
    )
}
"""By name."""


def find_model(name: str, version: str) -> Model:
    """Return a model by its name and version; an empty version is the only one.

    Raises
    ------
    Unimplemented
        Where there is no such model, or not in this version.
    """
    model = MODELS.get(name)
    if model is None:
        raise Unimplemented(f"there is no model {ascii(name)[:80]}; there are {', '.join(MODELS)}")
    if version not in ("", VERSION):
        shown = ascii(version)[:80]
        raise Unimplemented(
            f"there is no version {shown} of {name}; leave it out, or ask for {VERSION}"
        )
    return model

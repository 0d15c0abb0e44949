"""Settings as flags of a command."""

from __future__ import annotations

from typing import Any

import typer

from lossgrad_service.runtime.settings import Settings


def flag(name: str) -> Any:
    """Return the option of a setting, told in the words of the setting."""
    field = Settings.model_fields[name]
    has_fixed_default = field.default_factory is None and field.default is not None
    default = f" [default: {field.default}]" if has_fixed_default else ""
    return typer.Option(help=f"{field.description}{default}", show_default=False)

"""The group of commands; the module of a command is imported when it is used."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

COMMANDS = {
    "serve": "lossgrad_service.cli.serve",
    "key": "lossgrad_service.cli.key",
    "warmup": "lossgrad_service.cli.warmup",
    "compute": "lossgrad_service.cli.compute",
    "check": "lossgrad_service.cli.check",
    "info": "lossgrad_service.cli.info",
    "doctor": "lossgrad_service.cli.doctor.command",
    "demo": "lossgrad_service.demo.command",
    "bench": "lossgrad_service.benchmarks.command",
    "bench-kernel": "lossgrad_service.benchmarks.kernel.command",
    "bench-training": "lossgrad_service.benchmarks.training.command",
    "bench-scaling": "lossgrad_service.benchmarks.scaling.command",
}
"""Commands, each a function of its own name, with _ for -, in the module named here."""


class LazyCommands(TyperGroup):
    """A group that imports a command when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the commands in the order of the help."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command, or None for an unknown name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        function = getattr(import_module(COMMANDS[cmd_name]), cmd_name.replace("-", "_"))
        single.command(cmd_name)(function)
        return typer.main.get_command(single)


app = typer.Typer(
    cls=LazyCommands,
    no_args_is_help=True,
    add_completion=False,
    # Formulas in help texts are not markup.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lossgrad {version('lossgrad')}")
        raise typer.Exit


@app.callback()
def lossgrad(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Softmax and hinge losses with their exact gradients, as a service.

    Exit codes: 0 done; 2 wrong input or usage; 3 the server is unavailable, busy or
    too slow; 4 a check found something wrong; 1 anything else.
    """

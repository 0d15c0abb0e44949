"""The closing table: how much was asked of the service, and where the time went."""

from __future__ import annotations

from rich.table import Table

from lossgrad_service.demo.tally import Tally


def closing_table(tally: Tally, *, steps: int, training: float, in_all: float) -> Table:
    """Return the table of a demo; `training` and `in_all` are seconds on the clock.

    The seconds of the calls are sums over all workers, some of which called side by
    side.
    """
    table = Table(show_header=False)
    table.add_column("what")
    table.add_column("how much", justify="right")
    table.add_row("steps", f"{steps:,}")
    table.add_row("calls", f"{tally.calls:,}")
    table.add_row("calls per second", f"{tally.calls / training:,.0f}", end_section=True)
    table.add_row("seconds in all, with start and stop", f"{in_all:.2f}")
    table.add_row("seconds of training", f"{training:.2f}", end_section=True)
    table.add_row("seconds of calls, all workers", f"{tally.wall_seconds:.2f}")
    table.add_row("  in the service", f"{sum(tally.service_seconds.values()):.2f}")
    for stage, spent in tally.service_seconds.items():
        table.add_row(f"    {stage}", f"{spent:.2f}", style="dim")
    table.add_row("  on the wire", f"{tally.wire_seconds:.2f}")
    return table

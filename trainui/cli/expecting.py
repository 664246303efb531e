"""How the command line tells what a run is expected to come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from trainui.cli.printing import duration, number, plain
from trainui.core.export.plain import jsonable
from trainui.core.prospects import Prospect, seconds_until
from trainui.core.store.views import RunView


def forecast_json(view: RunView, one: Prospect) -> dict[str, Any]:
    """A forecast as `show --json` prints it; `at` is where the run ends, in `unit`."""
    found = one.found
    end = found.at(found.end) if found is not None and found.end is not None else None
    return {
        "unit": one.unit,
        "evaluations": found.evaluations if found else None,
        "at": end.x if end else None,
        "value": end.value if end else None,
        "low": end.low if end else None,
        "high": end.high if end else None,
        "why_not": one.why_not,
        "gates": {
            gate: {**jsonable(outlook), "in_seconds": seconds_until(view, one, outlook.at)}
            for gate, outlook in one.outlooks.items()
        },
    }


def print_expected(view: RunView, found: Sequence[Prospect]) -> None:
    """A line for each metric that something can be said of, and one for each gate that it bears on."""
    told = [one for one in found if one.found is not None]
    if told:
        click.echo("")
    for one in told:
        if one.found is not None and one.found.end is not None:
            end = one.found.at(one.found.end)
            band = f"{number(end.low)}..{number(end.high)}"
            click.echo(
                f"  expected {plain(one.metric)} at {one.unit} {end.x:g}: {number(end.value)} ({band}),"
                f" from {one.found.evaluations} evaluations"
            )
        for gate, outlook in one.outlooks.items():
            left = seconds_until(view, one, outlook.at)
            when = f", in {duration(left)}" if left is not None else ""
            if outlook.text:
                click.echo(f"  {plain(gate)}: {outlook.text}{when}")

"""compare: runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from trainui.cli.place import Place, db_option
from trainui.cli.printing import duration, number, print_json, table
from trainui.core.comparing import Comparison, Reached, Row, compared
from trainui.core.errors import UserError

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.command("compare")
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...")
@json_option
@db_option
def compare_command(place: Place, runs: tuple[str, ...], as_json: bool) -> None:
    """Runs side by side: what differs, what they reached, how their gates stand."""
    names = list(dict.fromkeys(runs))
    if len(names) < 2:
        raise UserError("one run cannot be compared with itself", hint="name two runs or more")
    found = compared(place.reader(), names)
    if as_json:
        print_json(comparison_json(found))
        return
    _print(found)


def comparison_json(found: Comparison) -> dict[str, Any]:
    """A comparison as `compare --json` prints it: run → value in every row."""

    def by_run(values: Sequence[Any]) -> dict[str, Any]:
        return dict(zip(found.runs, values, strict=True))

    return {
        "runs": found.runs,
        "facts": {row.name: by_run(row.values) for row in found.facts},
        "params": {row.name: by_run(row.values) for row in found.params},
        "alike": dict(found.alike),
        "packages": {row.name: by_run(row.values) for row in found.packages},
        "metrics": {
            one.metric: {
                "goal": one.goal or None,
                "best_run": None if one.best is None else found.runs[one.best],
                "last": by_run(one.last),
                "min": by_run(one.min),
                "max": by_run(one.max),
            }
            for one in found.metrics
        },
        "gates": {
            row.name: {"rule": found.rules.get(row.name, ""), "verdicts": by_run(row.values)}
            for row in found.gates
        },
    }


def _print(found: Comparison) -> None:
    places = range(1, len(found.runs) + 1)
    parts = (
        ("", [_row(row) for row in found.facts]),
        ("params", [_row(row) for row in found.params]),
        ("packages", [_row(row) for row in found.packages]),
        ("metrics", [line for one in found.metrics for line in _reached(one)]),
        ("gates", [_row(row) for row in found.gates]),
    )
    is_first = True
    for title, rows in parts:
        if rows:
            if not is_first:
                click.echo("")
            table([title, *(found.runs if is_first or title else ())], rows, right=tuple(places))
            is_first = False
    click.echo("")
    count = len(found.alike)
    click.echo(f"{count} param{'' if count == 1 else 's'} alike" + (" (--json names them)" if count else ""))


def _row(row: Row) -> list[str]:
    return [row.name, *(_cell(row.name, one) for one in row.values)]


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if name == "seconds":
        return duration(value)
    if isinstance(value, float):
        return number(value, 6 if name == "usd" else 4)
    return str(value)


def _reached(one: Reached) -> list[list[str]]:
    """The last value of each run; of a metric with a goal the best one too, with a star at the winner."""
    rows = [[one.metric, *map(number, one.last)]]
    if one.goal:
        values = one.min if one.goal == "min" else one.max
        stars = [number(value) + ("*" if place == one.best else "") for place, value in enumerate(values)]
        rows.append([f"  best ({one.goal})", *stars])
    return rows

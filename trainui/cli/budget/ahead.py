"""What `trainui budget` tells of what is to come: which runs the money lasts for, and plans against what was taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from trainui.cli.place import Place
from trainui.cli.printing import number, plain, table
from trainui.core.costing import Planned, budget_outlook, planned
from trainui.core.errors import NotFoundError
from trainui.core.export.document import jsonable
from trainui.core.store.read import Reader

NAMES = {"decision_points": "decisions", "gpu_hours": "GPU-h", "usd": "cost", "wall_hours": "wall h"}
"""What was estimated → how it is headed."""


def plans(place: Place, reader: Reader) -> list[Planned]:
    """Every study and job with an estimate; studies of which nothing was started too, where there is a project."""
    try:
        studies = [one for file in place.client().studies() for one in file.studies]
    except NotFoundError:  # a runs.db without its project
        studies = []
    return planned(reader, studies=studies)


def ahead_json(place: Place, reader: Reader) -> dict[str, Any]:
    """What `budget --json` says beside the reckoning."""
    return {"outlook": jsonable(budget_outlook(reader)), "planned": jsonable(plans(place, reader))}


def print_ahead(reader: Reader) -> None:
    """Which live runs end before the money does, in a line; nothing where none is live or nothing is limited."""
    found = budget_outlook(reader)
    if found.text and found.ends:
        click.echo(plain(found.text))


def print_plans(found: Sequence[Planned]) -> None:
    """Planned against actual, a line for each amount that was planned; nothing where nothing was."""
    rows = [
        [
            f"{one.kind} {one.name}" + (f" x {one.lines}" if one.kind == "job" and one.lines > 1 else ""),
            NAMES[each.what],
            _range(each.planned),
            number(each.actual, 3),
            _range(each.remaining),
            "–" if each.ratio is None else f"{each.ratio:.0%}",
        ]
        for one in found
        for each in one.compared
        if each.planned is not None
    ]
    if rows:
        click.echo("")
        table(["planned", "of", "plan", "actual", "left of it", "used"], rows, right=(2, 3, 4, 5))


def _range(amounts: tuple[float, float] | None) -> str:
    if amounts is None:
        return "–"
    low, high = amounts
    return number(low, 3) if low == high else f"{number(low, 3)}..{number(high, 3)}"

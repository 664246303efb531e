"""What was planned against what was taken, and which runs end before the money does, in `trainui budget`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from trainui.cli.place import Place
from trainui.cli.printing import number, table
from trainui.core.costing import BudgetOutlook, Planned, budget_outlook
from trainui.core.costing.planned import planned
from trainui.core.errors import NotFoundError
from trainui.core.store.read import Reader

NAMES = {"decision_points": "decisions", "gpu_hours": "GPU-h", "usd": "cost", "wall_hours": "wall h"}
"""What is estimated → how it is headed."""


def plans(place: Place, reader: Reader) -> list[Planned]:
    """Every study and job that somebody estimated, against what it took."""
    try:
        studies = [one for file in place.client().studies() for one in file.studies]
    except NotFoundError:  # a runs.db without its project
        studies = []
    return planned(reader, studies=studies)


def outlook(reader: Reader) -> BudgetOutlook:
    """How long the money lasts, and which runs it lasts for."""
    return budget_outlook(reader)


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

"""What was planned against what was taken, and which runs end before the money does, in `trainui budget`."""

from __future__ import annotations

import click

from trainui.cli.place import Place
from trainui.cli.printing import plain, table
from trainui.core.costing import BudgetOutlook, Planned, budget_outlook, planned
from trainui.core.errors import NotFoundError
from trainui.core.store.read import Reader

HEADS = {"decision_points": "decisions", "gpu_hours": "GPU-h", "usd": "cost", "wall_hours": "wall h"}
"""What is estimated → how a column of it is headed."""


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


def print_plans(found: list[Planned]) -> None:
    """A table: for each, planned and taken side by side."""
    if not found:
        return
    click.echo("")
    rows = []
    for one in found:
        row = [f"{one.kind} {one.name}"]
        for value in one.compared:
            plan = "–" if value.planned is None else _range(value.planned)
            row.append(f"{value.actual:.4g} of {plan}" if value.planned or value.actual else "–")
        rows.append([*row, f"“{plain(one.quote)}”" if one.quote else ""])
    table(["taken of planned", *HEADS.values(), "as it was said"], rows, right=(1, 2, 3, 4))


def _range(plan: tuple[float, float]) -> str:
    low, high = plan
    return f"{low:g}" if low == high else f"{low:g}–{high:g}"

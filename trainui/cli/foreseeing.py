"""How the command line tells what something will cost: a run to its end, a start before it is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from trainui.cli.place import Place
from trainui.cli.printing import plain, print_json
from trainui.core.config import Config, load_config
from trainui.core.costing import RunCost, StartForecast, before_starts
from trainui.core.export.plain import jsonable
from trainui.core.spec import Spec
from trainui.core.store.read import Reader

COST_FIELDS = (
    "usd_to_end",
    "ends_at",
    "end_basis",
    "usd_to_target",
    "target",
    "usd_per_percent",
    "better_percent",
)
"""Fields of a run's cost in `ls --json`, beside those of the run; they are a contract: add, never take away."""


def cost_json(cost: RunCost, currency: str) -> dict[str, Any]:
    """What a run will cost, as `ls --json` prints it; `usd_of_line` is that of the runs it goes on from, too."""
    told = {name: jsonable(getattr(cost, name)) for name in COST_FIELDS}
    return {**told, "usd_of_line": cost.usd, "gpu_hours_of_line": cost.gpu_hours, "currency": currency}


def print_forecasts(found: Sequence[StartForecast], *, as_json: bool) -> None:
    """What starts would cost, a line for each and what it rests on."""
    if as_json:
        print_json(found)
        return
    for one in found:
        click.echo(plain(f"{one.job}: {one.text}"))
        if one.assumption:
            click.echo(plain(f"  {one.assumption}"))


def warn_of(place: Place, names: Sequence[str], *, priority: int) -> None:
    """A line on stderr for each of the runs just queued that does not fit."""
    reader = Reader(place.db)
    try:
        specs = [reader.spec(name) for name in names]
        config = load_config(place.project)
        if not _is_limited(config, specs):
            return
        others = [view for view in reader.runs() if view.run not in names]
        found = before_starts(reader, specs, config=config, views=others, priority=priority)
    finally:
        reader.close()
    for name, one in zip(names, found, strict=True):
        if one.fits is False:
            click.echo(plain(f"trainui: {name}: {one.text}"), err=True)


def _is_limited(config: Config, specs: Sequence[Spec]) -> bool:
    budget = config.budget
    own = any(spec.limits.usd is not None or spec.limits.hours is not None for spec in specs)
    return own or budget.total_usd is not None or budget.per_run_usd is not None or bool(budget.studies)

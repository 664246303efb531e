"""What `trainui gates suggest` prints: gates proposed from past runs, each with its rate of false alarms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from trainui.cli.judging import refuse_nothing
from trainui.cli.place import Place
from trainui.cli.printing import plain, print_json
from trainui.cli.replaying import labels_for, shelf_of, some
from trainui.core.backtest.pasts import past_of
from trainui.core.errors import UserError
from trainui.core.export.plain import jsonable
from trainui.core.gates.suggest import FEW, FEWEST, Proposal, suggest


def propose(place: Place, names: Sequence[str], *, labels: str | None, as_json: bool) -> None:
    """Print gates proposed from the runs named. Raises UserError where they are too few."""
    refuse_nothing(names, "gates suggest")
    shelf = shelf_of(place)
    tapes = [tape for name in names for tape in shelf.tapes(name) if not tape.is_live]
    known = labels_for(tapes, labels)
    runs = [past_of(tape, is_bad=bool(known.get(tape.run))) for tape in tapes]
    runs = [run for run in runs if run.curves]
    healthy = [run for run in runs if not run.is_bad]
    if len(healthy) < FEWEST:
        had = f"{len(healthy)} finished run{'' if len(healthy) == 1 else 's'} with a loss or a score"
        raise UserError(f"{had} say too little", hint=f"name at least {FEWEST}, better {FEW} or more")
    goals = {tape.spec.metrics.primary: tape.spec.metrics.goal for tape in tapes if tape.spec}
    proposals = suggest(runs, goals=goals)
    if as_json:
        print_json([_json(one) for one in proposals])
        return
    click.echo(
        f"# proposed by trainui from {some([run.run for run in healthy])}: what they did, with a margin"
    )
    if len(healthy) < FEW:
        click.echo(f"# {len(healthy)} runs are few: a rate moves in steps of 1/{len(healthy)}")
    for one in proposals:
        click.echo(f"\n# {plain(one.why)}; {_rate(one)}")
        click.echo(one.toml)


def _rate(one: Proposal) -> str:
    said = f"{len(one.false_alarms)} of {one.judged} runs it had not seen would have been false alarms"
    if one.rate_at_most is not None:
        said += f" (the true rate is below {one.rate_at_most:.0%}, at 95 %)"
    elif one.false_alarms:
        said += f": {some(one.false_alarms)}"
    return f"{said}; finds {len(one.found)} of {one.bad} bad runs" if one.bad else said


def _json(one: Proposal) -> dict[str, Any]:
    return {
        "gate": one.table["id"],
        "toml": one.toml,
        "rate": one.rate,
        "rate_at_most": one.rate_at_most,
        **jsonable(one),
    }

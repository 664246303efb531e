"""`trainui budget ledger`, `leases` and `burn`: the lines themselves, and how the money burns down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

import click

from trainui.cli.budget.summary import moment, money
from trainui.cli.place import Place, db_option
from trainui.cli.printing import print_json, table
from trainui.core.export.plain import jsonable
from trainui.core.money.amounts import sign
from trainui.core.store.moneyviews import BudgetView, BurnPoint

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")

BAR = 40
"""Cells of a bar that is full."""


@click.command("ledger")
@click.option("--run", default=None, metavar="RUN", help="Only the lines of this run.")
@click.option("--last", type=click.IntRange(1), default=50, show_default=True, help="So many newest lines.")
@click.option("--all", "everything", is_flag=True, help="Every line.")
@json_option
@db_option
def ledger_command(place: Place, run: str | None, last: int, everything: bool, as_json: bool) -> None:
    """The lines of the ledger, the newest last. They are never changed: see `budget correct`."""
    reader = place.reader()
    if run is not None:
        reader.run(run)
    lines = reader.ledger_lines(run=run, last=-1 if everything else last)
    currency = reader.budget().currency
    if as_json:
        print_json({"currency": currency, "lines": lines})
        return
    if not lines:
        click.echo("the ledger is empty: nothing was charged so far")
        return
    rows = [
        [
            str(one.id),
            f"{datetime.fromtimestamp(one.at):%m-%d %H:%M:%S}",
            one.kind,
            one.run,
            one.machine,
            f"{one.end - one.start:.1f} s" if one.end > one.start else "",
            f"{one.usd:.6f}",
            f"{one.gpu_hours:.6f}",
            one.text,
        ]
        for one in lines
    ]
    head = ["line", "when", "kind", "run", "machine", "span", sign(currency), "GPU-h", "note"]
    table(head, rows, right=(0, 5, 6, 7))


@click.command("leases")
@json_option
@db_option
def leases_command(place: Place, as_json: bool) -> None:
    """The machines that were rented, from when to when and at which rate; the newest first."""
    reader = place.reader()
    leases, currency = reader.leases(), reader.budget().currency
    if as_json:
        print_json({"currency": currency, "leases": jsonable(leases)})
        return
    if not leases:
        click.echo("no lease so far: one begins when the manager first sees a rate in trainui.toml")
        return
    unit = sign(currency)
    rows = [
        [
            str(one.id),
            one.machine,
            f"{one.usd_per_hour:.4f}",
            one.billing,
            one.share,
            str(one.gpus or ""),
            moment(one.start),
            moment(one.end) if one.end is not None else "open",
            f"{one.usd:.4f}",
            one.text,
        ]
        for one in leases
    ]
    head = ["lease", "machine", f"{unit}/h", "billing", "share", "GPUs", "from", "to", unit, "why it ended"]
    table(head, rows, right=(0, 2, 5, 8))


@click.command("burn")
@json_option
@db_option
def burn_command(place: Place, as_json: bool) -> None:
    """How the budget burns down, a line a day, and when it is gone at the present rate."""
    reader = place.reader()
    view, points = reader.budget(), reader.burn()
    if as_json:
        more = {"total_usd": view.total_usd, "reserve_usd": view.reserve_usd, "lasts_until": view.lasts_until}
        print_json({"currency": view.currency, **more, "points": [[one.at, one.usd] for one in points]})
        return
    if not points:
        click.echo("nothing was charged so far")
        return
    rows = _days(points, view)
    unit = sign(view.currency)
    has_total = view.total_usd is not None
    table(
        ["day", f"{unit} that day", f"{unit} in all", "left" if has_total else "", ""], rows, right=(1, 2, 3)
    )
    if view.lasts_until is not None and view.left_usd:
        rate = f"{money(view.usd_per_hour, view.currency)}/h"
        click.echo(f"at {rate} it lasts until {moment(view.lasts_until)}, the reserve kept back")


def _days(points: Sequence[BurnPoint], view: BudgetView) -> list[list[str]]:
    """A row for each day on which something was charged, with what was left at its end as a bar."""
    ends: dict[str, float] = {}
    for one in points:
        ends[f"{datetime.fromtimestamp(one.at):%Y-%m-%d}"] = one.usd
    days = [("", points[0].usd), *ends.items()]
    whole = view.total_usd or points[-1].usd
    rows = []
    for (_, before), (day, spent) in pairwise(days):
        if spent == before and len(days) > 2:
            continue
        shown = max(0.0, whole - spent) if view.total_usd is not None else spent
        bar = "█" * round(BAR * min(1.0, shown / whole)) if whole > 0 else ""
        left = f"{shown:.4f}" if view.total_usd is not None else ""
        rows.append([day, f"{spent - before:.4f}", f"{spent:.4f}", left, bar])
    return rows

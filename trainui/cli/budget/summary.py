"""`trainui budget`: the reckoning, the ladder, where the money went."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click
import msgspec

from trainui.cli.budget.plans import outlook, plans, print_plans
from trainui.cli.place import Place
from trainui.cli.printing import duration, plain, print_json, table
from trainui.core.config import Config, load_config
from trainui.core.config.notes import notes
from trainui.core.errors import NotFoundError
from trainui.core.export.plain import jsonable
from trainui.core.money.amounts import MICRO, sign
from trainui.core.money.lease import STEPS as BILLINGS
from trainui.core.rebuild.retelling import missing_runs
from trainui.core.store.moneyviews import BudgetView, CountdownView, Spent
from trainui.core.store.read import Reader

STEPS = {
    "tell": "people are told",
    "admit_no_more": "nothing new starts",
    "stop_least": "runs worth least are stopped",
    "stop_all": "everything is stopped",
}
"""Step of the ladder → what it does."""
SECONDS = 3600
"""Of an hour."""

UNSEEN = 150.0
"""Seconds without a reckoning after which no manager can be there: it is due every minute at least."""


def print_budget(place: Place, *, as_json: bool, by: str | None) -> None:
    """The whole reckoning, for people or as one JSON document."""
    if not place.db.exists() or _is_never_reckoned(place):
        _print_plan(place, as_json=as_json, by=by)
        return
    reader = place.reader()
    view, config = reader.budget(), reader.config()
    groups = reader.spent(by or "study")
    told = [*notes(config, studies=_studies(place, reader)), *_doubts(place, reader)]
    if as_json:
        runs = [run for run in reader.runs() if run.usd or run.gpu_hours]
        shares = [
            {"run": run.run, "job": run.job, "usd": run.usd, "gpu_hours": run.gpu_hours} for run in runs
        ]
        found = outlook(reader)
        more = {
            "planned": jsonable(plans(place, reader)),
            "ends": jsonable(found.ends),
            "outlook": jsonable(found),
        }
        _print_json(view, config, runs=shares, by=by, spent=groups, told=told, **more)
        return
    ends = outlook(reader)
    for line in [*reckoning(view, config, ends.text if ends.ends else ""), *(f"note: {one}" for one in told)]:
        click.echo(plain(line))
    for one in [by] if by else ["run", "study"]:
        caps = config.budget.studies if one == "study" else {}
        print_spent(one, reader.spent(one), view.currency, caps)
    if not by:
        print_plans(plans(place, reader))


def _is_never_reckoned(place: Place) -> bool:
    """Whether all there is to tell stands in trainui.toml: runs were imported, and nothing was ever started."""
    try:
        return not place.reader().budget().machine and bool(place.project)
    except NotFoundError:  # a runs.db without its project
        return False


def _print_plan(place: Place, *, as_json: bool, by: str | None) -> None:
    """What trainui.toml says, before anything was ever started."""
    config = load_config(place.project)
    budget, machine = config.budget, config.here
    total = budget.total_usd
    view = BudgetView(
        machine=machine.name,
        usd_per_hour=machine.rate / MICRO,
        currency=budget.currency,
        billing=machine.billing,
        share=machine.share,
        gpus=machine.gpus or 0,
        total_usd=total,
        spent_usd=budget.spent_usd,
        reserve_usd=budget.reserve_usd,
        left_usd=None if total is None else total - budget.spent_usd - budget.reserve_usd,
    )
    told = [*notes(config, studies=_studies(place, None)), *_doubts(place, None)]
    if as_json:
        _print_json(view, config, runs=[], by=by, spent=[], told=told)
        return
    for line in [*reckoning(view, config), *(f"note: {one}" for one in told)]:
        click.echo(plain(line))


def _print_json(
    view: BudgetView,
    config: Config,
    *,
    runs: list[Any],
    by: str | None,
    spent: list[Spent],
    told: list[str],
    planned: Any = (),
    ends: Any = (),
    outlook: Any = None,
) -> None:
    more = {"by": by or "study", "spent": jsonable(spent), "notes": told}
    more |= {"planned": planned, "ends": ends, "outlook": outlook}
    more |= {"ladder": msgspec.to_builtins(config.budget.ladder), "studies": config.budget.studies}
    print_json({**jsonable(view), "runs": runs, **more})


def print_spent(by: str, spent: Sequence[Spent], currency: str, caps: Mapping[str, float]) -> None:
    """What each took, in a table, and the most that it may (`caps`); nothing when nothing was spent."""
    if not spent:
        return
    click.echo("")
    rows = [
        [
            one.name,
            f"{one.usd:.4f}",
            f"{one.gpu_hours:.4f}",
            duration(one.seconds or None),
            str(one.runs or ""),
        ]
        for one in spent
    ]
    unit = sign(currency)
    if by == "run":
        table([by, unit, "GPU-h", "took"], [row[:4] for row in rows], right=(1, 2, 3))
    elif caps:
        most = [f"{caps[one.name]:.4f}" if one.name in caps else "" for one in spent]
        wide = [[*row[:2], cap, *row[2:]] for row, cap in zip(rows, most, strict=True)]
        table([by, unit, "at most", "GPU-h", "took", "runs"], wide, right=(1, 2, 3, 4, 5))
    else:
        table([by, unit, "GPU-h", "took", "runs"], rows, right=(1, 2, 3, 4))


def money(value: float, currency: str) -> str:
    """A sum as people read it: cents, or the millionths that matter in small ones."""
    digits = 2 if abs(value) >= 1000 else 4
    return f"{value:.{digits}f} {sign(currency)}"


def moment(at: float | None) -> str:
    """Unix seconds as local day and time."""
    return "–" if at is None else f"{datetime.fromtimestamp(at):%m-%d %H:%M}"


def reckoning(view: BudgetView, config: Config, ends: str = "") -> list[str]:
    """The sentences above the tables: the machine, the sums, the ladder, and whatever is not as it should be."""
    cash = view.currency
    gpus = f", {view.gpus} GPU{'s' if view.gpus > 1 else ''}" if view.gpus else ""
    lines = [
        f"{view.machine or 'this machine'}: {money(view.usd_per_hour, cash)}/h by the {view.billing},"
        f" shared by {view.share}{gpus}"
    ]
    before = config.budget.spent_usd
    parts = [f"idle {money(view.idle_usd, cash)}"] + ([f"before {money(before, cash)}"] if before else [])
    lines.append(
        f"spent {money(view.spent_usd, cash)} ({', '.join(parts)}), held {money(view.held_usd, cash)}"
    )
    if view.total_usd is None or view.left_usd is None:
        lines.append("no budget set (trainui budget init writes one)")
    else:
        left = f"left {money(view.left_usd, cash)} of {money(view.total_usd, cash)}"
        lines.append(f"{left}, reserve {money(view.reserve_usd, cash)}{_lasts(view)}")
        lines += [ends] if ends else []
        lines.append(_ladder(view, config))
    if view.over_usd:
        lines.append(f"OVER: the idle machine cost {money(view.over_usd, cash)} after the budget was used up")
    if view.problem:
        is_free = not view.usd_per_hour and view.total_usd is None
        till = "nothing starts until it is mended" if is_free else "the last good trainui.toml is in force"
        lines.append(f"PROBLEM: {view.problem}; {till}")
    if view.idle_since is not None:
        for_long = max(0.0, time.time() - view.idle_since)
        lost = money(for_long * view.usd_per_hour / 3600, cash)
        lines.append(f"IDLE for {duration(for_long)}, {lost}: the machine costs and no run makes progress")
    if view.countdown is not None:
        lines.append(_countdown(view.countdown))
    return lines


def _lasts(view: BudgetView) -> str:
    """Until when the money lasts, or how long once something starts; '' where the machine is free."""
    left = view.left_usd or 0.0
    if left <= 0:
        return ", nothing may be spent any more"
    if view.lasts_until is not None and view.lasts_until > time.time():
        return f", lasts until {moment(view.lasts_until)}"
    if left * SECONDS < view.usd_per_hour * BILLINGS.get(view.billing, 0):
        return f", too little for another {view.billing}"
    # nothing counts: no manager since that moment, or none yet
    return f", lasts for {duration(left / view.usd_per_hour * SECONDS)}" if view.usd_per_hour else ""


def _ladder(view: BudgetView, config: Config) -> str:
    used = "" if view.used is None else f"{100 * view.used:.0f} % of what may be spent is spent: "
    limits = {step: getattr(config.budget.ladder, step) for step in STEPS}
    names = list(STEPS)
    reached = names.index(view.step) + 1 if view.step in names else 0
    coming = [step for step in names[reached:] if limits[step] is not None]
    parts = [STEPS[view.step]] if view.step in STEPS else []
    parts += [f"from {limits[step]:g} % {STEPS[step]}" for step in coming]
    return f"ladder: {used}{', '.join(parts)}"


def _countdown(one: CountdownView) -> str:
    verb = "would be run (dry run)" if one.dry_run else "is run"
    when = f"in {duration(max(0.0, one.at - time.time()))}"
    return f"COUNTDOWN: {when} `{shlex.join(one.command)}` {verb}: {one.reason} (trainui budget cancel)"


def _doubts(place: Place, reader: Reader | None) -> list[str]:
    """Why what is shown as spent may be too little."""
    found = []
    if missing := missing_runs(place.db):
        shown = ", ".join(missing[:3]) + (" …" if len(missing) > 3 else "")
        found.append(
            f"runs.db does not know of {shown}: what was spent then is lost (trainui doctor --rebuild)"
        )
    seconds, view = (reader.unreckoned(), reader.budget()) if reader else (0.0, BudgetView())
    if seconds > UNSEEN and view.usd_per_hour:
        lost = money(seconds * view.usd_per_hour / 3600, view.currency)
        found.append(
            f"no manager has reckoned for {duration(seconds)}, which is {lost} more: the next one charges it"
        )
    return found


def _studies(place: Place, reader: Reader | None) -> set[str]:
    """Every study that a job, a study file or a run speaks of."""
    known = {run.study for run in reader.runs()} | set(reader.study_names()) if reader else set()
    try:
        client = place.client()
        known |= {job.study for job in client.jobs()}
        known |= {one.name for file in client.studies() for one in file.studies}
    except NotFoundError:  # a runs.db without its project
        pass
    return known - {""}

"""The pages of the budget screen: who spent what, planned against actual, leases, the ledger's last lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from trainui.core.costing import Planned, RunCost
from trainui.core.store.moneyviews import BudgetView, LeaseView, LedgerLine, Spent
from trainui.core.store.views import RunView
from trainui.ui.present.columns import Column, Row, columns
from trainui.ui.present.ink import Line, Span, line, safe
from trainui.ui.present.text import bar, clock, duration, fine, sign, usd

BAR = 10
BEFORE = "(before)"
"""The name of what trainui.toml says was spent before."""
_PLANNED = ("usd", "gpu_hours", "wall_hours", "decision_points")


def note(text: str) -> tuple[Line, ...]:
    """A page with nothing on it but why."""
    return (line(Span(text, "dim")),)


def spent_page(
    by: str,
    rows: Sequence[Spent],
    cells: int,
    *,
    budget: BudgetView,
    now: float,
    runs: Mapping[str, RunView] | None = None,
    costs: Mapping[str, RunCost] | None = None,
    before: float = 0.0,
    caps: Mapping[str, float] | None = None,
) -> tuple[Line, ...]:
    """Sums by study, job, day, machine or run, with all of them together below; by run also what is to come.

    `before`: what was spent before there was a ledger. `caps`: study → the most that it may cost.
    """
    rows = [*rows, *([Spent(name=BEFORE, usd=before, gpu_hours=0.0)] if before else [])]
    if not rows:
        return note("nothing was spent yet")
    unit = sign(budget.currency)
    heads = (
        Column(name="name", head=by, left=True, gives=True),
        Column(name="usd", head=unit),
        Column(name="most", head="at most", weight=1),
        Column(name="share", head="share", weight=2),
        Column(name="bar", head="", left=True, weight=6),
        Column(name="gpu_hours", head="GPU-h", weight=3),
        Column(name="hours", head="ran", weight=5),
        Column(name="runs", head="runs", weight=4),
        Column(name="rate", head=f"{unit}/h", weight=5),
        Column(name="to_end", head=f"{unit} to end", weight=1),
        Column(name="ends", head="ends", weight=2),
        Column(name="per_percent", head=f"{unit} per 1 %", weight=4),
    )
    whole = sum(one.usd for one in rows)
    table: list[Row] = []
    for one in rows:
        row = _spent_row(one, whole, names_runs=by != "run")
        if by == "day":
            row["name"] = line(_day(one.name))
        elif not one.name:
            row["name"] = line(Span("(idle)" if by in ("run", "job") else "(none)", "dim"))
        if by == "study" and caps and one.name in caps:
            row["most"] = line(Span(usd(caps[one.name]), "warn" if one.usd >= caps[one.name] else "dim"))
        view = (runs or {}).get(one.name) if by == "run" else None
        if view is not None:
            row |= _ahead(view, (costs or {}).get(one.name), now)
        table.append(row)
    total = Spent(
        name="together",
        usd=whole,
        gpu_hours=sum(one.gpu_hours for one in rows),
        seconds=sum(one.seconds for one in rows),
        runs=sum(one.runs for one in rows),
    )
    if len(rows) > 1:
        table.append(
            {name: _dim(part) for name, part in _spent_row(total, 0, names_runs=by != "run").items()}
        )
    return columns(heads, table, cells)


def _spent_row(one: Spent, whole: float, *, names_runs: bool) -> dict[str, Line]:
    part = one.usd / whole if whole else None
    return {
        "name": line(safe(one.name)),
        "usd": line(usd(one.usd)),
        "share": line(f"{100 * part:.0f} %") if part is not None else (),
        "bar": line(Span(bar(part, BAR), "accent")) if part is not None else (),
        "gpu_hours": line(usd(one.gpu_hours)) if one.gpu_hours else (),
        "hours": line(duration(one.seconds)) if one.seconds else (),
        "runs": line(str(one.runs)) if names_runs and one.runs else (),
    }


def _ahead(view: RunView, cost: RunCost | None, now: float) -> dict[str, Line]:
    """What a run is still to cost, and when it ends."""
    if view.is_live:
        name = Span(safe(view.run), "bold")
        row = {"name": line(name), "rate": line(usd(view.usd_per_hour))}
    else:
        row = {"name": line(Span(safe(view.run), "dim"))}
    if cost is None:
        return row
    if cost.usd_to_end is not None:
        row["to_end"] = line(usd(cost.usd_to_end))
    if cost.ends_at is not None and view.is_live:
        row["ends"] = line(clock(cost.ends_at, now))
    if cost.usd_per_percent is not None:
        row["per_percent"] = line(fine(cost.usd_per_percent))
    return row


def _dim(part: Line) -> Line:
    return tuple(Span(span.text, "dim") for span in part)


def _day(text: str) -> str:
    """`2023-11-15` as `Wed 15 Nov`; whatever else it is as it is."""
    try:
        return f"{date.fromisoformat(text):%a %d %b}"
    except ValueError:
        return safe(text)


def plan_page(plans: Sequence[Planned], cells: int, *, budget: BudgetView) -> tuple[Line, ...]:
    """What each study or job was planned to take, and what it took so far; more than was planned is marked."""
    if not plans:
        return note("nothing was planned: [estimate] in a job's or a study's file says what it should take")
    unit = sign(budget.currency)
    words = {"usd": unit, "gpu_hours": "GPU-h", "wall_hours": "hours", "decision_points": "decisions"}
    heads = [Column(name="name", head="study or job", left=True, gives=True)]
    for weight, key in enumerate(_PLANNED):
        heads.append(Column(name=key, head=words[key], weight=2 * weight))
        heads.append(Column(name=f"{key} planned", head="planned", left=True, weight=2 * weight + 1))
    heads.append(Column(name="runs", head="runs", weight=2 * len(_PLANNED)))
    rows: list[Row] = []
    for plan in plans:
        inside = "  " if plan.kind == "job" else ""
        row: dict[str, Line] = {
            "name": line(inside, Span(safe(plan.name), "" if inside else "bold")),
            "runs": line(str(plan.runs)) if plan.runs else (),
        }
        for one in plan.compared:
            if one.planned is None and not one.actual:
                continue
            tone = "warn" if one.planned is not None and one.actual > one.planned[1] else ""
            row[one.what] = line(Span(_amount(one.what, one.actual), tone))
            row[f"{one.what} planned"] = line(Span(_range(one.planned), "dim"))
        rows.append(row)
    return columns(heads, rows, cells)


def _amount(key: str, value: float) -> str:
    if key == "decision_points":
        return f"{value:g}"
    return fine(value)


def _range(planned: tuple[float, float] | None) -> str:
    if planned is None:
        return ""
    low, high = planned
    return f"of {low:g}" if low == high else f"of {low:g} to {high:g}"


def lease_page(
    leases: Sequence[LeaseView], cells: int, *, budget: BudgetView, now: float
) -> tuple[Line, ...]:
    """The machines that were rented, the newest first."""
    if not leases:
        return note("no machine with a rate was rented yet")
    unit = sign(budget.currency)
    heads = (
        Column(name="from", head="from"),
        Column(name="to", head="to"),
        Column(name="machine", head="machine", left=True, gives=True),
        Column(name="rate", head=f"{unit}/h"),
        Column(name="usd", head=unit),
        Column(name="lasted", head="lasted", weight=3),
        Column(name="billing", head="by the", left=True, weight=2),
        Column(name="share", head="shared by", left=True, weight=4),
        Column(name="gpus", head="GPUs", weight=5),
        Column(name="text", head="why it ended", left=True, weight=1, gives=True),
    )
    rows: list[Row] = []
    for one in leases:
        end = one.end if one.end is not None else now
        rows.append(
            {
                "from": line(clock(one.start, now)),
                "to": line(clock(end, now) if one.end is not None else Span("now", "bold")),
                "machine": line(safe(one.machine)),
                "rate": line(usd(one.usd_per_hour)),
                "usd": line(usd(one.usd)),
                "lasted": line(duration(end - one.start)),
                "billing": line(safe(one.billing)),
                "share": line(safe(one.share)),
                "gpus": line(str(one.gpus)) if one.gpus else (),
                "text": line(Span(safe(one.text), "dim")),
            }
        )
    return columns(heads, rows, cells)


def ledger_page(
    lines: Sequence[LedgerLine], cells: int, *, budget: BudgetView, now: float
) -> tuple[Line, ...]:
    """The last lines of the ledger, the newest first."""
    if not lines:
        return note("the ledger has no line yet")
    heads = (
        Column(name="at", head="at"),
        Column(name="kind", head="kind", left=True),
        Column(name="run", head="run", left=True, gives=True),
        Column(name="usd", head=sign(budget.currency)),
        Column(name="seconds", head="for", weight=2),
        Column(name="gpu_hours", head="GPU-h", weight=3),
        Column(name="machine", head="machine", left=True, weight=4),
        Column(name="share", head="shared by", left=True, weight=5),
        Column(name="text", head="note", left=True, weight=1, gives=True),
    )
    loud = {"over": "bad", "correction": "accent", "idle": "warn", "gap": "warn"}
    rows: list[Row] = []
    for one in lines:
        rows.append(
            {
                "at": line(clock(one.at, now)),
                "kind": line(Span(safe(one.kind), loud.get(one.kind, ""))),
                "run": line(safe(one.run)),
                "usd": line(f"{one.usd:.4f}"),
                "seconds": line(duration(one.end - one.start)) if one.end > one.start else (),
                "gpu_hours": line(f"{one.gpu_hours:.4f}") if one.gpu_hours else (),
                "machine": line(safe(one.machine)),
                "share": line(Span(safe(one.share), "dim")),
                "text": line(Span(safe(one.text), "dim")),
            }
        )
    return columns(heads, rows, cells)

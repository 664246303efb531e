"""From a store to what happened since a moment: reads only what it shows."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence

from trainui.core.away.model import Away, Ended, Going, Need, Verdict
from trainui.core.costing.standing import Standing, standing
from trainui.core.run import Status
from trainui.core.store.read import Reader
from trainui.core.store.subjects import REPLACED, subject_of
from trainui.core.store.views import EventView, GateView, RunView

BAD = ("tripped", "failed")
MACHINE = ("idle", "budget", "manager", "money")
"""Kinds of events of no run that tell of the machine and the money."""
MOST_EVENTS = 2000


def gather(
    reader: Reader, since: float, *, now: float | None = None, views: Sequence[RunView] | None = None
) -> Away:
    """What happened from `since` (Unix seconds) to now, however the clock was set meanwhile: all that was written down
    after the first thing since then. `views` are all runs, if somebody has read them."""
    now = time.time() if now is None else now
    stands = standing(reader, views=views, now=now)
    runs = stands.views
    news = _since(reader.events(limit=MOST_EVENTS), since, now)
    births = reader.births()
    moved = {
        one.run for one in news if one.kind == "status" and one.run in births and not births[one.run].imported
    }
    ended = sorted(
        (
            view
            for view in runs
            if view.status is Status.ENDED and (since < (view.ended_at or 0.0) or view.run in moved)
        ),
        key=lambda view: view.ended_at or 0.0,
    )
    children = {view.parent: view.run for view in reversed(runs) if view.parent}
    return Away(
        since=since,
        until=now,
        currency=stands.budget.currency,
        ended=tuple(_ended(view, children.get(view.run, "")) for view in ended),
        verdicts=_verdicts(reader, runs, since, news),
        needs=_needs(reader, stands),
        going=tuple(_going(view, stands, since) for view in runs if view.is_live),
        queued=sum(view.status is Status.QUEUED for view in runs),
        spending=reader.spent_since(since, now),
        left_usd=stands.budget.left_usd,
        lasts_until=stands.lasts_until,
        idle_since=stands.budget.idle_since,
        told=tuple((one.at, one.text) for one in news if not one.run and one.kind in MACHINE),
    )


def _since(events: Sequence[EventView], since: float, now: float) -> Sequence[EventView]:
    """From the first one after `since` on, in the order they were written; none of a time that is yet to come."""
    first = next((n for n, one in enumerate(events) if since < one.at <= now), len(events))
    return events[first:]


def _ended(view: RunView, child: str) -> Ended:
    metric = view.metric
    return Ended(
        run=view.run,
        at=view.ended_at or 0.0,
        result=str(view.result or ""),
        cause=view.cause,
        seconds=view.seconds,
        usd=view.usd,
        metric=metric.name if metric else "",
        best=metric.best if metric else None,
        followed_by=child,
    )


def _going(view: RunView, stands: Standing, since: float) -> Going:
    metric = view.metric
    return Going(
        run=view.run,
        status=str(view.status),
        progress=view.progress,
        ends_at=stands.ends_at(view.run),
        usd=view.usd,
        metric=metric.name if metric else "",
        best=metric.best if metric else None,
        has_begun_since=(view.started_at or 0.0) > since,
    )


def _verdicts(
    reader: Reader, runs: Sequence[RunView], since: float, news: Sequence[EventView]
) -> tuple[Verdict, ...]:
    """Gates that stand at tripped or failed, or passed, and came there meanwhile; the worst first."""
    imported = {view.run for view in runs if view.started_at is None and view.status is Status.ENDED}
    told = {(one.run, one.text.partition(" ")[0]) for one in news if one.kind == "gate"}
    found = [
        _verdict(gate)
        for gate in reader.gates()
        if ((gate.at or 0.0) > since or (gate.run, gate.gate) in told)
        and gate.verdict in (*BAD, "passed")
        and gate.run not in imported
        and REPLACED not in gate.gate
    ]
    order = {"critical": 0, "warning": 1, "info": 2}
    return tuple(
        sorted(found, key=lambda one: (one.verdict not in BAD, order.get(one.severity, 1), one.at, one.gate))
    )


def _verdict(gate: GateView) -> Verdict:
    return Verdict(
        subject=gate.run,
        gate=gate.gate,
        verdict=gate.verdict,
        reason=gate.reason,
        at=gate.at or 0.0,
        action=gate.action,
        severity=gate.severity,
    )


def _needs(reader: Reader, stands: Standing) -> tuple[Need, ...]:
    """What waits for a person now, whenever that began."""
    needs = []
    countdown, budget = stands.budget.countdown, stands.budget
    if countdown is not None:
        needs.append(
            Need(kind="countdown", subject="", text=f"on_{countdown.kind} is about to run: {countdown.reason}",
                 command="trainui budget cancel")
        )  # fmt: skip
    if budget.problem:
        needs.append(Need(kind="config", subject="", text=f"trainui.toml is to be mended: {budget.problem}"))
    if budget.step in ("admit_no_more", "stop_least", "stop_all"):
        needs.append(
            Need(
                kind="budget", subject="", text="the budget lets nothing new start", command="trainui budget"
            )
        )
    for one in reader.questions():
        name = one.run.removeprefix(subject_of(""))
        needs.append(
            Need(kind="question", subject=one.run, text=f"{name} asks: {one.question}",
                 command=f"trainui answer {shlex.quote(name)} {shlex.quote(one.gate)} yes|no")
        )  # fmt: skip
    for block in reader.blocks():
        what = "the queue" if block.job == "*" else block.job
        how = "--queue" if block.job == "*" else f"--job {shlex.quote(block.job)}"
        text = (
            f"{what} is held by {block.gate} of {block.subject.removeprefix(subject_of(''))}: {block.reason}"
        )
        needs.append(Need(kind="held", subject=block.subject, text=text, command=f"trainui release {how}"))
    needs += _remedies(reader, stands)
    lost = reader.undelivered()
    failing = [one for one in lost if one.tries]
    if failing:
        many = "1 message" if len(failing) == 1 else f"{len(failing)} messages"
        text = f"{many} reached nobody so far: {failing[-1].said}"
        needs.append(Need(kind="messages", subject="", text=text, command="trainui notify"))
    return tuple(needs)


def _remedies(reader: Reader, stands: Standing) -> list[Need]:
    """What may be tried after runs that ended badly and that nobody went on from."""
    parents = {view.parent for view in stands.views}
    found = []
    for view in stands.views:
        if view.status is Status.ENDED and view.run not in parents and view.result not in (None, "finished"):
            for offer in reader.offers(view.run)[:1]:
                name, _, command = offer.partition(": ")
                found.append(
                    Need(kind="remedy", subject=view.run, text=f"{view.run} ({view.cause}): {name} may be tried",
                         command=command.partition(" (")[0])
                )  # fmt: skip
    return found

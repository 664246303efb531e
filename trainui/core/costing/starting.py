"""What a start will cost, from past runs of its job, when it would end, and whether it fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from trainui.core.config import Config
from trainui.core.costing.queueing import name_of, places_of, turn_of_new
from trainui.core.costing.standing import Standing, alike, standing
from trainui.core.costing.words import hours, moment, money
from trainui.core.forecast.turns import Turn
from trainui.core.money.outlook import Range, spread, still_to_pay
from trainui.core.money.shares import Part, Span
from trainui.core.spec import Spec
from trainui.core.store.read import Reader
from trainui.core.store.views import RunView

STEPS = ("admit_no_more", "stop_least", "stop_all")
"""Steps of the ladder from which on nothing new starts."""


class StartForecast(Struct, frozen=True, kw_only=True):
    """What a start will cost, as far as one can tell."""

    job: str
    basis: str
    """What it rests on, in words: `3 finished runs of mlp with the same params`, `no finished run of mlp`."""
    runs: int = 0
    """How many past runs that are."""
    hours: Range | None = None
    """From its start to its end."""
    gpu_hours: Range | None = None
    usd: Range | None = None
    """Its share of the machine; None without a rate."""
    starts_at: float | None = None
    """Unix seconds; None: nobody can say."""
    ends_at: float | None = None
    """With the middle one of the past runs' hours."""
    ends_latest: float | None = None
    waits_for: tuple[str, ...] = ()
    """Runs that end, or may end, before it begins."""
    why_waiting: str = ""
    """Why nobody can say when it begins."""
    shares_with: tuple[str, ...] = ()
    """Live runs that it is expected to share the machine with."""
    lasts_until: float | None = None
    """When the money that runs may use is gone; None when it is not limited."""
    fits: bool | None = None
    """Whether it ends before its money and its hours do; None: nobody can say. What nothing limits fits."""
    problems: tuple[str, ...] = ()
    """Why it does not fit, or may not."""
    assumption: str = ""
    text: str = ""
    """All that in one line for people."""


def before_start(
    reader: Reader | None,
    spec: Spec,
    *,
    config: Config | None = None,
    priority: int = 0,
    held: bool = False,
) -> StartForecast:
    """What a start of this spec (resolved, with its preset and overrides) will cost. Queues nothing.

    `config` is trainui.toml, for a project of which no manager has reckoned anything yet. `held`: it waits until
    it is released.
    """
    return before_starts(reader, [spec], config=config, priority=priority, held=[held])[0]


def before_starts(
    reader: Reader | None,
    specs: Sequence[Spec],
    *,
    config: Config | None = None,
    priority: int = 0,
    priorities: Sequence[int] = (),
    held: Sequence[bool] = (),
    views: Sequence[RunView] | None = None,
    now: float | None = None,
) -> list[StartForecast]:
    """The same of several that are started together: each waits behind those before it.

    `priorities` are those of each, where they differ, and `held` whether it waits until it is released; `views` are
    all runs but these, where they are queued already.
    """
    stands = standing(reader, views=views, now=now, config=config)
    lengths = [_hours(reader, spec) for spec in specs]
    turns = turn_of_new(
        reader, stands, specs, [None if took is None else took.mid * 3600 for _, took in lengths],
        priorities=priorities or [priority] * len(specs), held=held or [False] * len(specs),
        places=places_of(reader, stands),
    )  # fmt: skip
    found: list[StartForecast] = []
    spans = stands.spans()
    ahead = still_to_pay(spans, stands.lease) if stands.lease.rate else {}
    new = {
        name_of(specs, number): _span(name_of(specs, number), turn, took.mid)
        for number, ((_, took), turn) in enumerate(zip(lengths, turns, strict=True))
        if took is not None and turn.start is not None
    }
    for number, (spec, (basis, took), turn) in enumerate(zip(specs, lengths, turns, strict=True)):
        name = name_of(specs, number)
        one = StartForecast(job=spec.job.name, basis=basis, hours=took, lasts_until=stands.lasts_until)
        one = replace(
            one,
            runs=took.count if took is not None and not basis.startswith("its") else 0,
            waits_for=turn.waits_for,
            why_waiting=turn.why,
            starts_at=None if turn.start is None else stands.now + turn.start,
        )
        if took is not None:
            others = [*spans, *(span for other, span in new.items() if other != name)]
            one = _reckoned(one, took, turn, name, others, stands)
        found.append(_told(_judged(one, spec, stands, _spoken_for(spec, stands, ahead)), stands))
    return found


def _hours(reader: Reader | None, spec: Spec) -> tuple[str, Range | None]:
    """(what it rests on, the hours it takes)."""
    job = spec.job.name
    pasts, is_same = alike(reader, spec) if reader is not None else ([], False)
    took = spread([one.seconds / 3600 for one in pasts])
    if took is not None:
        runs = f"{took.count} finished run{'' if took.count == 1 else 's'} of {job}"
        return f"{runs}{' with the same params' if is_same else ' with other params'}", took
    estimate = spec.estimate
    if estimate is not None:
        wall, gpu = estimate.planned("wall_hours"), estimate.planned("gpu_hours")
        planned = wall or (gpu and tuple(one / max(spec.resources.gpus, 1) for one in gpu))
        if planned:
            return "its [estimate]", spread(planned)
    return f"no finished run of {job}", None


def _span(name: str, turn: Turn, long: float) -> Span:
    start = turn.start or 0.0
    return Span(run=name, start=start, end=start + long * 3600, gpus=turn.gpus)


def _reckoned(
    one: StartForecast, took: Range, turn: Turn, name: str, spans: Sequence[Span], stands: Standing
) -> StartForecast:
    """With its cost, and where its turn is known, its end. Where it is not, it is reckoned as if it began now."""
    parts = [
        still_to_pay([*spans, _span(name, turn, long)], stands.lease).get(name, Part())
        for long in (took.low, took.mid, took.high)
    ]
    start = turn.start or 0.0
    end = start + took.mid * 3600
    beside = [span.run for span in spans if span.start < end and (span.end is None or span.end > start)]
    live = f"shares the machine with {', '.join(beside)}" if beside else "alone on the machine"
    known = turn.start is not None
    return replace(
        one,
        gpu_hours=_range([part.gpu_ms / 3_600_000 for part in parts], took.count),
        usd=_range([part.micro / 1e6 for part in parts], took.count) if stands.lease.rate else None,
        ends_at=stands.now + end if known else None,
        ends_latest=stands.now + start + took.high * 3600 if known else None,
        shares_with=tuple(beside),
        assumption=f"{live}, and nothing else starts",
    )


def _range(values: Sequence[float], count: int) -> Range:
    return Range(low=values[0], mid=values[1], high=values[2], count=count)


def _spoken_for(spec: Spec, stands: Standing, ahead: Mapping[str, Part]) -> float:
    """What the runs of its study took and the live ones among them will, in dollars."""
    study = spec.job.study or spec.job.name
    mine = [view for view in stands.views if view.study == study]
    return sum(view.usd + (ahead[view.run].micro / 1e6 if view.run in ahead else 0.0) for view in mine)


def _judged(one: StartForecast, spec: Spec, stands: Standing, spoken_for: float) -> StartForecast:
    """With whether it fits: before the money ends, within its own limits and those of its study."""
    budget, currency, now = stands.config.budget, stands.budget.currency, stands.now
    no: list[str] = []
    perhaps: list[str] = []
    if stands.budget.step in STEPS:
        no.append(f"nothing new starts any more: {stands.budget.used or 0:.0%} of the budget is used")
    if stands.lasts_until is not None and one.ends_at is not None and one.ends_latest is not None:
        until = f"budget lasts until {moment(stands.lasts_until, now)}"
        late = [f"{until}, and it may end {moment(one.ends_latest, now)}"]
        no += [until] if one.ends_at > stands.lasts_until else []
        perhaps += late if one.ends_at <= stands.lasts_until < one.ends_latest else []
    limits = [
        (spec.limits.usd if spec.limits.usd is not None else budget.per_run_usd, "a run of it may cost")
    ]
    study = spec.job.study or spec.job.name
    if (cap := budget.studies.get(study)) is not None:
        limits.append((max(0.0, cap - spoken_for), f"its study {study} has left"))
    for limit, what in limits:
        if limit is not None and one.usd is not None and one.usd.high > limit:
            (no if one.usd.mid > limit else perhaps).append(f"{what} {money(limit, currency)}")
    if spec.limits.hours is not None and one.hours is not None and one.hours.high > spec.limits.hours:
        told = f"it is stopped after {hours(spec.limits.hours)}"
        (no if one.hours.mid > spec.limits.hours else perhaps).append(told)
    is_limited = stands.lasts_until is not None or any(limit is not None for limit, _ in limits)
    is_known = one.ends_at is not None or (stands.lasts_until is None and one.usd is not None)
    fits = False if no else True if is_known or not is_limited else None
    return replace(one, fits=fits, problems=(*no, *perhaps))


def _told(one: StartForecast, stands: Standing) -> StartForecast:
    now, currency = stands.now, stands.budget.currency
    if one.hours is None:
        text = f"{one.basis}: nobody can say what it will cost"
    else:
        seen = one.hours
        between = f" ({hours(seen.low)} to {hours(seen.high)})" if seen.low < seen.high else ""
        text = f"about {hours(seen.mid)}{between}"
        text += f", {money(one.usd.mid, currency)}" if one.usd is not None else ""
        text += f", {one.gpu_hours.mid:.2g} GPU-h" if one.gpu_hours and one.gpu_hours.mid else ""
        if one.why_waiting:
            text += f", starts nobody knows when: {one.why_waiting}"
        elif one.waits_for and one.starts_at is not None:
            text += f", starts {moment(one.starts_at, now)} after {', '.join(one.waits_for)}"
        text += f", ends {moment(one.ends_at, now)}" if one.ends_at is not None else ""
        text += f", from {one.basis}"
    if one.lasts_until is not None and not any("lasts until" in why for why in one.problems):
        text += f", budget lasts until {moment(one.lasts_until, now)}"
    if one.problems:
        text += f", {', '.join(one.problems)}"
    verdict = {True: "", False: ": does not fit", None: ""}[one.fits]
    if one.fits and one.problems:
        verdict = ": may not fit"
    return replace(one, text=text + verdict)

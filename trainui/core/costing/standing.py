"""The machine, the budget and when the live runs end, as far as one can tell now."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from trainui.core.config import Config
from trainui.core.money.amounts import micro_usd
from trainui.core.money.cap import CENTURY
from trainui.core.money.lease import Lease
from trainui.core.money.outlook import spread
from trainui.core.money.shares import Span
from trainui.core.process.identity import boot_id
from trainui.core.run import Status
from trainui.core.store.moneyviews import BudgetView

if TYPE_CHECKING:
    from trainui.core.spec import Spec
    from trainui.core.store.costs import Past
    from trainui.core.store.read import Reader
    from trainui.core.store.views import RunView


class End(Struct, frozen=True, kw_only=True):
    """When a live run is expected to end."""

    seconds: float | None = None
    """From now; None: nobody knows."""
    basis: str = ""
    """`pace` (its own), `past runs` (of its job), `limit` (of its hours), `stopping`; '' for None."""


class Standing(Struct, frozen=True, kw_only=True):
    """How things stand at one moment."""

    now: float
    """Unix seconds."""
    views: tuple[RunView, ...]
    budget: BudgetView
    config: Config
    lasts_until: float | None
    """When the money that runs may use is gone if the machine goes on; None when it is not limited."""
    ends: Mapping[str, End]
    """Live run → when it ends."""

    @property
    def lease(self) -> Lease:
        """The machine at its rate; its seconds count from now."""
        budget = self.budget
        return Lease(
            machine=budget.machine, rate=micro_usd(budget.usd_per_hour), share=budget.share, gpus=budget.gpus
        )

    def spans(self) -> list[Span]:
        """The live runs, in seconds from now."""
        return [
            Span(run=view.run, start=0.0, end=self.ends[view.run].seconds, gpus=view.gpus)
            for view in self.views
            if view.is_live
        ]

    def ends_at(self, run: str) -> float | None:
        """Unix seconds at which a run is expected to end; None for one of which nobody knows."""
        seconds = self.ends[run].seconds if run in self.ends else None
        return None if seconds is None else self.now + seconds


def standing(
    reader: Reader | None,
    *,
    views: Sequence[RunView] | None = None,
    now: float | None = None,
    config: Config | None = None,
) -> Standing:
    """How things stand. `views` are all runs, if somebody has read them. `config` is trainui.toml as it reads now:
    the manager may not have seen it yet. Without a reader there is nothing but `config`."""
    now = time.time() if now is None else now
    views = tuple(views if views is not None else reader.runs() if reader else ())
    budget = reader.budget() if reader else BudgetView()
    kept = reader.config() if reader else Config()
    if config is not None and config != kept:
        budget = _reckoned_anew(budget, kept if budget.machine else None, config)
    return Standing(
        now=now,
        views=views,
        budget=budget,
        config=kept if config is None else config,
        lasts_until=_lasts_until(reader, budget, now, is_live=any(view.is_live for view in views)),
        ends={view.run: end_of(reader, view, now=now) for view in views if reader and view.is_live},
    )


def end_of(reader: Reader, view: RunView, *, now: float) -> End:
    """When a live run is expected to end: at its mean pace, else as long after its start as past runs of its job took;
    never later than its limit of hours, and not at all when that is a hundred years away."""
    found = _end_of(reader, view, now=now)
    return found if found.seconds is None or found.seconds <= CENTURY else End()


def _end_of(reader: Reader, view: RunView, *, now: float) -> End:
    if view.status is Status.STOPPING:
        return End(seconds=max(0.0, (view.stop_at or now) - now), basis="stopping")
    if view.status is Status.PAUSED:
        return End()
    spec = reader.spec(view.run)
    limit = None if spec.limits.hours is None else max(0.0, spec.limits.hours * 3600 - view.seconds)
    found = End()
    if view.eta_seconds is not None:
        found = End(seconds=view.eta_seconds, basis="pace")
    elif (seconds := typical_seconds(reader, spec)) is not None and seconds > view.seconds:
        found = End(seconds=seconds - view.seconds, basis="past runs")
    if limit is not None and (found.seconds is None or limit < found.seconds):
        return End(seconds=limit, basis="limit")
    return found


def typical_seconds(reader: Reader, spec: Spec) -> float | None:
    """How long the middle one of the finished runs of its job took, those with the same params first; None without."""
    took = spread([one.seconds for one in alike(reader, spec)[0]])
    return None if took is None else took.mid


def alike(reader: Reader, spec: Spec) -> tuple[list[Past], bool]:
    """(the finished runs of its job that had the same params, True); (all of the job, False) when none had."""
    pasts = reader.pasts(spec.job.name)
    params = msgspec.json.decode(msgspec.json.encode(spec.params))
    same = [one for one in pasts if one.params == params]
    return (same, True) if same else (pasts, False)


def _reckoned_anew(budget: BudgetView, kept: Config | None, config: Config) -> BudgetView:
    """The budget with another trainui.toml than the one that it was reckoned by; `kept` is that, None for none."""
    here, cap = config.here, _cap(config)
    old = _cap(kept) if kept is not None else 0.0
    spent = old - budget.left_usd if old is not None and budget.left_usd is not None else 0.0
    if kept is not None and old is None:  # there was no limit to reckon by: what was spent is all one knows
        spent = budget.spent_usd - kept.budget.spent_usd
    return replace(
        budget, machine=here.name, usd_per_hour=here.rate / 1e6, billing=here.billing, share=here.share,
        gpus=here.gpus or budget.gpus, currency=config.budget.currency, total_usd=config.budget.total_usd,
        reserve_usd=config.budget.reserve_usd, left_usd=None if cap is None else cap - spent, lasts_until=None, step="",
    )  # fmt: skip


def _cap(config: Config) -> float | None:
    """What runs may cost, by trainui.toml; None for no limit."""
    budget = config.budget
    return None if budget.total_usd is None else budget.total_usd - budget.spent_usd - budget.reserve_usd


def _lasts_until(reader: Reader | None, budget: BudgetView, now: float, *, is_live: bool) -> float | None:
    """When the money is gone. What the manager reckoned holds while the machine has not been started anew since."""
    if budget.left_usd is None or budget.usd_per_hour <= 0:
        return None
    if budget.lasts_until is not None and reader and (is_live or reader.charged_boot() == boot_id()):
        return budget.lasts_until
    seconds = max(budget.left_usd, 0.0) * 3600 / budget.usd_per_hour
    return now + seconds if seconds <= CENTURY else None

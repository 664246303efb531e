"""The money of the story: three live runs on a machine of 1.29 $/h, two days, one lease before, a reboot, an idle hour."""

from __future__ import annotations

from msgspec.structs import replace

from trainui.core.config import Config
from trainui.core.costing import Planned, RunCost, StartForecast
from trainui.core.costing.planned import Compared
from trainui.core.money.outlook import Range
from trainui.core.store.moneyviews import BudgetView, BurnPoint, CountdownView, LeaseView, LedgerLine, Spent

NOW = 1_700_010_000.0  # 2023-11-15 01:00 UTC
HOUR = 3600.0

BUDGET = BudgetView(machine="a100", usd_per_hour=1.29, total_usd=10.0, spent_usd=4.12, reserve_usd=2.0,
                    held_usd=0.36, idle_usd=0.21, left_usd=3.88, used=0.52, step="tell", gpus=1,
                    lasts_until=NOW + 4200, gpu_hours=3.2)  # fmt: skip
TIGHT = replace(
    BUDGET, spent_usd=7.4, left_usd=0.6, used=0.93, step="stop_least", over_usd=0.12, lasts_until=NOW + 1674,
    idle_since=NOW - 840, problem="trainui.toml:4: total_usd must be a sum of money, not -10; the last good one is in force",
    countdown=CountdownView(kind="idle", reason="no run made progress for 14 min", command=("sudo", "poweroff"),
                            at=NOW + 80))  # fmt: skip
"""Everything at once: nearly spent, over, idle, a broken file, and a command that is about to be run."""

SPENT = {
    "study": [Spent(name="phase 3", usd=4.02, gpu_hours=3.1, seconds=4 * HOUR, runs=6), Spent(name="(idle)", usd=0.1, gpu_hours=0.1)],
    "job": [Spent(name="transformer", usd=1.6, gpu_hours=1.2, seconds=4020, runs=3), Spent(name="mlp", usd=1.37, gpu_hours=1.0, seconds=3900, runs=1),
            Spent(name="contrastive", usd=1.05, gpu_hours=0.9, seconds=3900, runs=1), Spent(name="(idle)", usd=0.1, gpu_hours=0.1)],
    "day": [Spent(name="2023-11-14", usd=1.52, gpu_hours=1.2, seconds=4000, runs=3),
            Spent(name="2023-11-15", usd=2.6, gpu_hours=2.0, seconds=10000, runs=3)],
    "machine": [Spent(name="a100", usd=3.9, gpu_hours=3.0, seconds=3 * HOUR, runs=5), Spent(name="t4", usd=0.22, gpu_hours=0.2, seconds=1800, runs=1)],
    "run": [Spent(name="transformer-3", usd=1.38, gpu_hours=1.1, seconds=3900, runs=1), Spent(name="mlp-2", usd=1.37, gpu_hours=1.0, seconds=3900, runs=1),
            Spent(name="contrastive-1", usd=1.05, gpu_hours=0.9, seconds=3900, runs=1), Spent(name="transformer-2", usd=0.22, gpu_hours=0.2, seconds=120, runs=1),
            Spent(name="(idle)", usd=0.1, gpu_hours=0.1)],
}  # fmt: skip


def _plan(name: str, kind: str, **amounts: tuple[tuple[float, float] | None, float]) -> Planned:
    compared = tuple(
        Compared(what=what, planned=planned, actual=actual, remaining=None, ratio=None)
        for what, (planned, actual) in amounts.items()
    )
    return Planned(kind=kind, name=name, study="phase 3", runs=6, lines=5, is_open=True, compared=compared)


PLANS = [
    _plan("phase 3", "study", decision_points=((10, 10), 12), gpu_hours=((6, 8), 3.2), usd=((8, 10), 4.12),
          wall_hours=((24, 48), 5.1)),
    _plan("transformer", "job", usd=((1, 1.5), 1.6), gpu_hours=(None, 1.2)),
]  # fmt: skip

LEASES = [
    LeaseView(id=2, machine="a100", usd_per_hour=1.29, billing="second", share="time", gpus=1, start=NOW - 3 * HOUR, end=None, usd=3.9),
    LeaseView(id=1, machine="t4", usd_per_hour=0.44, billing="hour", share="equal", gpus=1, start=NOW - 30 * HOUR, end=NOW - 29.5 * HOUR,
              usd=0.22, text="another machine: a100"),
]  # fmt: skip


def ledger_lines() -> list[LedgerLine]:
    """Forty minutes of three runs, then an idle line, a correction and one over the budget."""
    lines = [
        LedgerLine(id=n, at=NOW - 2400 + 60 * (n // 3), kind="run", run=("transformer-3", "mlp-2", "contrastive-1")[n % 3], machine="a100",
                   usd=0.00717, gpu_hours=0.0056, start=60.0 * (n // 3), end=60.0 * (n // 3) + 60, share="time", text="")
        for n in range(120)
    ]  # fmt: skip
    common = {"run": "", "machine": "a100", "gpu_hours": 0.0, "share": ""}
    lines.append(
        LedgerLine(id=120, at=NOW - 30, kind="idle", usd=0.0108, start=2400.0, end=2430.0, text="", **common)
    )
    lines.append(LedgerLine(id=121, at=NOW - 20, kind="correction", usd=-0.5, start=0.0, end=0.0,
                            text="the provider gave a credit for the outage [of Tuesday]", **common))  # fmt: skip
    lines.append(
        LedgerLine(id=122, at=NOW - 10, kind="over", usd=0.0036, start=2430.0, end=2440.0, text="", **common)
    )
    return lines


def burn_points() -> list[BurnPoint]:
    """Three hours: slow at first, then three runs; one idle stretch."""
    usd, points = 0.22, []
    for minute in range(0, 181, 6):
        points.append(BurnPoint(at=NOW - 10800 + 60 * minute, usd=usd))
        usd += 0.13 if minute < 174 else 0.0
    return points


COSTS = {
    "transformer-3": RunCost(run="transformer-3", usd=1.38, gpu_hours=1.1, usd_to_end=0.52, ends_at=NOW + 4320, usd_to_target=0.31, target="best(val/mae) < 80", usd_per_percent=0.019),
    "mlp-2": RunCost(run="mlp-2", usd=1.37, gpu_hours=1.0, usd_to_end=0.72, ends_at=NOW + 6000, usd_per_percent=0.024),
    "contrastive-1": RunCost(run="contrastive-1", usd=1.05, gpu_hours=0.9, usd_to_end=0.22, ends_at=NOW + 1860, usd_per_percent=0.017),
}  # fmt: skip

TOO_LONG = StartForecast(
    job="boundary", basis="3 finished runs of boundary with the same params", runs=3, hours=Range(low=5, mid=5.2, high=5.4, count=3),
    usd=Range(low=6.4, mid=6.7, high=7.0, count=3), ends_at=NOW + 18720, lasts_until=NOW + 4200, fits=False,
    problems=("budget lasts until 02:10",),
    text="about 5.2 h (5.0 h to 5.4 h), 6.70 $, ends 06:12, from 3 finished runs of boundary with the same params, "
    "budget lasts until 02:10: does not fit")  # fmt: skip


class MoneyStory:
    """What the dashboard reads of the money."""

    spent_views = SPENT
    cost_views = COSTS
    plan_views = PLANS
    fit = TOO_LONG
    config_view = Config()

    def config(self):
        return self.config_view

    def spent(self, by):
        return list(self.spent_views.get(by, ()))

    def burn(self, *, points=400):
        return burn_points()[:points]

    def leases(self):
        return LEASES

    def ledger_lines(self, *, last=200):
        return ledger_lines()[-last:]

    def plans(self, views):
        return list(self.plan_views)

    def costs(self, views, only):
        return {run: cost for run, cost in self.cost_views.items() if run in only}

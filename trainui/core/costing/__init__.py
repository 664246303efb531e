"""What is to come in money, from what the store holds: for runs, for the budget, before a start, against plans.

standing   the machine, the budget and when the live runs end, as far as one can tell now
runs       what a run still costs to its end and to its target, and what each per cent cost
lasting    which runs end before the money does
starting   what a start will cost, from past runs of its job, and whether it fits
planned    what was estimated against what was taken
axes       x of a curve: steps, epochs, time, money, GPU time
words      hours, sums and moments for people
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainui.core.ondemand import on_demand

if TYPE_CHECKING:
    from trainui.core.costing.axes import AXES, TAKEN, breakpoints, x_of
    from trainui.core.costing.lasting import BudgetOutlook, budget_outlook
    from trainui.core.costing.planned import Planned
    from trainui.core.costing.runs import RunCost, run_costs
    from trainui.core.costing.starting import StartForecast, before_start, before_starts
else:
    __getattr__ = on_demand(
        __name__,
        {
            "axes": "AXES TAKEN breakpoints x_of",
            "lasting": "BudgetOutlook budget_outlook",
            "planned": "Planned",
            "runs": "RunCost run_costs",
            "starting": "StartForecast before_start before_starts",
        },
    )

__all__ = [
    "AXES",
    "TAKEN",
    "BudgetOutlook",
    "Planned",
    "RunCost",
    "StartForecast",
    "before_start",
    "before_starts",
    "breakpoints",
    "budget_outlook",
    "run_costs",
    "x_of",
]

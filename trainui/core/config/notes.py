"""RULE: what a trainui.toml may say and probably does not mean. Nothing is refused for it. Pure."""

from __future__ import annotations

from collections.abc import Collection

from trainui.core.config.model import Config
from trainui.core.errors import nearest


def notes(config: Config, *, studies: Collection[str]) -> list[str]:
    """One sentence for each, with what to do; `studies` are those that the project knows."""
    budget, found = config.budget, []
    total = budget.total_usd
    if total is None and (budget.reserve_usd or budget.spent_usd):
        found.append(
            "[budget] has no total, so nothing is capped and no reserve kept (set total_usd or total)"
        )
    if total is not None and not config.machine:
        found.append("there is a budget and no [[machine]], so nothing costs and it is never used up")
    elif total is not None and not config.here.rate:
        found.append(f"machine {config.here.name!r} is free, so the budget is never used up")
    if total is not None and total > 0 and budget.spent_usd + budget.reserve_usd >= total:
        found.append("what was spent before and the reserve leave nothing of the total: no run starts")
    for study, most in budget.studies.items():
        if study not in studies:
            hint = nearest(study, studies) or "no job and no run says study = ..."
            found.append(f"[budget.studies] caps {study!r}, a study nobody knows ({hint})")
        if total is not None and most > total:
            found.append(
                f"study {study!r} may cost {most:g}, the whole budget is {total:g}, which holds first"
            )
    if total is not None and budget.per_run_usd is not None and budget.per_run_usd > total:
        found.append(
            f"a run may cost {budget.per_run_usd:g}, the whole budget is {total:g}, which holds first"
        )
    if total is None and budget.on_cap.command:
        found.append("[budget.on_cap] has a command and the budget no total, so it is never run")
    if config.idle.on_idle.command and not config.here.rate:
        found.append("[idle.on_idle] has a command and the machine is free, so it is never run")
    for machine in config.machine:
        if machine.name != config.here.name and not machine.host:
            first = config.here.name
            found.append(
                f"machine {machine.name!r} is never billed here: {first!r} stands before it (give both a host)"
            )
    return found

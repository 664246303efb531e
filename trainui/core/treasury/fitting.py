"""HAND: whether a trainui.toml can follow the one in force: what only the ledger knows."""

from __future__ import annotations

import tomllib
from pathlib import Path

from trainui.core.config import Config
from trainui.core.config.said import MistakeError, Said
from trainui.core.errors import SpecError
from trainui.core.money.amounts import MICRO, micro_usd


def check_fits(config: Config, *, settled: int, currency: str, file: Path | None) -> None:
    """Raises SpecError, with `file` and line, for a budget below what is spent or another currency.

    `settled`: micro-units that the ledger holds, in `currency`; '' while it holds none.
    """
    budget = config.budget
    if currency and budget.currency != currency:
        raise SpecError(
            f"{_place(file, 'currency')}the currency is {budget.currency}, and the ledger is kept in {currency}",
            hint=f"its lines are never changed: keep {currency}, or begin another runs.db with --db",
        )
    if budget.total_usd is None:
        return
    spent = micro_usd(budget.spent_usd) + settled
    if micro_usd(budget.total_usd) < spent:
        raise SpecError(
            f"{_place(file, 'total_usd')}the budget is {budget.total_usd:.2f} {budget.currency},"
            f" and {spent / MICRO:.2f} are spent already: {budget.spent_usd:.2f} before, {settled / MICRO:.2f} here",
            hint=f"it can be {-(-spent // 10_000) / 100:.2f} or more",
        )


def _place(file: Path | None, key: str) -> str:
    if file is None:
        return ""
    try:
        line = Said(file.read_text(encoding="utf-8")).line(("budget", key))
    except (OSError, UnicodeError, tomllib.TOMLDecodeError, MistakeError):  # edited again since it was read
        line = 1
    return f"{file}:{line}: "

"""Corrections, and what a trainui.toml may not do to a ledger."""

from __future__ import annotations

import re

import pytest

from trainui.core.errors import SpecError, UserError
from trainui.core.store.schema import atomic
from trainui.core.treasury.correcting import Corrections


def correct(books, micro, run="", note="the bill says so"):
    with atomic(books.db):
        return Corrections(books.db, books.accounts).correct(
            {"amount_micro": micro, "note": note}, run, books.now
        )


@pytest.fixture
def spent(books):
    """0.06 on run a, 0.06 idle, of 1.00."""
    books.config(budget="total_usd = 1")
    books.begins("a")
    books.passes(60)
    books.ends("a")
    books.passes(60)
    return books


def test_a_correction_is_a_line_of_its_own_in_the_sums_of_its_run(spent):
    assert correct(spent, -20_000, "a") == "corrected by -0.02 USD"
    spent.accounts.reckon(spent.now)
    view, runs = spent.shown()
    assert (runs["a"].usd, view.spent_usd) == pytest.approx((0.04, 0.10))
    assert spent.lines("kind", "run", "micro_usd", "text")[-1] == (
        "correction",
        "a",
        -20_000,
        "the bill says so",
    )
    correct(spent, 30_000)
    assert spent.accounts.spent(spent.now) == 130_000
    assert spent.events()[-2:] == [
        "the ledger of a was corrected by -0.02 USD: the bill says so",
        "the ledger was corrected by +0.03 USD: the bill says so",
    ]


@pytest.mark.parametrize(
    ("micro", "run", "said"),
    [
        (-60_001, "a", "a was charged 0.06"),
        (-120_001, "", "all together were charged 0.12"),
        (0, "a", "changes nothing"),
        (5, "b", "there is no run 'b'"),
        (880_001, "", "more than the 0.88 of the budget"),
    ],
)
def test_a_correction_that_makes_a_sum_negative_or_overdraws_is_refused(spent, micro, run, said):
    with pytest.raises(UserError, match=re.escape(said)):
        correct(spent, micro, run)
    assert spent.lines("id", where="kind='correction'") == []


def test_a_budget_below_what_is_spent_is_refused_with_its_line_and_the_old_one_stays(spent):
    with pytest.raises(SpecError) as caught:
        spent.config(budget="\nspent_usd = 0.5\ntotal_usd = 0.6")
    assert str(caught.value) == (
        f"{spent.folder}/trainui.toml:4: the budget is 0.60 USD, and 0.62 are spent already: 0.50 before, 0.12 here"
        " (it can be 0.62 or more)"
    )
    assert spent.accounts.left(spent.now) == 880_000
    spent.accounts.distrust(str(caught.value), spent.now)
    view, _ = spent.shown()
    assert view.problem == str(caught.value)
    assert (spent.accounts.trouble, view.total_usd) == ("", 1)
    spent.config(budget="spent_usd = 0.5\ntotal_usd = 0.62")
    assert spent.shown()[0].problem == ""


def test_another_currency_is_refused_once_something_was_charged(books, spent):
    with pytest.raises(SpecError, match=r"the currency is EUR, and the ledger is kept in USD"):
        use(spent, "EUR")
    assert spent.accounts.config.budget.currency == "USD"


def test_another_currency_is_taken_while_nothing_was_charged(books):
    books.config(rate=0)
    books.begins("a")
    books.passes(100)
    use(books, "EUR")
    books.passes(5)
    assert books.shown()[0].currency == "EUR"


def use(books, currency):
    from msgspec.structs import replace

    old = books.accounts.config
    books.accounts.use(replace(old, budget=replace(old.budget, currency=currency)), books.now)

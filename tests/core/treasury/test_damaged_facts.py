"""Facts that a damaged file left half written: the accounts go on without them."""

from __future__ import annotations

import pytest

from trainui.core.store.schema import atomic


@pytest.mark.parametrize("fact", ["config", "allowed", "accrued", "machine_seen"])
@pytest.mark.parametrize("text", ['{"machine":', "[]", "7", '{"runs": {"a": "x"}, "boot_id": "boot-1"}'])
def test_a_fact_that_makes_no_sense_is_as_one_that_is_not_there(books, fact, text):
    books.config(budget="total_usd = 1")
    books.begins("a")
    books.passes(10)
    with atomic(books.db):
        books.db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (fact, text))
    books.manager_dies()
    books.config(budget="total_usd = 1")
    books.passes(5)
    books.ends("a")
    assert books.of("a") == 15_000
    view, _ = books.shown()
    assert (view.spent_usd, view.total_usd) == (0.015, 1)

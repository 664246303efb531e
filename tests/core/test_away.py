"""What happened since a moment, read from a store as the manager writes it, and told in five lines."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from tests.core.money_store import START, Books
from trainui.core.away.gathering import gather
from trainui.core.away.model import Away, Going
from trainui.core.away.words import detail, five_lines, title
from trainui.core.store.outbox import Outbox
from trainui.core.store.schema import atomic

UTC = ZoneInfo("UTC")


@pytest.fixture
def books(tmp_path):
    return Books(tmp_path)


def away(books, since, until=10_000.0):
    reader = books.reader()
    try:
        return gather(reader, START + since, now=START + until)
    finally:
        reader.close()


def put(books, table, **row):
    marks = ", ".join("?" * len(row))
    with atomic(books.db):
        books.db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))


def gate(books, run, name, verdict, at, **row):
    row = {"place": 0, "role": "criterion", "quote": "", "source": "", "rule": "best < 1", "metric": "", "digest": "",
           "reason": f"{name} is so", "text": "", **row}  # fmt: skip
    put(books, "gates", run=run, gate=name, verdict=verdict, at=START + at, **row)


def test_only_what_ended_in_the_stretch_is_told_with_its_best_and_its_cost(books):
    books.run("mlp-1", end=1000.0)
    books.run("mlp-2", start=500.0, end=6000.0, result="failed", cause="exit 1")
    books.run("mlp-3", parent="mlp-2", start=6000.0, end=8000.0)
    books.points("mlp-2", "val/mae", [(600.0, 99.0), (700.0, 92.5)])
    books.line("mlp-2", 500.0, 6000.0, 2_880_000)
    told = away(books, 2000.0)
    assert [(one.run, one.result, one.cause, one.best, one.followed_by) for one in told.ended] == [
        ("mlp-2", "failed", "exit 1", 92.5, "mlp-3"),
        ("mlp-3", "finished", "", None, ""),
    ]
    assert told.ended[0].usd == pytest.approx(2.88)
    assert five_lines(told, UTC)[0].startswith("2 runs ended: 1 failed, 1 finished; the last was mlp-3")
    assert five_lines(away(books, 9000.0), UTC)[0] == "no run ended"


def test_a_line_that_reaches_over_the_beginning_counts_in_proportion(books):
    books.run("mlp-1", end=4000.0)
    books.line("mlp-1", 0.0, 4000.0, 4_000_000)
    books.line("", 4000.0, 6000.0, 1_000_000, kind="idle")
    books.line("", 6000.0, 7000.0, 500_000, kind="over")
    spent = away(books, 3000.0).spending
    assert (spent.usd, spent.idle_usd, spent.over_usd) == pytest.approx((2.0, 1.0, 0.5))
    everything = away(books, -1.0).spending
    assert everything.usd == pytest.approx(5.0)
    books.fact("accrued", {"mlp-1": 250_000, "": 100_000})
    assert away(books, 3000.0).spending.usd == pytest.approx(2.35)


def test_a_clock_that_is_set_back_takes_nothing_out_of_the_stretch(books):
    """At 5000 s the clock is set back by an hour; asked is since 4500 s, at what it calls 4600 s."""
    books.run("before-1", end=4000.0)
    books.run("ahead-1", end=4900.0)
    books.run("behind-1", end=1500.0)
    books.run("imported-1", end=1500.0, imported="/old.log")
    for run, at in (
        ("before-1", 4000.0),
        ("ahead-1", 4550.0),
        ("ahead-1", 4900.0),
        ("behind-1", 1500.0),
        ("imported-1", 1500.0),
    ):
        put(books, "events", run=run, at=START + at, kind="status", text="finished")
    put(books, "events", run="behind-1", at=START + 1450.0, kind="gate", text="late tripped: it is so")
    put(books, "events", at=START + 1600.0, kind="idle", text="the machine stands idle")
    gate(books, "behind-1", "late", "tripped", 1450.0)
    books.line("before-1", 0.0, 4000.0, 100_000)
    books.line("ahead-1", 4500.0, 4580.0, 200_000)
    books.line("behind-1", 1400.0, 1500.0, 300_000)
    told = away(books, 4500.0, until=4600.0)
    assert {one.run for one in told.ended} == {"ahead-1", "behind-1"}
    assert [(one.subject, one.gate) for one in told.verdicts] == [("behind-1", "late")]
    assert [text for _, text in told.told] == ["the machine stands idle"]
    assert told.spending.usd == pytest.approx(0.5)


def test_one_moment_in_a_future_that_never_came_opens_no_stretch(books):
    books.run("a-1", end=100.0)
    put(books, "events", run="a-1", at=START + 1e9, kind="status", text="started by a wrong clock")
    put(books, "events", run="a-1", at=START + 100.0, kind="status", text="finished")
    books.line("a-1", 1e9 - 10, 1e9, 100_000)
    books.line("a-1", 0.0, 100.0, 200_000)
    told = away(books, 2000.0)
    assert (told.ended, told.spending.usd) == ((), 0.0)


def test_gates_are_told_worst_first_and_only_those_that_came_there_meanwhile(books):
    books.run("mlp-1")
    gate(books, "mlp-1", "old", "tripped", 100.0)
    gate(books, "mlp-1", "fine", "passed", 5000.0)
    gate(books, "mlp-1", "warned", "failed", 5000.0)
    gate(books, "mlp-1", "worst", "tripped", 6000.0, severity="critical")
    gate(books, "study:s", "across", "failed", 7000.0)
    told = away(books, 2000.0)
    assert [one.gate for one in told.verdicts] == ["worst", "warned", "across", "fine"]
    assert five_lines(told, UTC)[1] == "gates: mlp-1: worst tripped and 2 more; 1 passed"


def test_what_waits_for_a_person_is_told_with_what_to_type_whenever_it_began(books):
    books.run("mlp-1", end=10.0, result="failed", cause="out-of-gpu-memory")
    books.run("mlp-2")
    gate(books, "mlp-2", "look-in", "warn", 10.0, role="ask", rule="asks: is it fine?")
    put(books, "blocks", job="*", run="mlp-2", gate="no-nan", reason="loss was nan", at=START)
    put(
        books,
        "events",
        at=START,
        run="mlp-1",
        kind="remedy",
        text="remedy oom: trainui retry mlp-1 --remedy oom (not by itself: the run is not armed)",
    )
    told = away(books, 9000.0)
    assert [(one.kind, one.command) for one in told.needs] == [
        ("question", "trainui answer mlp-2 look-in yes|no"),
        ("held", "trainui release --queue"),
        ("remedy", "trainui retry mlp-1 --remedy oom"),
    ]
    assert five_lines(told, UTC)[4] == "waits for you: mlp-2 asks: is it fine? (and 2 more)"
    assert detail(told, UTC)[0][0] == "waits for you"
    assert told.is_news


def test_what_is_to_be_typed_is_a_command_whatever_a_study_is_called(books):
    gate(books, "study:phase 3; ls", "look-in", "warn", 10.0, role="ask", rule="asks: is it fine?")
    (need,) = away(books, 0.0).needs
    assert need.text == "phase 3; ls asks: is it fine?"
    assert need.command == "trainui answer 'phase 3; ls' look-in yes|no"


def test_messages_that_reach_nobody_wait_for_a_person_too(books):
    outbox = Outbox(books.db)
    with atomic(books.db):
        outbox.post("ended", "mlp-1 finished", key="k", at=START)
        outbox.address(outbox.fresh()[0], shown=[], channels=["webhook"], at=START)
        number = outbox.begin("webhook", outbox.open(), at=START, until=1.0, boot_id="b")
        (one,) = outbox.end(number, "HTTP 500", is_sent=False, at=START)
        outbox.again(one, "HTTP 500", next_at=START + 30, is_unsure=False)
    (need,) = away(books, 0.0).needs
    assert (need.kind, need.text) == ("messages", "1 message reached nobody so far: HTTP 500")


def test_a_store_in_which_nothing_happened_says_so_in_five_lines(books):
    told = away(books, 0.0)
    assert five_lines(told, UTC) == (
        "no run ended",
        "gates: none tripped, failed or passed",
        "cost 0.00 $",
        "nothing runs",
        "nothing waits for you",
    )
    assert detail(told, UTC) == []
    assert not told.is_news


def test_what_goes_on_is_told_to_its_end_as_far_as_that_is_known():
    now = 1_795_258_800.0
    base = Away(since=now - 3600, until=now, queued=2)
    one = Going(
        run="mlp-1", status="running", progress=0.625, ends_at=now + 3600, metric="loss", best=0.25, usd=1.0
    )
    assert five_lines(replace(base, going=(one,)), UTC)[3] == "mlp-1 runs until 12:00; 2 queued"
    unknown = Going(run="mlp-2", status="paused")
    assert "the last of 1 until 12:00" in five_lines(replace(base, going=(one, unknown)), UTC)[3]
    assert "nobody knows when" in five_lines(replace(base, going=(unknown,)), UTC)[3]
    assert dict(detail(replace(base, going=(one,)), UTC))["runs"] == [
        "mlp-1 running, 62 %, ends 12:00: best loss 0.25, 1.00 $"
    ]
    assert (
        five_lines(replace(base, idle_since=now - 600), UTC)[3]
        == "nothing runs; 2 queued; the machine stands idle since 10:50"
    )


def test_a_stretch_over_the_change_of_the_clock_is_as_long_as_it_was():
    berlin = ZoneInfo("Europe/Berlin")
    told = Away(since=1_792_872_000.0, until=1_792_872_000.0 + 10 * 3600)
    assert title(told, berlin) == "since yesterday 22:00, 10.0 h"


def test_other_currencies_are_told_as_they_are(books):
    books.fact("budget", {"currency": "EUR", "left_usd": 12.5})
    assert five_lines(away(books, 0.0), UTC)[2] == "cost 0.00 €; 12.50 € left"

"""Who comes back after a while is told what happened; what ended meanwhile is marked until it was looked at."""

from __future__ import annotations

import pytest
from conftest import settle, until
from msgspec.structs import replace
from story import NOW, RUNS, Story

from trainui.core.away.model import Away, Ended, Need, Verdict
from trainui.core.run import Result, Status
from trainui.core.store.moneyviews import SpentLately
from trainui.ui.app import Dashboard
from trainui.ui.screens.away import AwayScreen
from trainui.ui.settings import Settings

LEFT = NOW - 9 * 3600
NEWS = Away(
    since=LEFT,
    until=NOW,
    ended=(
        Ended(run="mlp-1", at=NOW - 7200, result="finished", seconds=3600, usd=2.88, metric="val/mae", best=92.1),
        Ended(run="mlp-[b]0", at=NOW - 3600, result="failed", cause="exit 1", seconds=60),
    ),
    verdicts=(Verdict(subject="mlp-2", gate="no-nan", verdict="tripped", reason="loss was nan", at=NOW - 100),),
    needs=(Need(kind="question", subject="mlp-2", text="mlp-2 asks: is it fine?", command="trainui answer mlp-2 look yes|no"),),
    spending=SpentLately(usd=11.3, idle_usd=0.86, idle_seconds=2400.0),
    left_usd=120.0,
)  # fmt: skip


def returned(source, left_at=LEFT):
    """A dashboard that was left at a moment."""
    kind = type("Returned", (Dashboard,), {"left_at": left_at})
    return kind(source, settings=Settings(dark=True), clock=lambda: NOW)


def text_of(paper):
    """What stands on a paper."""
    return "\n".join("".join(span.text for span in row) for row in paper.lines)


def story(**changes):
    ended = replace(RUNS[0], status=Status.ENDED, result=Result.FINISHED, ended_at=NOW - 3600)
    one = Story(runs=(*RUNS[1:], ended), **changes)
    one.away_told = NEWS
    return one, ended.run


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 55)])
async def test_who_comes_back_is_told_and_any_key_puts_it_away(size):
    source, _ = story()
    app = returned(source)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(app.screen, AwayScreen))
        await settle(pilot)
        text = text_of(app.screen.paper)
        for part in ("2 runs ended: 1 finished, 1 failed", "no-nan tripped", "cost 11.30 $, of that 0.86 $ idle for 40 min",
                     "is it fine?", "trainui answer mlp-2 look yes|no", "any key puts this away"):  # fmt: skip
            assert part in text.replace("\n  ", " "), part
        await pilot.press("x")
        await until(pilot, lambda: not isinstance(app.screen, AwayScreen))
        assert not any(call[0] == "stop" for call in source.calls), "the key did nothing else"
        await pilot.press("at")
        await until(pilot, lambda: isinstance(app.screen, AwayScreen))


async def test_nobody_is_told_who_was_away_for_a_moment_or_has_missed_nothing():
    for left_at, told in ((NOW - 60, NEWS), (LEFT, Away(since=LEFT, until=NOW)), (None, NEWS)):
        source, _ = story()
        source.away_told = told
        app = returned(source, left_at)
        async with app.run_test(size=(120, 36)) as pilot:
            await settle(pilot)
            if left_at == LEFT:
                await until(pilot, lambda source=source: any(call[0] == "away" for call in source.calls))
                await settle(pilot)
            assert not isinstance(app.screen, AwayScreen)


async def test_a_run_that_ended_meanwhile_is_marked_until_the_cursor_was_on_it():
    source, run = story()
    app = returned(source)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, AwayScreen))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, AwayScreen))
        ended = {view.run for view in source.run_views if (view.ended_at or 0) > LEFT}
        assert run in ended
        assert app.bridge.unseen == ended
        await settle(pilot)
        assert all("•" in row_of(app, name) for name in ended)
        await pilot.press("end")
        await until(pilot, lambda: app.bridge.unseen == ended - {app.screen.table.current.run})
        await settle(pilot)
        seen = app.screen.table.current.run
        assert seen in ended
        assert "•" not in row_of(app, seen)
        assert all("•" in row_of(app, name) for name in ended - {seen})


async def test_a_live_run_of_which_a_gate_tripped_meanwhile_is_marked_too():
    source, _ = story()
    tripped = replace(source.gate_views[0], run="contrastive-1", verdict="tripped")
    source.gate_views += [
        replace(tripped, at=LEFT + 60),
        replace(tripped, run="mlp-2", at=LEFT - 60),  # it was told before
        replace(tripped, run="mlp-2", gate="fine", verdict="passed", at=LEFT + 60),
    ]
    app = returned(source)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, AwayScreen))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, AwayScreen))
        await until(pilot, lambda: "•" in row_of(app, "contrastive-1"))
        assert "•" not in row_of(app, "mlp-2")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
async def test_what_is_told_to_who_comes_back_reads_as_it_did(snapshot, size):
    """Only the box: what shines through from below it may still move."""
    source, _ = story()
    app = returned(source)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(app.screen, AwayScreen))
        await settle(pilot)
        box = app.screen.paper
        assert f"{box.parent.border_title}\n{text_of(box)}\n" == snapshot


def row_of(app, run):
    """The line of a run in the table."""
    return next(row for row in text_of(app.screen.table).split("\n") if run in row)

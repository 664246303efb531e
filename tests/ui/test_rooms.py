"""Each screen as it reads, and what it says where there is nothing, too little room, or very much of everything."""

from pathlib import Path

import pytest
from conftest import settle, until
from msgspec.structs import replace
from rooms import ROOMS, full, go
from story import NOW, RUNS, Story, curve, run
from test_dashboard import text_of

from trainui.core.run import Status
from trainui.core.store.views import GateView
from trainui.ui import keys
from trainui.ui.key import in_words

OLD = {"overview", "run", "compare", "budget", "budget-ledger", "log", "events", "palette", "stop?", "pause?"}
"""Rooms that have pictures elsewhere, or are Textual's own."""
NARROW = ("run-gates", "run-spec", "compare-metrics", "budget-plan", "gates", "start", "relaunch", "export", "settings",
          "settings-keys", "answer-note", "teach-naming", "keep?", "note", "tags", "edit", "help")  # fmt: skip
WIDE = ("run-gates", "gates", "compare-metrics", "budget-run")


async def home(pilot) -> None:
    """Back to the overview, the cursor on the first run."""
    while len(pilot.app.screen_stack) > 1:
        pilot.app.pop_screen()
        await pilot.pause()
    pilot.app.clear_notifications()
    pilot.app.screen._remark(frozenset())
    pilot.app.screen.action_move(-1000)
    await settle(pilot)


@pytest.mark.parametrize(
    ("size", "settings", "names"), [((80, 24), {"ascii": True}, NARROW), ((200, 55), {"dark": False}, WIDE)],
    ids=["80x24-ascii", "200x55-light"],
)  # fmt: skip
async def test_a_screen_reads_as_it_did(dashboard, tmp_path, snapshot, monkeypatch, size, settings, names):
    """In ASCII on the smallest terminal, and where there is most room; the same words in whatever colours."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "HOME"):
        monkeypatch.setenv(name, "/nowhere")
    if settings.get("ascii"):
        monkeypatch.setenv("TERM", "linux")
    monkeypatch.chdir(tmp_path)
    folder = Path("FOLDER")  # as long wherever the test runs
    folder.mkdir()
    app = dashboard(full(folder), **settings)
    async with app.run_test(size=size) as pilot:
        for name in names:
            await home(pilot)
            await go(pilot, *ROOMS[name])
            told = text_of(app)
            assert told.isascii() or not settings.get("ascii"), name
            assert told == snapshot(name=name)


def test_every_place_is_among_the_rooms():
    ways = {"stop?", "pause?", "keep?", "help", "filter", "everywhere", "note, tags", "setting"}
    assert set(keys.PLACES) - ways <= set(ROOMS)
    assert set(ROOMS) >= OLD


def test_arrows_of_keys_are_words_where_a_terminal_has_none():
    for table in keys.PLACES.values():
        for key in table:
            assert in_words(key.written).isascii()


@pytest.mark.parametrize(
    ("key", "taught"),
    [("", "no runs yet: press s to start a job"), ("g", "[[gate]]"), ("b", "nothing was spent yet"), ("N", "has happened"),
     ("s", "a job is a TOML file with a [job] table under jobs/"), ("enter", "no runs yet: press s"), ("v", "press s")],
)  # fmt: skip
async def test_where_nothing_is_yet_the_screen_says_how_something_comes_to_be(dashboard, key, taught):
    empty = Story(runs=[])
    empty.gate_views, empty.event_views, empty.spent_views = [], [], {}
    empty.points, empty.jobs = {}, list
    app = dashboard(empty)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await go(pilot, *([key] if key else []))
        await until(pilot, lambda: taught in text_of(app))


async def test_a_run_without_a_number_says_how_its_log_is_taught(dashboard):
    app = dashboard(Story(runs=[run("new-1", status=Status.RUNNING, started_at=NOW - 9)]))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "nothing to draw yet" in text_of(app)
        assert "press T on its run" in text_of(app)


@pytest.mark.parametrize("size", [(40, 10), (10, 3)], ids=lambda size: "x".join(map(str, size)))
async def test_a_terminal_too_small_breaks_nothing_and_a_larger_one_mends_it(dashboard, tmp_path, size):
    app = dashboard(full(tmp_path))
    async with app.run_test(size=size) as pilot:
        for name in ("overview", "run", "compare", "gates", "budget", "log", "start"):
            await home(pilot)
            await go(pilot, *ROOMS[name])
        await home(pilot)
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        assert "transformer-3" in text_of(app)


async def test_of_forty_runs_the_one_under_the_cursor_is_in_sight_and_the_head_stays(dashboard):
    many = [replace(RUNS[n % 3], run=f"{RUNS[n % 3].job}-{n:02}", queued_at=NOW - n) for n in range(40)]
    story = Story(runs=many)
    story.points = {}
    app = dashboard(story)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for place in (39, 20, 0):
            app.screen.action_move(place - app.screen.table.cursor)
            await settle(pilot)
            assert many[place].run in text_of(app)
            assert "val/mae" in text_of(app).splitlines()[3]


async def test_of_two_hundred_metrics_each_can_be_drawn_and_sixty_gates_are_leafed_through(
    dashboard, tmp_path
):
    story = full(tmp_path)
    story.points |= {("transformer-3", f"aux/metric_{n:03}"): curve(3, 1, 9) for n in range(200)}
    verdicts = ("ok", "warn", "tripped", "pending", "passed", "failed")
    story.gate_views = [
        GateView(gate=f"gate-{n:02}", role="watch", run="transformer-3", verdict=verdicts[n % 6], rule=f"aux/metric_{n:03} < {n}", metric=f"aux/metric_{n:03}")
        for n in range(60)
    ]  # fmt: skip
    app = dashboard(story)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await go(pilot, "M")
        assert "zeta/11" in text_of(app)
        await go(pilot, "g")
        assert "gate-02" in text_of(app)
        await go(pilot, "G")
        await until(pilot, lambda: app.screen.gate is not None and app.screen.gate.gate in text_of(app))
        assert app.screen.table.cursor == 59
        await go(pilot, "escape", "enter", "tab", "end")
        assert "gates  pane 2 of 5" in text_of(app)


async def test_very_long_names_leave_room_for_what_stands_beside_them(dashboard):
    long = [replace(view, run="-".join([view.run] * 30)) for view in RUNS]
    story = Story(runs=long)
    story.points = {}
    app = dashboard(story)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        rows = text_of(app).splitlines()[4:8]
        assert all("…" in row for row in rows)
        assert "88.1" in rows[0]
        assert "running" in rows[0]

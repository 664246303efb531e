"""The screen of gates: whose they are, what needs a person first, and one from near with its curve."""

import pytest
from conftest import settle, until
from msgspec.structs import replace
from story import NOW, Story
from test_dashboard import press, text_of, toasts
from test_gates import ACROSS, BROUGHT, QUESTION, RUN, SHARE, TRIPPED, WATCHED, power

from trainui.core.spec import Remedy, Spec
from trainui.core.spec.model import Job
from trainui.core.store.doings import TurnedView
from trainui.core.store.views import GateView
from trainui.ui.bench import Bench, newest_runs
from trainui.ui.present.bench import PERSON, bench_lines, bench_rows, needs_person, picked, states_of
from trainui.ui.present.ink import plain, width
from trainui.ui.screens.answer import Answer
from trainui.ui.screens.gates import GatesScreen
from trainui.ui.screens.overview import Overview
from trainui.ui.screens.run import RunScreen

OTHER = GateView(gate="mae-100", role="criterion", run="mlp-2", verdict="passed", at_epoch=20, value=99.0,
                 rule="best(val/mae) < 100", quote="under 100 ms", metric="val/mae")  # fmt: skip
TEXT = (
    '{"id":"falling","test":"stall","role":"flag","metric":"val/mae","min_delta":"1%","window":"8 epochs","for":3,'
    '"cooldown":"30m","on":{"tripped":["notify","stop"]}}'
)


@pytest.fixture
def judged() -> Story:
    """A gate of the transformer tripped at epoch 29; its study and its default watch have something to say too."""
    story = Story()
    story.points[RUN, "val/mae"] = power(60, 460, 0.8, 34)
    tripped = replace(
        TRIPPED, at=NOW - 300, quote="validation MAE improving", source="plan.md:12", digest="ab" * 32
    )
    story.gate_views = [SHARE, tripped, WATCHED, QUESTION, ACROSS, OTHER]
    story.came_of = {RUN: BROUGHT}
    story.texts = {(RUN, "falling"): TEXT}
    story.turned = {(RUN, "falling"): [
        TurnedView(verdict="ok", value=70.0, reason="", step=900, epoch=10, at=NOW - 900),
        TurnedView(verdict="tripped", value=0.4, reason="moved 0.4 %", step=2610, epoch=29, at=NOW - 300,
                   window=(91.0, 90.9, 90.8)),
    ]}  # fmt: skip
    remedies = [Remedy(id="lower", on="falling", set={"learning_rate": 1e-4}), Remedy(id="read", on="falling", advice=True, text="look")]  # fmt: skip
    story.specs = {RUN: Spec(job=Job(name="transformer", command=["x"]), remedy=remedies)}
    return story


async def opened(pilot, *names, on: str = "") -> GatesScreen:
    """The screen of gates, with the cursor on a gate, after more keys."""
    await settle(pilot)
    await press(pilot, "g")
    await until(
        pilot, lambda: isinstance(pilot.app.screen, GatesScreen) and pilot.app.screen.gate is not None
    )
    screen = pilot.app.screen
    for _ in range(len(listed(screen))):
        if on and screen.gate.gate != on:
            await press(pilot, "down")
    await until(pilot, lambda: (b := pilot.app.snapshot.bench) is not None and b.near is not None)
    await press(pilot, *names)
    return screen


def listed(screen) -> list[str]:
    return [row.gate.gate for row in screen.table._rows if row.gate is not None]


def test_what_needs_a_person_comes_first_and_the_default_watch_stands_apart():
    rows = bench_rows([OTHER, SHARE, WATCHED, TRIPPED, QUESTION])
    assert [row.gate.gate if row.gate else row.title[:13] for row in rows] == [
        "look-in", "falling", "mae-80", "mae-100", "default watch", "watch/spike"]  # fmt: skip
    assert [needs_person(gate) for gate in (QUESTION, TRIPPED, SHARE, WATCHED, OTHER)] == [True, True, False, False, False]  # fmt: skip


def test_only_states_that_some_gate_is_in_can_be_picked():
    gates = [TRIPPED, SHARE, QUESTION]
    assert states_of(gates) == ("", PERSON, "tripped", "warn", "ok")
    assert picked(gates, PERSON) == (TRIPPED, QUESTION)
    assert picked(gates, "ok") == (SHARE,)


@pytest.mark.parametrize("cells", [40, 80, 120, 200])
def test_no_line_of_the_table_is_wider_than_the_screen(cells):
    gates = [TRIPPED, SHARE, WATCHED, QUESTION, ACROSS, OTHER]
    lines = bench_lines(bench_rows(gates), Bench(gates=tuple(gates)), cells, now=NOW, colours={RUN: 0})
    assert all(width(one) <= cells for one in lines)
    assert "falling" in " ".join(map(plain, lines))


def test_the_newest_run_of_each_job_and_what_lives_is_looked_at():
    runs = Story().runs()
    assert "transformer-2" not in newest_runs(runs)
    assert {"transformer-3", "mlp-2", "evaluate-1"} <= set(newest_runs(runs))


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 55)], ids=lambda size: "x".join(map(str, size)))
async def test_a_gate_from_near_tells_its_terms_what_clears_it_and_what_was_done(dashboard, judged, size):
    app = dashboard(judged)
    async with app.run_test(size=size) as pilot:
        screen = await opened(pilot, on="falling")
        told = " ".join(" ".join(plain(one) for one in screen.terms.lines).split())
        for part in (
            "“validation MAE improving” plan.md:12", "tripped epoch 29", "91.00 90.90 90.80", "over 8 epochs",
            "trips when it fails for 3 points", "rests 30m after it acted", "it holds again for 3 points, by twice",
            "tripped: notify, stop", "the run is not armed", "would have stopped (not armed), 1:12 h and 0.52 $ saved",
            "lower learning_rate=0.0001", "(advice)", "ok epoch 10 → ✖ tripped epoch 29", "sha256 abababababab",
        ):  # fmt: skip
            assert part in told, part
        assert "validation MAE improving" in text_of(app)


async def test_the_curve_has_the_window_of_the_verdict_and_only_this_gate(dashboard, judged):
    app = dashboard(judged)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, on="falling")
        (chart,) = screen._drawn
        assert chart.metric == "val/mae"
        assert chart.shade == (21, 29)
        assert chart.window == (5, 34)
        assert [mark.x for mark in chart.marks] == [29]
        assert chart.thresholds == ()
        assert "✖ tripped" in text_of(app)
        await press(pilot, "0")
        assert screen._drawn[0].window is None
        await press(pilot, "down")
        assert screen.gate.gate == "mae-80"
        await until(
            pilot, lambda: screen._drawn and [one.value for one in screen._drawn[0].thresholds] == [80.0]
        )


async def test_a_turns_whose_gates_they_are_and_f_which_state(dashboard, judged):
    app = dashboard(judged)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot)
        assert listed(screen) == ["look-in", "gate-4", "falling", "mae-80", "watch/spike"]
        assert "gates of transformer-3" in text_of(app)
        await press(pilot, "f")
        assert listed(screen) == ["look-in", "gate-4", "falling"]
        await press(pilot, "f")
        assert listed(screen) == ["falling"]
        for _ in range(len(states_of(app.snapshot.bench.gates)) - 2):
            await press(pilot, "f")
        await press(pilot, "a")
        await until(pilot, lambda: "mae-100" in listed(screen))
        assert "study phase 3" in text_of(app)
        await press(pilot, "a")
        assert "1 older run left out" in text_of(app) or "2 older runs left out" in text_of(app)


async def test_marked_runs_have_their_gates_looked_at_together(dashboard, judged):
    app = dashboard(judged)
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "space", "down", "space")
        screen = await opened(pilot)
        assert {row.gate.run for row in screen.table._rows if row.gate} >= {RUN, "mlp-2"}
        assert "2 marked runs" in text_of(app)


async def test_a_question_is_answered_from_here_that_under_the_cursor_first(dashboard, judged):
    app = dashboard(judged)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "down")
        await press(pilot, "up", "A")
        await until(pilot, lambda: isinstance(app.screen, Answer))
        await pilot.press("y", *"fine", "enter")
        await until(pilot, lambda: ("answer", RUN, "look-in", True, "fine") in judged.calls)
        await until(pilot, lambda: isinstance(app.screen, GatesScreen))


async def test_the_cursor_stays_on_its_gate_when_others_come_and_go(dashboard, judged):
    app = dashboard(judged)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, on="falling")
        judged.gate_views = [one for one in judged.gate_views if one.gate != "look-in"]
        judged.changes += 1
        await until(pilot, lambda: "look-in" not in listed(screen))
        assert screen.gate.gate == "falling"


async def test_enter_and_a_double_click_open_the_run_of_the_gate(dashboard, judged):
    app = dashboard(judged)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.run_name == RUN)
        await press(pilot, "escape")
        await until(pilot, lambda: isinstance(app.screen, GatesScreen))
        table = app.screen.table
        await pilot.click(table, offset=(5, 4))
        await until(pilot, lambda: app.screen.gate.gate == "mae-80")
        await press(pilot, "escape")
        await until(pilot, lambda: isinstance(app.screen, Overview))


async def test_where_no_gate_is_written_down_the_screen_says_how_to_write_one(dashboard):
    story = Story()
    story.gate_views = []
    app = dashboard(story)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "g")
        await until(pilot, lambda: "a [[gate]] table in a job's TOML" in text_of(app))
        await press(pilot, "A")
        await until(pilot, lambda: "nothing is asked here now" in toasts(app))


async def test_where_one_fits_tab_shows_the_curve_and_a_gate_without_one_keeps_its_words(dashboard, judged):
    app = dashboard(judged)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, on="falling")
        assert not screen.curves.display
        await press(pilot, "tab")
        assert screen.curves.display
        assert not screen.terms.display
        await press(pilot, "home")
        await until(pilot, lambda: screen.terms.display)
        assert not screen.curves.display


async def test_a_hostile_gate_can_drive_nothing(dashboard, judged):
    judged.gate_views = [
        replace(TRIPPED, gate="[red]x\x1b[2J", quote="\x1b]0;own\x07[b]", rule="\x07<script>")
    ]
    app = dashboard(judged)
    async with app.run_test(size=(120, 36)) as pilot:
        await opened(pilot)
        assert "\x1b" not in text_of(app)
        assert "\x07" not in text_of(app)
        assert "[red]x" in text_of(app)


@pytest.mark.parametrize(
    ("size", "look"),
    [
        ((80, 24), {}),
        ((120, 36), {}),
        ((120, 36), {"dark": False}),
        ((200, 55), {}),
        ((80, 24), {"ascii": True}),
    ],
    ids=["80x24", "120x36", "120x36-light", "200x55", "80x24-ascii"],
)
def test_the_screen_of_gates_looks_as_it_did(dashboard, judged, snap_compare, size, look):
    """A gate that tripped, from near: the window of its verdict, what would clear it, what it would have done."""

    async def run_before(pilot):
        await opened(pilot, on="falling")

    assert snap_compare(dashboard(judged, **look), terminal_size=size, run_before=run_before)

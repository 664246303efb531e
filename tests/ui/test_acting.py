"""What a person does to a run: each key, what it asks for, and what it says when it does not apply."""

import pytest
from conftest import settle, until
from story import NOW, RUNS, SUPERVISED, Story
from test_dashboard import press, text_of, toasts

from trainui.core.errors import SpecError, UserError
from trainui.core.run import Status
from trainui.core.store.views import EventView
from trainui.ui.app import Dashboard
from trainui.ui.present.ink import plain
from trainui.ui.screens.confirm import Confirm, ConfirmPause
from trainui.ui.screens.edit import Edit
from trainui.ui.screens.overview import Overview
from trainui.ui.screens.run import RunScreen
from trainui.ui.screens.start import Start
from trainui.ui.store_source import StoreSource


def wishes(story) -> list[tuple]:
    return [call for call in story.calls if call[0] not in ("ensure_manager", "jobs", "params")]


async def go_to(pilot, run: str) -> None:
    """Put the cursor on a run."""
    app = pilot.app
    await settle(pilot)
    names = [view.run for view in app.snapshot.runs]
    await press(pilot, "home", *["down"] * names.index(run))
    assert app.screen.current.run == run


@pytest.mark.parametrize(
    ("run", "pressed", "call"),
    [
        ("contrastive-1", ("p", "y"), ("pause", "contrastive-1")),
        ("mlp-2", ("p",), ("resume", "mlp-2")),
        ("contrastive-1", ("c",), ("checkpoint", "contrastive-1")),
        ("evaluate-1", ("h",), ("toggle_hold", "evaluate-1")),
        ("evaluate-1", ("plus",), ("nudge", "evaluate-1", 1)),
        ("evaluate-1", ("minus",), ("nudge", "evaluate-1", -1)),
        ("evaluate-1", ("K",), ("shift", "evaluate-1", -1)),
        ("evaluate-1", ("J",), ("shift", "evaluate-1", 1)),
    ],
)
@pytest.mark.parametrize("where", ["overview", "run"])
async def test_a_key_becomes_a_wish_for_the_run(dashboard, run, pressed, call, where):
    story = Story(runs=[RUNS[2], *SUPERVISED[:2], *SUPERVISED[3:]])
    app = dashboard(story)
    async with app.run_test(size=(120, 36)) as pilot:
        await go_to(pilot, run)
        if where == "run":
            await press(pilot, "enter")
            await until(pilot, lambda: isinstance(app.screen, RunScreen))
        for key in pressed:
            await press(pilot, key)
        await until(pilot, lambda: wishes(story) == [call])


@pytest.mark.parametrize(
    ("run", "key", "said"),
    [
        ("transformer-3", "p", "transformer-3 is stopping; only a running run can be paused"),
        ("evaluate-1", "p", "only a running run can be paused"),
        ("mlp-2", "c", "mlp-2 is paused; only a running run can be asked to save"),
        ("mlp-2", "h", "only a queued run can be held"),
        ("mlp-2", "plus", "only a queued run has a priority"),
        ("mlp-2", "minus", "only a queued run has a priority"),
        ("mlp-2", "K", "only a queued run can be moved"),
        ("transformer-1", "J", "transformer-1 has ended; only a queued run can be moved"),
        ("mlp-2", "E", "only the params of a queued run can be changed"),
        ("mlp-2", "r", "only a run that has ended can be tried again"),
    ],
)
async def test_a_key_that_does_not_apply_says_so_and_does_nothing(dashboard, run, key, said):
    story = Story(runs=SUPERVISED)
    app = dashboard(story)
    async with app.run_test(size=(120, 36)) as pilot:
        await go_to(pilot, run)
        await press(pilot, key)
        await until(pilot, lambda: said in toasts(app))
        assert isinstance(app.screen, Overview)
        assert wishes(story) == []


@pytest.mark.parametrize(
    ("run", "key", "offered", "not_offered"),
    [
        ("contrastive-1", "x", ("y stop", "X now", "n no, it goes on"), ()),
        ("contrastive-1", "X", ("y kill it now: no time to save", "n no, it goes on"), ("X now", "grace")),
        ("transformer-3", "x", ("X now", "n leave it to its grace"), ("goes on", "y stop")),
        ("transformer-3", "X", ("y kill it now", "n leave it to its grace"), ("goes on", "X now")),
        ("mlp-2", "x", ("y stop", "n no, it stays paused"), ("goes on",)),
        ("evaluate-1", "x", ("y stop: it leaves the queue",), ("X now", "cost")),
        ("evaluate-1", "X", ("y stop: it leaves the queue",), ("kill", "X now")),
    ],
)
async def test_the_question_before_a_stop_offers_what_can_be(dashboard, run, key, offered, not_offered):
    app = dashboard(Story(runs=[*SUPERVISED[:2], RUNS[2], *SUPERVISED[3:]]))
    async with app.run_test(size=(80, 24)) as pilot:
        await go_to(pilot, run)
        await press(pilot, key)
        await until(
            pilot, lambda: isinstance(app.screen, Confirm) and app.screen.query_one("#question").lines
        )
        shown = "\n".join(plain(one) for one in app.screen.query_one("#question").lines)
        assert all(f" {one}" in shown for one in offered)
        assert not [one for one in not_offered if one in shown]


@pytest.mark.parametrize(("run", "first"), [("evaluate-1", "x"), ("transformer-3", "X")])
async def test_a_key_that_the_question_does_not_offer_is_no_answer(dashboard, run, first):
    story = Story(runs=SUPERVISED)
    app = dashboard(story)
    async with app.run_test(size=(80, 24)) as pilot:
        await go_to(pilot, run)
        await press(pilot, first, "X")
        assert isinstance(app.screen, Confirm)
        await press(pilot, "n")
        await until(pilot, lambda: isinstance(app.screen, Overview))
        assert wishes(story) == []


async def test_the_question_before_a_pause_can_be_answered_with_no(dashboard, story):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "p")
        await until(pilot, lambda: isinstance(app.screen, ConfirmPause))
        assert "this frees no memory, no GPU and no money: 0.43 $/h goes on" in text_of(app)
        await press(pilot, "n")
        await until(pilot, lambda: isinstance(app.screen, Overview))
        assert wishes(story) == []


async def test_what_the_manager_refuses_is_a_toast(dashboard):
    story = Story(runs=SUPERVISED)
    app = dashboard(story)
    async with app.run_test(size=(120, 36)) as pilot:
        await go_to(pilot, "evaluate-1")
        story.refusal = UserError("hold evaluate-1: it is running, no longer queued")
        await press(pilot, "h", "K")
        await until(pilot, lambda: {"toggle_hold", "shift"} <= {call[0] for call in story.calls})
        await until(pilot, lambda: "no longer queued" in toasts(app))


async def test_changes_of_the_queue_are_asked_for_in_the_order_of_the_keys(dashboard):
    """The first is slow: the second waits for its answer, a stop does not."""
    import threading

    class Slow(Story):
        gate = threading.Event()

        def nudge(self, name, by):
            assert self.gate.wait(30)
            return super().nudge(name, by)

    story = Slow(runs=SUPERVISED)
    app = dashboard(story)
    async with app.run_test(size=(120, 36)) as pilot:
        await go_to(pilot, "evaluate-1")
        await press(pilot, "plus", "K", "x", "y")
        await until(pilot, lambda: wishes(story) == [("stop", "evaluate-1", False)])
        story.gate.set()
        await until(pilot, lambda: len(wishes(story)) == 3)
        assert wishes(story)[1:] == [("nudge", "evaluate-1", 1), ("shift", "evaluate-1", -1)]


async def test_the_params_of_a_queued_run_are_changed_in_a_line_that_holds_them(dashboard):
    story = Story(runs=SUPERVISED)
    app = dashboard(story)
    async with app.run_test(size=(120, 36)) as pilot:
        await go_to(pilot, "evaluate-1")
        await press(pilot, "E")
        await until(pilot, lambda: isinstance(app.screen, Edit) and app.screen.params.value)
        assert app.screen.params.value == (
            "learning_rate=0.0001 epochs=50 shuffle=true 'name=two words' sizes=1,2"
        )
        await press(pilot, "enter")
        assert "nothing is changed yet" in text_of(app)
        app.screen.params.value = "epochs=50 learning_rate=1e-3"
        await press(pilot, "enter")
        await until(pilot, lambda: ("edit", "evaluate-1", {"learning_rate": "1e-3"}) in story.calls)
        await until(pilot, lambda: isinstance(app.screen, Overview))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("epochs=many", "epochs='many' is not a number"),  # of the core
        ("epoch=3", "did you mean 'epochs'?"),
        ("epochs", "'epochs' is not key=value"),
    ],
)
async def test_a_param_of_the_wrong_type_is_said_where_it_is_typed(dashboard, line, said):
    story = Story(runs=SUPERVISED)
    app = dashboard(story)
    async with app.run_test(size=(80, 24)) as pilot:
        await go_to(pilot, "evaluate-1")
        await press(pilot, "E")
        await until(pilot, lambda: isinstance(app.screen, Edit) and app.screen.params.value)
        story.refusal = SpecError("job 'evaluate': epochs='many' is not a number, as the default 50 is")
        app.screen.params.value = line
        await press(pilot, "enter")
        await until(pilot, lambda: said in text_of(app))
        assert isinstance(app.screen, Edit)
        assert toasts(app) == ""
        await press(pilot, "escape")
        await until(pilot, lambda: isinstance(app.screen, Overview))


async def test_keys_that_arrive_together_edit_in_their_order(dashboard):
    """Over a slow line several come at once; a letter must not overtake the backspace before it."""
    story = Story(runs=SUPERVISED)
    app = dashboard(story)
    async with app.run_test(size=(120, 36)) as pilot:
        await go_to(pilot, "evaluate-1")
        await press(pilot, "E")
        await until(pilot, lambda: isinstance(app.screen, Edit) and app.screen.params.value)
        app.screen.params.value = "epochs=50"
        await pilot.pause()
        for key in ("end", "backspace", "backspace", "7", "left", "1"):
            app.simulate_key(key)
        await until(pilot, lambda: app.screen.params.value == "epochs=17")


async def test_a_job_is_started_held_and_with_a_priority(dashboard, story):
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "s")
        await until(pilot, lambda: isinstance(app.screen, Start) and ("jobs",) in story.calls)
        await press(pilot, "h", "plus", "plus", "plus", "minus")
        shown = text_of(app)
        assert "it waits until you release it" in shown
        assert "priority  2" in shown
        await press(pilot, "enter")
        await until(pilot, lambda: ("start", "boundary", {}, "", False, True, 2) in story.calls)
        await until(pilot, lambda: "held: h releases it" in toasts(app))


async def test_a_stopping_run_counts_down_though_nothing_else_changes():
    story = Story(runs=SUPERVISED)
    time = [NOW]
    app = Dashboard(story, clock=lambda: time[0])
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        assert "killed in 4:32 min" in text_of(app)
        time[0] += 1
        await until(pilot, lambda: "killed in 4:31 min" in text_of(app))
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        time[0] += 61
        await until(pilot, lambda: "killed in 3:30 min" in text_of(app))


@pytest.mark.parametrize(
    "size", [(80, 24), (120, 28), (120, 36), (200, 55)], ids=lambda size: "x".join(map(str, size))
)
async def test_an_ended_run_shows_cause_evidence_and_the_end_of_its_log(dashboard, size):
    app = dashboard(Story(runs=SUPERVISED, log=("Traceback", "the last words")))
    async with app.run_test(size=size) as pilot:
        await go_to(pilot, "transformer-1")
        await press(pilot, "enter")
        await until(pilot, lambda: app.snapshot.detail is not None)
        await settle(pilot)
        shown = text_of(app)
        for part in (
            "failed: out of GPU memory",
            "exit code 1",
            "CUDA out of memory",
            "the last words",
            "peak mem",
        ):
            assert part in shown
        await press(pilot, "shift+tab")  # the log alone, where there is room for one
        assert "the last words" in text_of(app)
        await press(pilot, "tab", "z")
        await pilot.pause()
        assert "the last words" not in text_of(app)  # zoomed to the curves


async def test_the_run_screen_tells_what_the_run_uses(dashboard):
    app = dashboard()
    async with app.run_test(size=(120, 36)) as pilot:
        await settle(pilot)
        await press(pilot, "enter")
        await until(pilot, lambda: "cpu 3.8 cores" in text_of(app))
        for part in ("mem 2.1 GiB, peak 3 GiB", "gpu 94 %", "gpu mem 11.3 GiB, peak 12 GiB", "5 processes"):
            assert part in text_of(app)


async def test_the_queue_is_changed_for_real(cockpit):
    """A real store and a real manager: three runs are held; keys order them, change one and let it run."""
    names = [cockpit.client.start("count", held=True) for _ in range(3)]
    for name in names:
        cockpit.until_status(name, "queued")
    source = StoreSource(cockpit.project, cockpit.db)
    app = Dashboard(source, title="count")

    def order():
        return [view.run for view in app.snapshot.runs]

    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: order() == names)
        await pilot.press("end", "K", "K")
        await until(pilot, lambda: order() == [names[2], names[0], names[1]])
        await pilot.press("plus", "plus")
        await until(pilot, lambda: app.snapshot.run(names[2]).priority == 2)
        await pilot.press("J")  # past a run of a lower priority it takes that one
        await until(pilot, lambda: order() == [names[0], names[2], names[1]])
        assert app.snapshot.run(names[2]).priority == 0
        await pilot.press("E")
        await until(pilot, lambda: isinstance(app.screen, Edit) and app.screen.params.value)
        app.screen.params.value = "steps=x"
        await pilot.press("enter")
        await until(pilot, lambda: "steps='x' is not a number" in text_of(app))
        app.screen.params.value = "steps=3"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Overview))
        await pilot.press("h")
        await until(pilot, lambda: app.snapshot.run(names[2]).status is Status.ENDED)
        assert app.snapshot.run(names[2]).step == 2
        assert "it has ended" not in toasts(app)


SUPERVISION = [EventView(id=9, at=NOW - 5, run="contrastive-1", kind="checkpoint", text="asked for"),
               EventView(id=10, at=NOW - 4, run="pipeline-2", kind="queue", text="changed: priority 5")]  # fmt: skip


@pytest.mark.parametrize(
    ("size", "settings"),
    [((80, 24), {}), ((120, 36), {}), ((120, 36), {"dark": False}), ((80, 24), {"ascii": True})],
    ids=["80x24", "120x36", "120x36-light", "80x24-ascii"],
)
def test_supervision_looks_as_it_did(dashboard, snap_compare, size, settings):
    """Two runs are being stopped, one of them saving; one is paused; of those that wait one is held."""
    story = Story(runs=SUPERVISED)
    story.event_views += SUPERVISION
    assert snap_compare(dashboard(story, **settings), terminal_size=size, run_before=settle)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
def test_a_dead_run_looks_as_it_did(dashboard, snap_compare, size):
    """Why it died, from what that was read, and the last it printed."""
    story = Story(
        runs=SUPERVISED,
        log=("Traceback (most recent call last):", "torch.OutOfMemoryError: CUDA out of memory."),
    )

    async def opened(pilot):
        await go_to(pilot, "transformer-1")
        await pilot.press("enter")
        await settle(pilot)

    assert snap_compare(dashboard(story), terminal_size=size, run_before=opened)


def test_the_question_before_a_pause_looks_as_it_did(dashboard, snap_compare):
    async def asked(pilot):
        await settle(pilot)
        await pilot.press("p")
        await pilot.pause()

    assert snap_compare(dashboard(), terminal_size=(80, 24), run_before=asked)


async def test_a_key_that_is_held_down_tells_once_why_it_does_nothing(dashboard):
    app = dashboard()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settle(pilot)
        for _ in range(5):
            await press(pilot, "Z")
        assert [note.message for note in app._notifications] == ["nothing to undo"]
        await press(pilot, "C", "Z")
        assert [note.message for note in app._notifications] == [
            "nothing is counted down to",
            "nothing to undo",
        ]
        await until(pilot, lambda: len(app.screen.query("Toast")) == 2)

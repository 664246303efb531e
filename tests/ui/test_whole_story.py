"""From start to finish without leaving the dashboard: a real manager, real processes, and the store asked for it all."""

import re

from conftest import until
from test_dashboard import text_of

from trainui.core.run import Result, Status
from trainui.ui.app import Dashboard
from trainui.ui.screens.answer import Answer
from trainui.ui.screens.export import Export
from trainui.ui.screens.gates import GatesScreen
from trainui.ui.screens.overview import Overview
from trainui.ui.screens.relaunch import Relaunch
from trainui.ui.screens.start import Start
from trainui.ui.store_source import StoreSource

MORE = """
[[gate]]
id = "look-in"
test = "ask"
question = "is it plausible?"
when = "end"

[[remedy]]
id = "sane"
on = "no-nan"
set = { nan_at = -1, steps = 6, delay = 0.0 }
from = "scratch"
max = 1
"""


def write_jobs(project) -> None:
    """Two jobs of one study that go on until somebody stops them."""
    spec = (project / "jobs" / "count.toml").read_text()
    spec = (
        spec.replace("steps = 5", "steps = 100000\nnan_at = -1").replace("delay = 0.0", "delay = 0.05") + MORE
    )
    spec = spec.replace('name = "count"', 'name = "count"\nstudy = "counting"')
    (project / "jobs" / "count.toml").write_text(spec)
    (project / "jobs" / "tally.toml").write_text(re.sub('name = "count"', 'name = "tally"', spec, count=1))


async def typed(pilot, text: str) -> None:
    await pilot.press(*("space" if one == " " else "equals_sign" if one == "=" else one for one in text))


async def put_cursor_on(pilot, run: str) -> None:
    """By keys; the table may be reordered meanwhile."""
    app = pilot.app
    await until(pilot, lambda: isinstance(app.screen, Overview) and app.snapshot.run(run) is not None)
    for _ in range(5000):
        if app.screen.current is not None and app.screen.current.run == run:
            return
        names = [view.run for view in app.screen.table.runs]
        if run in names:
            await pilot.press("down" if names.index(run) > app.screen.table.cursor else "up")
        await pilot.pause(0.01)
    raise AssertionError(f"the cursor never came to {run}")


async def dialog(pilot, kind: type, text: str) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, kind) and text in text_of(pilot.app))


async def test_runs_are_started_watched_stopped_relaunched_answered_noted_and_exported_by_keys(cockpit):
    write_jobs(cockpit.project)
    app = Dashboard(StoreSource(cockpit.project, cockpit.db), title="count")
    async with app.run_test(size=(120, 36)) as pilot:
        # two jobs at once, one of them to diverge, armed
        await until(pilot, lambda: isinstance(app.screen, Overview))
        await pilot.press("s")
        await dialog(pilot, Start, "tally")
        await pilot.press("space", "down", "space", "a", "tab")
        await typed(pilot, "nan_at=4")
        await pilot.press("enter")
        await until(pilot, lambda: {"count-1", "tally-1"} <= {view.run for view in app.snapshot.runs})

        # points come
        await until(
            pilot, lambda: (view := app.snapshot.run("count-1")) is not None and (view.step or 0) >= 3
        )
        await until(pilot, lambda: any(trace.points for trace in app.snapshot.traces))

        # the armed one is stopped by its gate at the NaN; the other by a person
        await until(pilot, lambda: app.snapshot.run("tally-1").status is Status.ENDED)
        await put_cursor_on(pilot, "count-1")
        await pilot.press("x", "y")
        await until(pilot, lambda: app.snapshot.run("count-1").status is Status.ENDED)

        # again with another param, resumed at what it saved
        await pilot.press("R")
        await dialog(pilot, Relaunch, "last.txt")
        await pilot.press("tab")
        await typed(pilot, "delay=0.01")
        await pilot.press("enter")
        await until(pilot, lambda: (one := app.snapshot.run("count-2")) is not None and one.step is not None)
        await until(pilot, lambda: app.screen.current is not None and app.screen.current.run == "count-2")

        # a live run is stopped, and goes on from the beginning with fewer steps
        await pilot.press("R")
        await dialog(pilot, Relaunch, "stop and relaunch count-2")
        await pilot.press("f", "tab")
        await typed(pilot, "steps=3")
        await pilot.press("enter", "enter")
        await until(
            pilot, lambda: (one := app.snapshot.run("count-3")) is not None and one.status is Status.ENDED
        )

        # the remedy of the one that diverged
        await put_cursor_on(pilot, "tally-1")
        await pilot.press("R")
        await dialog(pilot, Relaunch, "sane")
        await pilot.press("down", "enter")
        await until(
            pilot, lambda: (one := app.snapshot.run("tally-2")) is not None and one.status is Status.ENDED
        )

        # what its gate asks is answered on the screen of gates
        await put_cursor_on(pilot, "tally-2")
        await pilot.press("g")
        await until(pilot, lambda: isinstance(app.screen, GatesScreen) and app.screen.gate is not None)
        await until(pilot, lambda: "asks you" in text_of(app))
        await pilot.press("A")
        await dialog(pilot, Answer, "is it plausible?")
        await pilot.press("y", *"fine", "enter")
        await until(pilot, lambda: isinstance(app.screen, GatesScreen) and "answered yes" in text_of(app))
        await pilot.press("escape")

        # a note, a tag, an export
        await put_cursor_on(pilot, "tally-2")
        await pilot.press("n")
        await typed(pilot, "the good one")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Overview))
        await pilot.press("number_sign", *"best", "enter")
        await until(pilot, lambda: app.snapshot.run("tally-2").tags == ("best",))
        await until(pilot, lambda: isinstance(app.screen, Overview))
        await pilot.press("e")
        await dialog(pilot, Export, "exports/tally-2")
        await pilot.press("enter")
        await until(pilot, lambda: "written; enter closes" in text_of(app))
        await pilot.press("enter", "q")

    reader = cockpit.reader()
    views = {view.run: view for view in reader.runs()}
    assert views.keys() == {"count-1", "count-2", "count-3", "tally-1", "tally-2"}
    assert (views["count-1"].result, views["count-1"].cause) == (Result.STOPPED, "user")
    assert views["tally-1"].result is Result.STOPPED
    assert "no-nan" in views["tally-1"].cause
    assert views["tally-1"].armed
    assert not views["count-1"].armed
    assert [views[run].parent for run in ("count-2", "count-3", "tally-2")] == [
        "count-1",
        "count-2",
        "tally-1",
    ]
    assert reader.spec("count-2").params["delay"] == 0.01
    assert reader.curve("count-2", "val/mae")[0].step > 0  # it went on from what its parent had saved
    assert [point.step for point in reader.curve("count-3", "val/mae")] == [0, 1, 2]
    assert (views["count-2"].ended_at or 0) <= (views["count-3"].started_at or 0)
    assert reader.tries_of("tally-1", "remedy sane") == 1
    assert reader.spec("tally-2").params["nan_at"] == -1
    assert views["tally-2"].result is Result.FINISHED
    (answer,) = reader.answers("tally-2")
    assert (answer.gate, answer.is_yes, answer.note) == ("look-in", True, "fine")
    assert [text for _, text in reader.notes("tally-2")] == ["the good one"]
    assert views["tally-2"].tags == ("best",)
    told = (cockpit.project / "exports" / "tally-2" / "summary.md").read_text()
    assert "the good one" in told
    reader.close()

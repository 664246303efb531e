"""Every screen and dialog there is, and the keys that lead there from the overview; a story that fills each."""

from __future__ import annotations

from pathlib import Path

from conftest import settle, until
from msgspec.structs import replace
from story import EVENTS, NOW, PARAMS, RUNS, Story, curve

from trainui.core.ingest.printed import Printed
from trainui.core.judging.near import RemedyView
from trainui.core.retrying import Beginning, RetryChoices
from trainui.core.store.views import EventView, GateView
from trainui.ui.screens.log import LogScreen
from trainui.ui.screens.start import Start
from trainui.ui.screens.teach import Teach

ROOMS: dict[str, tuple[str, ...]] = {
    "overview": (),
    "marked": ("space", "space", "left"),
    "run": ("enter",),
    "run-curves": ("enter", "z"),
    "run-gates": ("enter", "tab", "z"),
    "run-spec": ("enter", "tab", "tab", "z"),
    "run-events": ("enter", "tab", "tab", "tab", "z"),
    "run-log": ("enter", "shift+tab", "z"),
    "run-dead": ("end", "enter"),
    "compare": ("a", "v"),
    "compare-metrics": ("a", "v", "2"),
    "compare-gates": ("a", "v", "3", "z"),
    "compare-curves": ("a", "v", "z", "z"),
    **{f"budget-{name}": ("b", str(n), "z") for n, name in enumerate(
        ("study", "job", "day", "machine", "run", "plan", "leases", "ledger"), 1)},
    "budget": ("b", "5"),
    "gates": ("g",),
    "gates-zoom": ("g", "down", "z"),
    "relaunch": ("end", "R"),
    "export": ("e",),
    "settings": ("comma",),
    "settings-keys": ("comma", "tab"),
    "log": ("V",),
    "log-search": ("V", "slash", "l", "o", "s", "s"),
    "events": ("N",),
    "help": ("question_mark",),
    "start": ("s",),
    "stop?": ("x",),
    "pause?": ("p",),
    "edit": ("down", "down", "down", "E"),
    "answer": ("A",),
    "answer-note": ("A", "y"),
    "teach": ("T",),
    "teach-naming": ("T", "enter"),
    "keep?": ("T", "enter", "enter", "enter", "enter", "enter"),
    "note": ("n",),
    "tags": ("number_sign",),
    "filter": ("slash", "m", "l", "p"),
    "palette": ("ctrl+p",),
}  # fmt: skip
"""Name → the keys pressed on the overview, one after the other."""

QUESTION = GateView(gate="look-in", role="ask", run="transformer-3", verdict="warn", rule="asks: curves still plausible?",
                    reason="asks: are the curves still plausible? " + "look at each of them; " * 60, quote="Check every 1-2 hours")  # fmt: skip

ACROSS = GateView(
    gate="gate-4",
    role="ask",
    run="study:phase 3",
    verdict="unknown",
    rule="asks: go on?",
    reason="asks: go on?",
)


def output() -> Printed:
    """What nobody understands, and some that is."""
    lines = [f"## it {n} of 40 ~ err {2 / n:.4f} ~ q={60 + n / 10:.1f}%" for n in range(1, 41)]
    return Printed(lines=(*lines, "step 40 loss 0.025"), understood=(*[False] * 40, True))


def full(folder: Path, story: Story | None = None) -> Story:
    """A story with something in every room; its log lies in the folder."""
    made = story or Story()
    made.gate_views = [*made.gate_views, QUESTION, ACROSS]
    made.output = output()
    remedies = (
        RemedyView(id="half", on="out-of-gpu-memory", sets=(("batch_size", 16),)),
        RemedyView(id="calm", on="no-nan", sets=(("learning_rate", 3e-5),)),
    )
    begins = (
        Beginning(begins=None, label="the newest checkpoint"),
        Beginning(begins="", label="the beginning"),
    )
    made.choices = RetryChoices(
        run="transformer-1", job="transformer", params=dict(PARAMS), remedies=remedies, beginnings=begins
    )
    made.points |= {
        (run, f"zeta/{n:02}"): curve(n + 1, 1, 20)
        for run in ("transformer-3", "mlp-2", "contrastive-1")
        for n in range(12)
    }
    made.log = [f"epoch {n} of 50  loss {1 / (n + 1):.4f}" for n in range(200)]
    made.event_views = [
        *EVENTS,
        EventView(id=5, at=NOW - 30, run="", kind="budget", text="50 % of what may be spent is spent"),
    ]
    first = replace(made.run_views[0], directory=str(folder), tags=("best", "paper"))
    made.run_views = [first, *made.run_views[1:]]
    (folder / "output.log").write_text(
        "".join(f"epoch {n} of 50  loss {1 / (n + 1):.4f}\n" for n in range(200))
    )
    assert len(made.run_views) == len(RUNS) or story is not None
    return made


async def go(pilot, *pressed: str) -> None:
    """Press the keys, each when the one before has had its effect."""
    app = pilot.app
    for key in pressed:
        await pilot.press(key)
        await until(pilot, lambda: app.snapshot.look == app.bridge.wanted)
        screen = app.screen
        if isinstance(screen, Start):
            await until(pilot, lambda screen=screen: screen.job is not None or screen._jobs == ())
        if isinstance(screen, Teach):
            await until(pilot, lambda screen=screen: screen._printed is not None)
        if isinstance(screen, LogScreen):
            await until(pilot, lambda screen=screen: screen.page.lines)
    if hasattr(app.screen, "cost"):  # the start dialog's and that of the next try
        job = getattr(app.screen, "job", app.screen)
        await until(pilot, lambda: app.screen.cost.lines or job is None or getattr(job, "problem", ""))
    await settle(pilot)

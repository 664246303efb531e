"""A store full of what people and programs write that is no plain text: markup, escapes, wide and unseen characters."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace
from rooms import QUESTION, full
from story import EVENTS, GATES, JOBS, NOW, RUNS, Story, curve

from trainui.core.ingest.printed import Printed
from trainui.core.store.views import EventView, GpuView, MachineView

NASTY = [
    "[bold red]x[/]", "[/unclosed", "\x1b[2J\x1b[31mred\x1b[0m", "\x1b]0;owned\x07title", "\u202eright-to-left",
    "zero\u200bwidth\u200d\ufeff", "emoji 🔥👩‍👩‍👧 ❤️ 🇩🇪", "漢字かな交じり文", "x" * 300, "e\u0301 combining n\u0303",
    "tab\tand\r\nlines\x0b\x0c", "C1 \x9b31m \x85 \u2028", "half \ud800 pair", "‮‮‮", "ａｂｃ ﷽",
]  # fmt: skip
"""Each of them in the place of a name, a metric, a tag, a note, a quote, a line."""


def nasty(folder: Path) -> Story:
    """The full story, with those in every place that people or programs fill."""
    made = full(folder)
    name = {view.run: f"{text}-{n}" for n, (view, text) in enumerate(zip(RUNS, NASTY[2:], strict=False))}
    made.run_views = [
        replace(view, run=name[view.run], job=NASTY[5], study=NASTY[6], tags=tuple(NASTY[:8]), cause=NASTY[8] if view.cause else "",
                waits_for=NASTY[7] if view.waits_for else "", evidence=tuple(NASTY), parent=NASTY[1], gpus=(NASTY[7],),
                metric=replace(view.metric, name="漢字/[bold]\x1b[7m loss") if view.metric else None)
        for view in made.run_views
    ]  # fmt: skip
    first = next(iter(name.values()))
    made.points = {(name[run], "漢字/[bold]\x1b[7m loss" if metric == "val/mae" else f"{metric} {NASTY[6]}"): points
                   for (run, metric), points in made.points.items()}  # fmt: skip
    made.points |= {(first, text): curve(9, 1, 20) for text in NASTY}
    words = NASTY * 2
    made.gate_views = [
        replace(gate, run=first, gate=text, quote=words[n + 3], reason=words[n + 5], rule=words[n + 7], label=words[n + 1],
                metric="漢字/[bold]\x1b[7m loss", threshold=100.0 if n % 2 else None, action=words[n + 2])
        for n, (gate, text) in enumerate(zip([*GATES, QUESTION, *GATES], NASTY, strict=False))
    ]  # fmt: skip
    made.event_views = [
        EventView(id=n, at=NOW - 400 + n, run=first if n % 2 else "", kind=("note", "gate", "status", text)[n % 4], text=text)
        for n, text in enumerate(NASTY)
    ]  # fmt: skip
    made.log = list(NASTY)
    made.output = Printed(
        lines=tuple(f"{text} step {n} loss {n / 7:.3f}" for n, text in enumerate(NASTY)),
        understood=(False,) * len(NASTY),
    )
    made.params_by_run = {run: {text: words[n + 1] for n, text in enumerate(NASTY)} for run in name.values()}
    made.machine_view = MachineView(at=NOW, cpu=0.4, cores=4, memory_used=1, memory_total=2, disk_free=1 << 40,
                                    gpus=(GpuView(name=NASTY[2], uuid="x", utilisation=0.5, memory_used=1, memory_total=2,
                                                  temperature=None, watts=None),))  # fmt: skip
    made.budget_view = replace(made.budget_view, machine=NASTY[6], problem=NASTY[0] + NASTY[8])
    made.spent_views = {
        by: [replace(one, name=words[n]) for n, one in enumerate(rows)]
        for by, rows in made.spent_views.items()
    }
    made.jobs = lambda: [replace(JOBS[0], name=text, about=words[n + 1], presets=tuple(NASTY[:3]), params={t: t for t in NASTY[:4]})
                         for n, text in enumerate(NASTY)]  # fmt: skip
    log = folder / "output.log"
    log.write_text("".join(f"{text}\n" for text in NASTY), encoding="utf-8", errors="surrogatepass")
    assert EVENTS
    return made

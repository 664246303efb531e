"""The dashboard over live runs: what it sends, what it burns, and how soon a key shows its effect."""

from __future__ import annotations

import contextlib
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.eyes import Eyes
from tests.bench.frames import TRAINUI
from tests.bench.measure import Row, at, cpu_seconds, pss
from tests.bench.place import manager_pid
from tests.conftest import Cockpit, until
from tests.soak.place import make_project

SIZES = ((80, 24), (120, 36), (200, 55))
RATE = 5.0
"""Steps a second that each run logs: three metrics, and a line for people now and then."""
SECONDS = float(os.environ.get("BENCH_SCREEN_SECONDS", "20"))
"""How long is looked."""
TURNS = int(os.environ.get("BENCH_SCREEN_TURNS", "12"))
"""How often each key is pressed."""


@contextlib.contextmanager
def living(folder: Path, runs: int) -> Iterator[Cockpit]:
    """A project in which so many runs write."""
    cockpit = make_project(folder, slots=runs)
    try:
        cockpit.client.start_all(["soak"] * runs, params={"rate": str(RATE), "seconds": "3600"})
        reader = cockpit.reader()
        until(lambda: sum(view.status == "running" for view in reader.runs()) == runs)
        until(lambda: all(view.metric for view in reader.runs()))
        reader.close()
        yield cockpit
    finally:
        cockpit.clean_up()


def resting(folder: Path) -> Iterator[Row]:
    """Bytes a second and share of a core: with nothing live, and with four live runs, at three sizes."""
    with living(folder / "live", 4) as cockpit:
        with Eyes([TRAINUI], cwd=cockpit.project, size=SIZES[1]) as seen:  # the first one warms what can be
            seen.shows("soak-4")
            seen.rest(SECONDS / 2)
        for size in SIZES:
            for keys, where in (("", "overview"), ("\r", "run")):
                with Eyes([TRAINUI], cwd=cockpit.project, size=size) as seen:
                    seen.shows("soak-")
                    if keys:
                        seen.press(keys)
                        seen.until(lambda seen: "follow" in seen.text)
                    yield _cost(seen, f"4 live runs, {where} at {size[0]}x{size[1]}")
        share = cpu_seconds(manager_pid(cockpit))
        time.sleep(SECONDS / 2)
        share = (cpu_seconds(manager_pid(cockpit)) - share) / (SECONDS / 2)
        yield "  the manager meanwhile", f"{100 * share:.1f} % of a core", "–"
        project, db = cockpit.project, cockpit.db
        for view in cockpit.reader().runs():
            cockpit.client.stop(view.run, now=True)
        until(lambda: all(view.status == "ended" for view in cockpit.reader().runs()))
        for size in SIZES:
            with Eyes([TRAINUI, "--db", str(db)], cwd=project, size=size) as seen:
                seen.shows("soak-")
                yield _cost(seen, f"nothing live, overview at {size[0]}x{size[1]}")


def _cost(seen: Eyes, what: str) -> Row:
    seen.rest(6.0)  # past what opening it costs
    before, begun = cpu_seconds(seen.process.pid), time.perf_counter()
    sent = seen.rest(SECONDS)
    share = 100 * (cpu_seconds(seen.process.pid) - before) / (time.perf_counter() - begun)
    return what, f"{sent:,.0f} B/s, {share:.1f} % of a core, {pss(seen.process.pid):.0f} MiB", "–"


def _row_of_cursor(seen: Eyes) -> int | None:
    """The line that lies on another ground than the uppermost."""
    buffer = seen.screen.buffer
    rows = (y for y in range(seen.screen.lines) if buffer[y][3].bg != buffer[0][3].bg)
    return next(rows, None)


def _chart(seen: Eyes) -> str:
    """The metric of the first chart."""
    return next((line.split()[0] for line in seen.lines if "━1" in line), "")


def _ticks(seen: Eyes) -> str:
    """The numbers under the first charts."""
    below = next((y for y, line in enumerate(seen.lines) if "└" in line), 0) + 1
    return seen.lines[below] if below < len(seen.lines) else ""


def _has(sign: str) -> Callable[[Eyes], object]:
    return lambda seen: sign in seen.text


def _has_not(sign: str) -> Callable[[Eyes], object]:
    return lambda seen: sign not in seen.text


def _moved(look: Callable[[Eyes], object]) -> Callable[[Eyes], Callable[[Eyes], bool]]:
    def after(seen: Eyes) -> Callable[[Eyes], bool]:
        before = look(seen)
        return lambda now: look(now) != before

    return after


def _same(fact: Callable[[Eyes], object]) -> Callable[[Eyes], Callable[[Eyes], object]]:
    return lambda _: fact


PRESSES: tuple[tuple[str, str, Callable[[Eyes], Callable[[Eyes], object]]], ...] = (
    ("j", "j: the cursor moves", _moved(_row_of_cursor)),
    ("k", "k: and back", _moved(_row_of_cursor)),
    ("m", "m: another metric is drawn", _moved(_chart)),
    ("i", "i: zoomed in", _moved(_ticks)),
    ("0", "0: the whole curve", _moved(_ticks)),
    ("\r", "enter: a run", _same(_has("─curves"))),
    ("z", "z: a pane alone", _same(_has_not("gates"))),
    ("z", "z: all panes", _same(_has("gates"))),
    ("\x1b", "esc: back from it", _same(_has("start x"))),
    ("v", "v: compare", _same(_has("differences"))),
    ("\x1b", "esc: back from it", _same(_has("start x"))),
    ("/", "/: the filter opens", _same(_has("status:running"))),
    ("\x1b", "esc: it closes", _same(_has("start x"))),
    ("?", "?: help", _same(_has("┌─"))),
    ("\x1b", "esc: it closes", _same(_has_not("┌─"))),
    ("s", "s: the start dialog", _same(_has("┌─"))),
    ("\x1b", "esc: it closes", _same(_has_not("┌─"))),
)
"""A key, what it does in words, and from what stands there before to the fact that it did."""


def pressing(folder: Path) -> Iterator[Row]:
    """From the key to its effect on the screen, with four and with sixteen live runs."""
    for runs in (4, 16):
        with (
            living(folder / f"{runs}", runs) as cockpit,
            Eyes([TRAINUI], cwd=cockpit.project, size=(160, 45)) as seen,
        ):
            seen.shows("soak-1")
            seen.rest(8.0)
            taken: dict[str, list[tuple[float, float]]] = defaultdict(list)
            for _ in range(TURNS):
                for key, what, fact in PRESSES:
                    seen.rest(0.3 + 0.05 * (len(taken[what]) % 8))  # not in step with the drawing
                    is_done = fact(seen)
                    taken[what].append(_timed(seen, key, is_done))
        every = [one for what, some in taken.items() if what for one in some]
        yield f"key to screen, {runs} live runs, all keys", _spread(every), "–"
        for what, some in taken.items():
            if what:
                yield f"  {what}", _spread(some), "–"


def _timed(seen: Eyes, key: str, fact: Callable[[Eyes], object]) -> tuple[float, float]:
    """Seconds until the fact, and seconds of a core that the dashboard used for it: the machine may be busy."""
    used, pressed = cpu_seconds(seen.process.pid), seen.press(key)
    try:
        taken = seen.until(fact, 30.0) - pressed
        return taken, cpu_seconds(seen.process.pid) - used
    except TimeoutError as error:
        raise TimeoutError(f"after {key!r} {error}") from None


def _spread(taken: list[tuple[float, float]]) -> str:
    (p50, p95, most), (p50_cpu, p95_cpu) = (
        [at([one[which] for one in taken], share) * 1000 for share in shares]
        for which, shares in ((0, (0.5, 0.95, 1.0)), (1, (0.5, 0.95)))
    )
    told = f"p50 {p50:.0f} ms, p95 {p95:.0f} ms, max {most:.0f} ms of {len(taken)}"
    return f"{told}; of a core p50 {p50_cpu:.0f} ms, p95 {p95_cpu:.0f} ms"

"""`python -m tests.pictures gates`: one picture for each primitive of gates, judged by the judge itself."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from tests.gate_scenes import SCENES, Scene
from trainui.core.gates import Judge, Point, Verdict, parse_gates
from trainui.core.gates.drawing import drawing_of
from trainui.core.gates.gate import Gate
from trainui.core.gates.verdict import Notice
from trainui.ui.plot.axis import labels
from trainui.ui.plot.scale import Scale, ticks

WIDTH, TOP, LEFT, RIGHT, PLOT = 640, 62, 52, 14, 170
"""Pixels: of the picture, above the plot, beside it, and of the plot itself."""
HOUR = 3600.0
LINES, LONG = 2, 100
"""How many reasons are told below, and how long each may be."""
STYLE = """
svg{color-scheme:light dark;font:12px ui-sans-serif,system-ui,sans-serif}
.card{fill:#fbfbf9;stroke:#c3c7cc}.ink{fill:#1d2126}.dim{fill:#5f6670}.axis{stroke:#c3c7cc}
.c0{stroke:#0067a5}.c1{stroke:#a85800}.c2{stroke:#00775a}.t0{fill:#0067a5}.t1{fill:#a85800}.t2{fill:#00775a}
.gate{stroke:#5f6670;stroke-dasharray:5 4}.pending{fill:#d9dbd8}.ok{fill:#a9bccd}.warn{fill:#e9b44c}
.tripped,.failed{fill:#c8231a}.passed{fill:#0b7a4b}.unknown{fill:#b98ad0}
polyline{fill:none;stroke-width:1.8;stroke-linejoin:round}.word{fill:#11151a}.on-tripped,.on-failed,.on-passed{fill:#fff}.mono{font-family:ui-monospace,monospace}
@media(prefers-color-scheme:dark){.card{fill:#11151a;stroke:#39424e}.ink{fill:#d5dae1}.dim{fill:#9aa3b0}
.axis{stroke:#39424e}.c0{stroke:#56b4e9}.c1{stroke:#e69f00}.c2{stroke:#2fc79a}.t0{fill:#56b4e9}.t1{fill:#e69f00}
.t2{fill:#2fc79a}.gate{stroke:#a3abb8}.pending{fill:#2b333d}.ok{fill:#4d6479}.warn{fill:#f2b134}
.tripped,.failed{fill:#ff6b61}.passed{fill:#45c08a}.word{fill:#11151a}.on-pending,.on-ok{fill:#e6e9ee}}
"""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A scene, and what the judge said of its gates."""

    scene: Scene
    gates: tuple[Gate, ...]
    turns: tuple[Verdict, ...]
    """Each change of a verdict, in order."""
    last: float
    """The last epoch."""

    def of(self, gate: Gate) -> list[Verdict]:
        """The turns of one gate."""
        return [one for one in self.turns if one.gate == gate.id]


def judged(scene: Scene) -> Judged:
    """Tell the judge what the run told, in its order."""
    gates = parse_gates(scene.tables, goals=scene.goals)
    judge = Judge(gates)
    told: list[tuple[float, int, Any]] = [
        (epoch, 0, Point(metric=metric, step=epoch, epoch=epoch, value=value, at=epoch * HOUR))
        for metric, curve in scene.curves.items()
        for epoch, value in curve
    ]
    told += [
        (epoch, 1, Notice(kind="line", text=text, epoch=epoch, at=epoch * HOUR))
        for epoch, text in scene.lines
    ]
    told += [(epoch, 2, (yes, note)) for epoch, yes, note in scene.answers]
    changed = judge.notice(Notice(kind="output", epoch=0.0, at=0.0)) if scene.lines else []
    for epoch, kind, one in sorted(told, key=lambda each: each[:2]):
        if kind == 0:
            changed += judge.feed(one)
        elif kind == 1:
            changed += judge.notice(one)
        else:
            changed += judge.answer(gates[0].id, one[0], who="ann", note=one[1], at=epoch * HOUR)
    last = max(epoch for epoch, _, _ in told)
    changed += judge.end(result=scene.result, exit_code=scene.exit_code, at=last * HOUR)
    return Judged(scene=scene, gates=gates, turns=tuple(changed), last=last)


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Where epochs and values lie in the picture."""

    last: float
    low: float
    high: float

    def x(self, epoch: float) -> float:
        """Pixels from the left."""
        return round(LEFT + (WIDTH - LEFT - RIGHT) * max(0.0, epoch) / self.last, 1)

    def y(self, value: float) -> float:
        """Pixels from the top."""
        return round(TOP + PLOT * (self.high - value) / (self.high - self.low), 1)


def picture(scene: Scene) -> str:
    """The scene as SVG: its curves, what was written down, and below them where its gates stood."""
    told = judged(scene)
    heights = [value for curve in scene.curves.values() for _, value in curve if math.isfinite(value)]
    written = drawing_of(told.gates[0].text, told.gates[0].metric).curve
    heights += [gate.threshold for gate in told.gates if gate.threshold is not None] + [y for _, y in written]
    air = 0.06 * (max(heights) - min(heights))
    frame = Frame(last=told.last, low=min(heights) - air, high=max(heights) + air)
    gate = told.gates[0]
    reasons = [one for one in told.of(gate) if one.state not in ("ok", "pending")][-LINES:]
    ribbons = TOP + PLOT + 34
    height = ribbons + 20 * len(told.gates) + 18 * len(reasons) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
        f' role="img" aria-label="{escape(gate.id)}: {escape(gate.rule)}"><style>{STYLE.replace(chr(10), "")}</style>',
        f'<rect class="card" x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1}" rx="6"/>',
        _text(14, 24, f"{gate.id}  ({gate.role})", "ink", 'font-weight="600"'),
        _text(14, 43, gate.rule, "dim mono"),
        *_axes(frame),
        *_limits(told, frame, written),
        *_curves(scene, frame),
        *_happened(told, frame),
    ]
    for number, one in enumerate(told.gates):
        parts += _ribbon(told, one, frame, ribbons + 20 * number, is_named=len(told.gates) > 1)
    for number, turn in enumerate(reasons):
        at = f"epoch {turn.epoch:g}: " if turn.epoch is not None else ""
        says = f"{at}{turn.state}, {turn.reason}"
        says = says if len(says) <= LONG else says[: LONG - 1] + "…"
        parts.append(_text(14, ribbons + 20 * len(told.gates) + 16 + 18 * number, says, "dim"))
    return "".join(parts) + "</svg>\n"


def _text(x: float, y: float, text: str, words: str, more: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{words}" {more}>{escape(text)}</text>'


def _line(x0: float, y0: float, x1: float, y1: float, words: str) -> str:
    return f'<line x1="{x0:g}" y1="{y0:g}" x2="{x1:g}" y2="{y1:g}" class="{words}"/>'


def _axes(frame: Frame) -> list[str]:
    floor = TOP + PLOT
    parts = [_line(LEFT, TOP, LEFT, floor, "axis"), _line(LEFT, floor, WIDTH - RIGHT, floor, "axis")]
    values = ticks(Scale(low=frame.low, high=frame.high), 4)
    for value, text in zip(values, labels(values), strict=True):
        parts.append(_line(LEFT - 4, frame.y(value), LEFT, frame.y(value), "axis"))
        parts.append(_text(LEFT - 8, frame.y(value) + 4, text, "dim", 'text-anchor="end"'))
    for epoch in ticks(Scale(low=0, high=frame.last), 8):
        parts.append(_line(frame.x(epoch), floor, frame.x(epoch), floor + 4, "axis"))
        parts.append(_text(frame.x(epoch), floor + 18, f"{epoch:g}", "dim", 'text-anchor="middle"'))
    return parts


def _limits(told: Judged, frame: Frame, written: Sequence[tuple[float, float]]) -> list[str]:
    """The limits as dashed lines, and the curve that was written down."""
    parts = []
    for gate in told.gates:
        if gate.threshold is not None:
            y = frame.y(gate.threshold)
            parts.append(_line(LEFT, y, WIDTH - RIGHT, y, "gate"))
            parts.append(_text(WIDTH - RIGHT - 4, y - 5, f"{gate.threshold:g}", "dim", 'text-anchor="end"'))
    if written:
        points = " ".join(f"{frame.x(x):g},{frame.y(y):g}" for x, y in written)
        parts.append(f'<polyline class="gate" points="{points}"/>')
    return parts


def _curves(scene: Scene, frame: Frame) -> list[str]:
    """Each metric in its own colour with its name; a value that is no number breaks it and leaves a cross."""
    parts = []
    for number, (metric, curve) in enumerate(scene.curves.items()):
        pieces: list[list[str]] = [[]]
        for epoch, value in curve:
            if math.isfinite(value):
                pieces[-1].append(f"{frame.x(epoch):g},{frame.y(value):g}")
            else:
                pieces.append([])
                parts.append(_text(frame.x(epoch), TOP + PLOT - 4, "✖", "tripped", 'text-anchor="middle"'))
        parts += [f'<polyline class="c{number}" points="{" ".join(one)}"/>' for one in pieces if one]
        # the names stand above the plot, where no curve can run through them
        parts.append(
            _text(
                WIDTH - RIGHT - 4 - 84 * (len(scene.curves) - 1 - number),
                24,
                metric,
                f"t{number}",
                'text-anchor="end" font-weight="600"',
            )
        )
    return parts


def _happened(told: Judged, frame: Frame) -> list[str]:
    """Upright lines where its verdict came to something, and what it printed or was told."""
    parts = []
    for turn in told.of(told.gates[0]):
        if turn.state in ("tripped", "failed", "passed") and turn.epoch is not None:
            x = frame.x(turn.epoch)
            parts.append(
                f'<rect class="{turn.state}" x="{x - 0.6:g}" y="{TOP}" width="1.2" height="{PLOT}"/>'
            )
    return parts


def _ribbon(told: Judged, gate: Gate, frame: Frame, top: float, *, is_named: bool) -> list[str]:
    """Where a gate stood, along the epochs; a word where there is room for it."""
    turns = [(max(0.0, one.epoch or 0.0), str(one.state)) for one in told.of(gate)]
    stops = [(0.0, "pending"), *turns]
    parts = []
    for (epoch, state), (until, _) in zip(stops, [*turns, (told.last, "")], strict=True):
        # A verdict of the last moment is seen as well.
        x0, x1 = min(frame.x(epoch), frame.x(told.last) - 6), max(frame.x(until), frame.x(epoch))
        x1 = frame.x(told.last) if until >= told.last and state == stops[-1][1] else x1
        if x1 <= x0:
            continue
        parts.append(f'<rect class="{state}" x="{x0:g}" y="{top:g}" width="{x1 - x0:.1f}" height="14"/>')
        word = f"{gate.id} {state}" if is_named else state
        if x1 - x0 > 7 * len(word):
            parts.append(_text(x0 + 5, top + 11, word, f"word on-{state}", 'font-size="10.5"'))
    return parts


def write(folder: Path) -> list[Path]:
    """Write all of the pictures; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for scene in SCENES:
        path = folder / f"gate-{scene.primitive}.svg"
        path.write_text(picture(scene), encoding="utf-8")
        paths.append(path)
    return paths

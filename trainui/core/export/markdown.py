"""A summary as Markdown. What comes from specs and logs is escaped: it cannot become a heading or a link."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterable, Sequence
from datetime import datetime

from trainui.core.export.summary import Summary, Told
from trainui.core.ingest.text import strip_escapes

SIGNS = {"passed": "✔", "ok": "●", "warn": "▲", "tripped": "✖", "failed": "✖", "unknown": "?", "pending": "○"}


def as_markdown(summary: Summary, *, picture: str) -> str:
    """The whole summary; `picture` is the name of the curves' file, '' for none."""
    parts = [f"# {escape(summary.title)}", f"Written {_when(summary.written_at)}.", _comparison(summary)]
    if picture:
        parts.append(f"![curves]({picture})")
    parts += [_decisions(summary), _money(summary)]
    parts += [_run(told) for told in summary.runs]
    return "\n\n".join(part for part in parts if part)


def escape(text: str) -> str:
    """Text as Markdown shows it, whatever stands in it."""
    line = " ".join(strip_escapes(text).split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|#!~$])", r"\\\1", line)


def _fenced(lines: Sequence[str]) -> str:
    """Log lines as a block that none of them can close."""
    text = "\n".join(strip_escapes(line) for line in lines)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def _number(value: float | None, digits: int = 4) -> str:
    if value is None:
        return "–"
    return f"{value:.{digits}g}" if math.isfinite(value) else str(value)


def _when(at: float | None) -> str:
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S") if at else "–"


def _hours(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.2f} h"


def _comparison(summary: Summary) -> str:
    """One row per run: how it ended, its best, what it cost."""
    rows = []
    for told in summary.runs:
        view = told.view
        metric = view.metric
        ended = f"{view.result or view.status}" + (f": {escape(view.cause)}" if view.cause else "")
        name = escape(view.run) + (" **best**" if told is summary.best and len(summary.runs) > 1 else "")
        best = (
            f"{_number(metric.best)} at {_number(metric.best_step)}"
            if metric and metric.best is not None
            else "–"
        )
        rows.append(
            [name, ended, escape(metric.name) if metric else "–", best, _number(metric.last if metric else None),
             _hours(view.seconds), f"{view.gpu_hours:.3f}", f"{view.usd:.4f}", _lights(view.gates)]
        )  # fmt: skip
    head = ["run", "ended", "metric", "best (step)", "last", "took", "GPU-h", "$", "gates"]
    return "## Runs\n\n" + _table(head, rows)


def _lights(gates: object) -> str:
    counts = dict(gates) if isinstance(gates, dict) else {}
    return (
        " ".join(f"{SIGNS[verdict]} {count} {verdict}" for verdict, count in counts.items() if count) or "–"
    )


def _decisions(summary: Summary) -> str:
    """The gates that decide something, side by side; the same gate in several runs is one line."""
    rows: dict[str, dict[str, str]] = {}
    words: dict[str, tuple[str, str]] = {}
    for told in summary.runs:
        for gate in told.detail.gates:
            words.setdefault(gate.gate, (gate.quote, gate.rule))
            shown = f"{SIGNS[gate.verdict]} {gate.verdict}"
            value = f" ({_number(gate.value)})" if gate.value is not None else ""
            rows.setdefault(gate.gate, {})[told.view.run] = shown + value
    if not rows:
        return ""
    runs = [told.view.run for told in summary.runs]
    table = [
        [escape(gate), f"“{escape(words[gate][0])}”" if words[gate][0] else "", f"{escape(words[gate][1])}"]
        + [found.get(run, "") for run in runs]
        for gate, found in rows.items()
    ]
    return "## Gates\n\n" + _table(["gate", "says", "rule", *map(escape, runs)], table)


def _money(summary: Summary) -> str:
    budget = summary.budget
    total = sum(told.view.usd for told in summary.runs)
    lines = [
        f"These runs cost {total:.4f} $ on {escape(budget.machine or 'this machine')} at {budget.usd_per_hour} $/h."
    ]
    if budget.total_usd is not None and budget.left_usd is not None:
        lines.append(
            f"Of the budget of {budget.total_usd:.2f} $, {budget.spent_usd:.4f} $ are spent"
            f" (idle {budget.idle_usd:.4f} $) and {budget.left_usd:.4f} $ are left."
        )
    return "## Money\n\n" + "\n".join(lines)


def _run(told: Told) -> str:
    detail, view = told.detail, told.view
    ended = f"{view.result or view.status}" + (f": {escape(view.cause)}" if view.cause else "")
    parts = [f"## {escape(view.run)}", escape(detail.about)]
    facts = [
        ("ended", ended),
        ("started", _when(view.started_at)),
        ("ended at", _when(view.ended_at)),
        ("parent", escape(view.parent) if view.parent else "–"),
        ("command", _code(told.origin.get("command"))),
        ("commit", _commit(told.origin.get("git"))),
        ("params", escape(", ".join(f"{key}={value}" for key, value in detail.params.items()))),
        ("armed", "yes" if view.armed else "no"),
    ]
    parts.append(_table(["", ""], facts))
    if detail.metrics:
        rows = [
            [escape(one.metric), str(one.points), _number(one.last), _number(one.min), _number(one.max),
             str(one.nonfinite)]
            for one in detail.metrics
        ]  # fmt: skip
        parts.append(_table(["metric", "points", "last", "min", "max", "not finite"], rows))
    if detail.gates:
        rows = [
            [escape(one.gate), f"{SIGNS[one.verdict]} {one.verdict}", escape(one.reason), escape(one.action)]
            for one in detail.gates
        ]
        parts.append(_table(["gate", "verdict", "why", "action"], rows))
    if detail.checkpoints:
        newest = detail.checkpoints[-1]
        parts.append(f"{len(detail.checkpoints)} checkpoints, the newest {escape(newest.path)}.")
    parts += [f"Note of {_when(at)}: {escape(text)}" for at, text in told.notes]
    if view.result not in (None, "finished") and told.log:
        parts.append(_fenced(told.log))
    return "\n\n".join(part for part in parts if part)


def _code(command: object) -> str:
    return escape(shlex.join(map(str, command))) if isinstance(command, list) else "–"


def _commit(git: object) -> str:
    if not isinstance(git, dict) or not git.get("commit"):
        return "–"
    return f"{str(git['commit'])[:12]}{' with changes' if git.get('diff') else ''}"

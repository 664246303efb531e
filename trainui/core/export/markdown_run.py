"""One run as Markdown."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from trainui.core.export.markup import (
    code,
    escape,
    fenced,
    harmless,
    hours,
    number,
    quoted,
    size,
    table,
    when,
)
from trainui.core.export.model import RunDigest
from trainui.core.export.parts import Difference, EpochTable, Place
from trainui.core.export.verdicts import answer_table, gate_table, watch_table
from trainui.core.money.amounts import sign as sign_of

MOST_CHANGES = 30
MOST_CHECKPOINTS = 10
MOST_ALARMS = 10
LINES_OF_A_GOOD_END = 5


def run_part(run: RunDigest, currency: str) -> str:
    """All of a run under its own heading."""
    parts = [
        f"## {escape(run.run)}",
        escape(run.about),
        _facts(run, currency),
        _difference(run.difference),
        _metrics(run),
        epochs_part(run.epochs),
        _titled("Gates", gate_table(run.gates, currency), _alarms(run), answer_table(run.answers)),
        _titled("Seen by the default watch, which nobody wrote", watch_table(run.watched)),
        _remedies(run),
        _checkpoints(run),
        _titled("Notes", "\n".join(f"- {when(one.at)}: {escape(one.text)}" for one in run.notes)),
        _log(run),
    ]
    return "\n\n".join(part for part in parts if part)


def _titled(title: str, *parts: str) -> str:
    told = [part for part in parts if part]
    return "\n\n".join([f"### {title}", *told]) if told else ""


def _facts(run: RunDigest, currency: str) -> str:
    unit = escape(sign_of(currency))
    line = f" ({run.line_usd:.4f} {unit} with what it goes on from)" if len(run.lineage) > 1 else ""
    facts = [
        ("ended" if run.result else "stands", escape(run.ended)),
        ("evidence", "<br>".join(escape(one) for one in run.evidence)),
        ("started", when(run.started_at) if run.started_at else ""),
        (_end_is(run), when(run.ended_at) if run.ended_at else ""),
        ("took", hours(run.seconds) if run.started_at else ""),
        ("waits", escape(run.waits_for)),
        ("came to", _progress(run)),
        (
            "attempt",
            f"{run.attempt} of {escape(run.job)}" + (f" as {escape(run.alias)}" if run.alias else ""),
        ),
        ("goes on from", " → ".join(map(escape, run.lineage[:-1]))),
        ("followed by", ", ".join(map(escape, run.children))),
        ("try of remedy", escape(run.remedy_tried)),
        ("read from", code(run.imported_from, in_table=True)),
        ("command", code(shlex.join(run.command), in_table=True)),
        ("params", code(" ".join(f"{key}={value}" for key, value in run.params.items()), in_table=True)),
        ("commit", _commit(run)),
        ("machine", _machine(run)),
        ("used", _usage(run)),
        ("cost", "" if run.imported_from else f"{run.usd:.4f} {unit}, {run.gpu_hours:.3f} GPU-h{line}"),
        ("planned", _planned(run, unit)),
        ("armed", _armed(run)),
        ("tags", " ".join(code(one, in_table=True) for one in run.tags)),
        ("reported", _reported(run)),
    ]
    return table(["", ""], [[name, told] for name, told in facts if told])


def _end_is(run: RunDigest) -> str:
    return "written until" if run.imported_from and not run.started_at else "ended at"


def _armed(run: RunDigest) -> str:
    if run.imported_from:
        return ""
    return "yes" if run.armed else "no: gates told what they would have done"


def _progress(run: RunDigest) -> str:
    parts = []
    if run.epoch is not None:
        parts.append(
            f"epoch {number(run.epoch)}" + (f" of {number(run.total_epochs)}" if run.total_epochs else "")
        )
    if run.step is not None:
        parts.append(
            f"step {number(run.step)}" + (f" of {number(run.total_steps)}" if run.total_steps else "")
        )
    return ", ".join(parts)


def _commit(run: RunDigest) -> str:
    origin = run.origin
    if not origin.commit:
        return ""
    changed = (
        f", {origin.changed_files} file{'s' if origin.changed_files > 1 else ''} changed"
        if origin.is_dirty
        else ""
    )
    packages = f", {origin.packages} packages" if origin.packages else ""
    return f"{code(origin.commit[:12], in_table=True)}{changed}{packages}"


def _machine(run: RunDigest) -> str:
    origin = run.origin
    gpus = f"GPU {', '.join(origin.gpus)}" if origin.gpus else ""
    python = f"Python {origin.python}" if origin.python else ""
    return ", ".join(escape(one) for one in (origin.host, gpus, python, origin.system) if one)


def _usage(run: RunDigest) -> str:
    usage, parts = run.usage, []
    if usage.gpu_mean is not None:
        parts.append(f"GPU {usage.gpu_mean * 100:.0f} % on average")
    elif usage.why_no_gpu:
        parts.append(f"GPU unknown: {escape(usage.why_no_gpu)}")
    if usage.cpu_mean is not None:
        parts.append(f"{usage.cpu_mean:.1f} cores (at most {usage.cpu_max or 0:.1f})")
    if usage.peak_memory:
        parts.append(f"{size(usage.peak_memory)} memory at its peak")
    if usage.peak_gpu_memory:
        parts.append(f"{size(usage.peak_gpu_memory)} GPU memory at its peak")
    return ", ".join(parts)


def _planned(run: RunDigest, unit: str) -> str:
    units = {"usd": unit, "gpu_hours": "GPU-h", "wall_hours": "h"}
    told = []
    for one in run.planned:
        plan = number(one.low) if one.low == one.high else f"{number(one.low)}–{number(one.high)}"
        told.append(f"{plan} {units.get(one.what, escape(one.what))}, took {number(one.actual, 3)}")
    return "; ".join(told)


def _reported(run: RunDigest) -> str:
    """The plain numbers of what the job itself left in results.json."""
    plain = [
        f"{escape(key)} {number(value)}"
        for key, value in run.reported.items()
        if isinstance(value, int | float | str)
    ]
    return ", ".join(plain[:20])


def _difference(difference: Difference | None) -> str:
    if difference is None:
        return ""
    head = f"### Against {escape(difference.against)}, {escape(difference.why)}"
    if not difference.changes:
        return f"{head}\n\nNothing differs."
    rows = [
        [
            escape(one.name),
            "" if one.kind == "param" else escape(one.kind),
            number(one.before),
            number(one.after),
        ]
        for one in difference.changes[:MOST_CHANGES]
    ]
    more = len(difference.changes) - MOST_CHANGES
    return (
        f"{head}\n\n" + table(["", "", "before", "now"], rows) + (f"\n\nAnd {more} more." if more > 0 else "")
    )


def _metrics(run: RunDigest) -> str:
    rows = []
    for one in run.metrics:
        best = f"**{number(one.best.value)}** {place_text(one.best.place)}" if one.best else "–"
        low, high = (number(each.value) if each else "–" for each in (one.min, one.max))
        lost = ""
        if one.nonfinite:
            lost = f"{one.nonfinite}"
            lost += f", first {place_text(one.first_nonfinite)}" if one.first_nonfinite else ""
        rows.append(
            [
                escape(one.name),
                one.goal or "–",
                best,
                number(one.last),
                low,
                high,
                str(one.points),
                lost or "0",
            ]
        )
    head = ["metric", "goal", "best", "last", "min", "max", "points", "not finite"]
    return "### Metrics\n\n" + table(head, rows) if rows else ""


def place_text(place: Place) -> str:
    """`at epoch 12, step 1080`."""
    parts = [f"epoch {number(place.epoch)}"] if place.epoch is not None else []
    parts += [f"step {number(place.step)}"] if place.step is not None else []
    return "at " + ", ".join(parts) if parts else ""


def epochs_part(epochs: EpochTable) -> str:
    """The main metrics by epoch; '' where there is nothing."""
    if len(epochs.rows) < 2:
        return ""
    rows = [[number(row.epoch), *map(number, row.values)] for row in epochs.rows]
    some = f", {len(epochs.rows)} of {epochs.epochs}" if len(epochs.rows) < epochs.epochs else ""
    return f"### By {epochs.by}{some}\n\n" + table([epochs.by, *map(escape, epochs.metrics)], rows)


def _alarms(run: RunDigest) -> str:
    """What tripped before and stands otherwise by now: the table does not show it."""
    stands = {one.gate: (one.verdict, one.place.at) for one in (*run.gates, *run.watched)}
    past = [one for one in run.alarms if stands.get(one.gate) != (one.verdict, one.place.at)]
    told = [
        f"{escape(one.gate)} {escape(one.verdict)} {place_text(one.place)}".rstrip()
        for one in past[:MOST_ALARMS]
    ]
    more = f" and {len(past) - MOST_ALARMS} times more" if len(past) > MOST_ALARMS else ""
    return f"Before that: {'; '.join(told)}{more}." if told else ""


def _remedies(run: RunDigest) -> str:
    told = [one for one in run.remedies if one.state != "not needed"]
    rows = []
    for one in told:
        sets = ", ".join(f"{key}={value}" for key, value in one.sets.items())
        came = ""
        if one.child:
            verdict = {True: ", better", False: ", not better", None: ""}[one.was_better]
            best = f", best {number(one.child_best)}" if one.child_best is not None else ""
            came = f"{escape(one.child)} {escape(one.child_ended)}{best}{verdict}"
        elif one.state == "offered":
            came = code(one.text, in_table=True)
        else:
            came = escape(one.text)
        rows.append([escape(one.remedy) + (f"<br>{quoted(one.quote)}" if one.quote else ""), escape(one.on),
                     code(sets, in_table=True), one.state, came])  # fmt: skip
    return _titled("Remedies", table(["remedy", "for", "sets", "", "what came of it"], rows)) if rows else ""


def _checkpoints(run: RunDigest) -> str:
    if not run.checkpoints:
        return ""
    best = [one for one in run.checkpoints if one.is_best]
    shown = [one for one in run.checkpoints[-MOST_CHECKPOINTS:] if one not in best]
    rows = [
        [code(one.path, in_table=True) + (" **best**" if one.is_best else ""), place_text(one.place) or "–",
         f"{escape(one.metric)} {number(one.value)}" if one.value is not None else "–", when(one.place.at),
         "yes" if one.is_there else "no"]
        for one in [*best, *shown]
    ]  # fmt: skip
    left = len(run.checkpoints) - len(rows)
    more = f"\n\nAnd {left} before." if left else ""
    return _titled("Checkpoints", table(["file", "", "", "saved", "on disk"], rows) + more)


def _log(run: RunDigest) -> str:
    lines: Sequence[str] = run.log
    if run.result == "finished":
        lines = lines[-LINES_OF_A_GOOD_END:]
    return _titled("Last lines", fenced([harmless(line) for line in lines])) if any(lines) else ""

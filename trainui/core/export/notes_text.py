"""What trainui writes between the marks of a page of notes, in the manner of notes that people write by hand."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence

from trainui.core.export.markdown import BOXES, box_text, next_lines, result_table
from trainui.core.export.markdown_run import place_text
from trainui.core.export.markup import code, escape, fenced, hours, number, quoted, table, when
from trainui.core.export.model import RunDigest, StudyDigest
from trainui.core.export.parts import Change, Epoch, GateDigest
from trainui.core.export.verdicts import SIGNS
from trainui.core.money.amounts import sign as sign_of

FEW_EPOCHS = 12
FEW_LINES = 6
MOST_NEW = 8
SHOWN = 3
"""Metrics of an epoch that are told."""


def study_text(study: StudyDigest, runs: Sequence[RunDigest], currency: str) -> str:
    """How the study stands: its best run, its attempts in a table, its hypotheses and decisions, its cost."""
    unit = escape(sign_of(currency))
    parts = [escape(study.about), _best(study)]
    rows = [
        [str(place), escape(one.run), escape(one.ended), f"{escape(one.primary)} {number(one.best.value)}" if one.best
         else "–", place_text(one.best.place) if one.best else "–",
         "–" if one.imported_from else f"{one.usd:.2f} {unit}"]
        for place, one in enumerate(runs, 1)
    ]  # fmt: skip
    parts.append(table(["", "run", "ended", "best", "", "cost"], rows))
    parts += [f"**{escape(one.title)}**:\n\n{result_table(one)}" for one in study.tables]
    if study.hypotheses:
        lines = [
            f"- {escape(one.gate)}: {quoted(_words(one))} – {SIGNS.get(one.verdict, '')} {one.verdict}"
            + (f": {escape(one.reason)}" if one.reason else "")
            for one in study.hypotheses
        ]
        parts.append("**Hypotheses**:\n\n" + "\n".join(lines))
    if study.decisions:
        boxes = [f"- {BOXES[one.holds]} {box_text(one)} – {escape(one.verdict)}" for one in study.decisions]
        parts.append("**Decision gate**:\n\n" + "\n".join(boxes))
    planned = next((one for one in study.planned if one.what == "usd"), None)
    plan = f" of {number(planned.low)}–{number(planned.high)} {unit} planned" if planned else ""
    if not all(one.imported_from for one in runs):
        parts.append(f"**Cost**: {study.usd:.2f} {unit}{plan}, {study.gpu_hours:.2f} GPU-h")
    return "\n\n".join(part for part in parts if part)


def _best(study: StudyDigest) -> str:
    best = study.best
    if not best.run or best.best is None:
        return f"**Best**: {escape(best.rule)}"
    doubts = f"; but {'; '.join(escape(one) for one in best.doubts)}" if best.doubts else ""
    where = place_text(best.best.place)
    return f"**Best**: {escape(best.run)}, {number(best.best.value)} {where} – {escape(best.rule)}{doubts}"


def run_text(run: RunDigest, currency: str, *, several: bool) -> str:
    """One attempt. `several`: the study has runs of more than one job."""
    title = f"{escape(run.job)}, attempt {run.attempt}" if several else f"Attempt {run.attempt}"
    state = (run.result or run.status).upper()
    parts = [
        f"### {title}: {escape(run.run)} ({state})",
        _head(run),
        _results(run),
        _cause(run),
        _expected(run),
        _remedies(run),
        "\n".join(f"> {when(one.at)}: {escape(one.text)}" for one in run.notes),
        _cost(run, currency),
    ]
    return "\n\n".join(part for part in parts if part)


def _head(run: RunDigest) -> str:
    ended = ""
    if run.ended_at:
        came = [f"{number(run.epoch)} epoch{'' if run.epoch == 1 else 's'}"] if run.epoch is not None else []
        came += [hours(run.seconds)] if run.started_at else []
        ended = f"{when(run.ended_at)} ({', '.join([*came, escape(run.ended)])})"
    elif run.is_live:
        ended = f"not yet: {escape(run.ended)}" + (
            f" at epoch {number(run.epoch)}" if run.epoch is not None else ""
        )
    lines = [
        ("Read from", code(run.imported_from)),
        ("Command", code(shlex.join(run.command))),
        ("Configuration", code(" ".join(f"{key}={value}" for key, value in run.params.items()))),
        ("New", _new(run)),
        ("Started", when(run.started_at) if run.started_at else ""),
        (_how_told(run), ended),
        ("Waits for", escape(run.waits_for.removeprefix("waits for ")) if run.status == "queued" else ""),
    ]
    return "  \n".join(f"**{name}**: {told}" for name, told in lines if told)


def _how_told(run: RunDigest) -> str:
    if run.imported_from and not run.started_at:
        return "Written until"
    return "Completed" if run.is_live or run.result == "finished" else "Ended"


def _new(run: RunDigest) -> str:
    difference = run.difference
    if difference is None:
        return ""
    told = [_change(one) for one in difference.changes if one.kind not in ("package", "machine")]
    more = f" and {len(told) - MOST_NEW} more" if len(told) > MOST_NEW else ""
    what = ", ".join(told[:MOST_NEW]) + more if told else "nothing"
    return f"{what} (against {escape(difference.against)}, {escape(difference.why)})"


def _change(one: Change) -> str:
    name = escape(one.name)
    if one.kind == "gate":
        return f"gate {name}" + {"written": "", "edited": " edited"}.get(str(one.after), " gone")
    if one.before is None:
        return f"{name} {number(one.after)} (not there before)"
    return f"{name} {number(one.before)} → {number(one.after)}" if one.after is not None else f"no {name}"


def _results(run: RunDigest) -> str:
    lines = [_epoch(run, row) for row in _chosen(run)]
    if run.best is not None:
        lines.append(f"- Best: {escape(run.primary)} {number(run.best.value)} {place_text(run.best.place)}")
    for metric in run.metrics:
        if metric.first_nonfinite is not None:
            where = place_text(metric.first_nonfinite)
            lines.append(f"- {escape(metric.name)} is not finite {where}, {metric.nonfinite} times in all")
    kept = next((one for one in run.checkpoints if one.is_best), None) or next(
        iter(run.checkpoints[-1:]), None
    )
    if kept is not None:
        told = [place_text(kept.place).removeprefix("at ")]
        told += [f"{escape(kept.metric)} {number(kept.value)}"] if kept.value is not None else []
        gone = "" if kept.is_there else "; it is not on the disk any more"
        name = "Best checkpoint" if kept.is_best else "Last checkpoint"
        lines.append(f"- {name}: {code(kept.path)} ({', '.join(one for one in told if one)}{gone})")
    return "**Results**:\n\n" + "\n".join(lines) if lines else ""


def _chosen(run: RunDigest) -> list[Epoch]:
    """A few rows: the first, the last, the best, the first that is not finite, and some between."""
    rows = run.epochs.rows
    if len(rows) <= FEW_EPOCHS:
        return list(rows)
    best = run.best.place.epoch if run.best and run.epochs.by == "epoch" else None
    marked = {0, 1, len(rows) - 1}
    if best is not None:
        marked.add(next((n for n, row in enumerate(rows) if row.epoch >= best - 1e-9), 0))
    lost = (
        n
        for n, row in enumerate(rows)
        if any(one is not None and not math.isfinite(one) for one in row.values)
    )
    marked |= {next(lost, 0)}
    spare = FEW_EPOCHS - len(marked)
    marked |= {round(n * (len(rows) - 1) / (spare + 1)) for n in range(1, spare + 1)}
    return [rows[n] for n in sorted(marked)]


def _epoch(run: RunDigest, row: Epoch) -> str:
    table = run.epochs
    told = [
        f"{escape(name)} {number(value)}"
        for name, value in zip(table.metrics, row.values, strict=True)
        if value is not None
    ][:SHOWN]
    best = run.best.place if run.best else None
    is_best = (
        best is not None
        and table.by == "epoch"
        and best.epoch is not None
        and math.ceil(best.epoch) == row.epoch
    )
    return f"- {table.by.capitalize()} {number(row.epoch)}: {', '.join(told)}{' (best)' if is_best else ''}"


def _cause(run: RunDigest) -> str:
    """Why it ended as it did; of a run that finished nothing."""
    if not run.result or run.result == "finished":
        return ""
    lines = [f"**Root cause**: {escape(run.cause) or 'nobody knows'}"]
    lines += [f"- {escape(one)}" for one in run.evidence]
    told = [one for one in (*run.gates, *run.watched) if one.verdict in ("tripped", "failed") and one.reason]
    lines += [
        f"- gate {escape(one.gate)}: {escape(one.reason)}" for one in told if one.reason not in run.evidence
    ]
    parts = [lines[0] + ("\n\n" + "\n".join(lines[1:]) if lines[1:] else "")]
    if run.result in ("failed", "lost") and any(run.log):
        parts.append(fenced(run.log[-FEW_LINES:]))
    return "\n\n".join(parts)


def _expected(run: RunDigest) -> str:
    """What was written down before the run, and whether it came so."""
    told = [one for one in run.gates if one.role in ("criterion", "expect", "hypothesis", "preflight", "ask")]
    lines = [
        f"- {quoted(_words(one))} – {SIGNS.get(one.verdict, '')} {one.verdict}"
        + (f": {escape(one.reason)}" if one.reason else "")
        for one in told
    ]
    return "**Expected**:\n\n" + "\n".join(lines) if lines else ""


def _words(gate: GateDigest) -> str:
    return gate.quote or gate.rule.removeprefix("asks: ")


def _remedies(run: RunDigest) -> str:
    lines = []
    for one in run.remedies:
        if one.state == "tried":
            verdict = {True: ", better", False: ", not better", None: ""}[one.was_better]
            lines.append(
                f"- {escape(one.remedy)} was tried: {escape(one.child)} {escape(one.child_ended)}{verdict}"
            )
        elif one.state == "offered":
            lines.append(f"- {escape(one.remedy)} may be tried: {code(one.text)}")
        elif one.state == "advice":
            lines.append(f"- {escape(one.text)}")
    return "**Remedies**:\n\n" + "\n".join(lines) if lines else ""


def _cost(run: RunDigest, currency: str) -> str:
    if run.started_at is None or run.imported_from:
        return ""
    unit = escape(sign_of(currency))
    plan = next((one for one in run.planned if one.what == "usd"), None)
    of = f" of {number(plan.low)}–{number(plan.high)} {unit} planned" if plan else ""
    return f"**Cost**: {run.usd:.2f} {unit}{of}, {run.gpu_hours:.2f} GPU-h"


def next_text(study: StudyDigest) -> str:
    """What is to be done next."""
    return next_lines(study) or "Nothing is open."

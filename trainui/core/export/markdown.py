"""A summary as Markdown. What comes from specs and logs is escaped: it cannot become a heading or a link."""

from __future__ import annotations

import shlex

from trainui.core.export.markup import escape, fenced, hours, number, table, when
from trainui.core.export.summary import Summary, Told
from trainui.core.export.verdicts import SIGNS, gate_tables


def as_markdown(summary: Summary, *, picture: str) -> str:
    """The whole summary; `picture` is the name of the curves' file, '' for none."""
    parts = [f"# {escape(summary.title)}", f"Written {when(summary.written_at)}.", _comparison(summary)]
    if picture:
        parts.append(f"![curves]({picture})")
    parts += [_decisions(summary)]
    for study, (gates, outcomes) in summary.across.items():
        parts += [f"### Across {escape(study)}", *gate_tables(gates, outcomes)]
    parts.append(_money(summary))
    parts += [_run(told) for told in summary.runs]
    return "\n\n".join(part for part in parts if part)


def _comparison(summary: Summary) -> str:
    """One row per run: how it ended, its best, what it cost."""
    rows = []
    for told in summary.runs:
        view = told.view
        metric = view.metric
        ended = f"{view.result or view.status}" + (f": {escape(view.cause)}" if view.cause else "")
        name = escape(view.run) + (" **best**" if told is summary.best and len(summary.runs) > 1 else "")
        best = (
            f"{number(metric.best)} at {number(metric.best_step)}"
            if metric and metric.best is not None
            else "–"
        )
        rows.append(
            [name, ended, escape(metric.name) if metric else "–", best, number(metric.last if metric else None),
             hours(view.seconds), f"{view.gpu_hours:.3f}", f"{view.usd:.4f}", _lights(view.gates)]
        )  # fmt: skip
    head = ["run", "ended", "metric", "best (step)", "last", "took", "GPU-h", "$", "gates"]
    return "## Runs\n\n" + table(head, rows)


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
            if gate.is_default:
                continue  # what nobody wrote decides nothing
            words.setdefault(gate.gate, (gate.quote, gate.rule))
            shown = f"{SIGNS[gate.verdict]} {gate.verdict}"
            value = f" ({number(gate.value)})" if gate.value is not None else ""
            rows.setdefault(gate.gate, {})[told.view.run] = shown + value
    if not rows:
        return ""
    runs = [told.view.run for told in summary.runs]
    lines = [
        [escape(gate), f"“{escape(words[gate][0])}”" if words[gate][0] else "", f"{escape(words[gate][1])}"]
        + [found.get(run, "") for run in runs]
        for gate, found in rows.items()
    ]
    return "## Gates\n\n" + table(["gate", "says", "rule", *map(escape, runs)], lines)


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
        ("started", when(view.started_at)),
        ("ended at", when(view.ended_at)),
        ("parent", escape(view.parent) if view.parent else "–"),
        ("command", _code(told.origin.get("command"))),
        ("commit", _commit(told.origin.get("git"))),
        ("params", escape(", ".join(f"{key}={value}" for key, value in detail.params.items()))),
        ("armed", "yes" if view.armed else "no"),
    ]
    parts.append(table(["", ""], facts))
    if detail.metrics:
        rows = [
            [escape(one.metric), str(one.points), number(one.last), number(one.min), number(one.max),
             str(one.nonfinite)]
            for one in detail.metrics
        ]  # fmt: skip
        parts.append(table(["metric", "points", "last", "min", "max", "not finite"], rows))
    parts += gate_tables(detail.gates, told.outcomes)
    if detail.checkpoints:
        newest = detail.checkpoints[-1]
        parts.append(f"{len(detail.checkpoints)} checkpoints, the newest {escape(newest.path)}.")
    parts += [f"Note of {when(at)}: {escape(text)}" for at, text in told.notes]
    if view.result not in (None, "finished") and told.log:
        parts.append(fenced(told.log))
    return "\n\n".join(part for part in parts if part)


def _code(command: object) -> str:
    return escape(shlex.join(map(str, command))) if isinstance(command, list) else "–"


def _commit(git: object) -> str:
    if not isinstance(git, dict) or not git.get("commit"):
        return "–"
    return f"{str(git['commit'])[:12]}{' with changes' if git.get('diff') else ''}"

"""`summary.md`: what there is to tell, readable where Markdown is shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trainui.core.export.markdown_run import run_part
from trainui.core.export.markup import code, escape, hours, number, quoted, table, when, zone
from trainui.core.export.model import Decision, Digest, RunDigest, StudyDigest
from trainui.core.export.parts import CellDigest, GateDigest, PlannedDigest, TableDigest
from trainui.core.export.verdicts import SIGNS, answer_table, gate_table, name, sign
from trainui.core.export.whole import write_whole
from trainui.core.money.amounts import sign as sign_of
from trainui.core.store.read import Reader

SIDE_BY_SIDE = 6
"""Runs that stand in columns; more of them are rows."""
MOST_COLUMNS = 10
PICTURE = "training_curves.png"
PAGE = "summary.html"
UNITS = {"usd": "cost", "gpu_hours": "GPU hours", "wall_hours": "wall hours", "decision_points": "decisions"}
BOXES = {True: "[x]", False: "[ ]", None: "[ ]"}


def write(_reader: Reader, digest: Digest, folder: Path) -> list[Path]:
    """Write summary.md; pictures and pages that the same export wrote are shown in it."""
    return write_whole(folder / "summary.md", as_markdown(digest, beside=_fresh(folder, digest.written_at)))


def _fresh(folder: Path, since: float) -> list[str]:
    """Files of this export that are worth a link: those of an older one show something else."""
    paths = [folder / one for one in (PICTURE, PAGE)]
    return [one.name for one in paths if one.is_file() and one.stat().st_mtime >= since - 1]


def as_markdown(digest: Digest, *, beside: Sequence[str] = ()) -> str:
    """The whole summary; `beside` names the files that lie beside it."""
    many = len(digest.studies) > 1
    about = "" if many else "".join(escape(study.about) for study in digest.studies)
    parts = [f"# {escape(digest.title)}", about, _about(digest, beside), _runs(digest)]
    if PICTURE in beside:
        parts.append(f"![curves of the metrics]({PICTURE})")
    for study in digest.studies:
        parts.append(study_part(study, digest.currency, title=many))
    parts.append(_money(digest))
    parts += [run_part(one, digest.currency) for one in digest.runs]
    return "\n\n".join(part for part in parts if part) + "\n"


def _about(digest: Digest, beside: Sequence[str]) -> str:
    page = f" [The same to look into]({PAGE})." if PAGE in beside else ""
    live = sum(one.is_live for one in digest.runs)
    subject = (
        f"{live} runs are live: what is told of them" if live > 1 else "1 run is live: what is told of it"
    )
    so_far = f" {subject} is so far." if live else ""
    version = f" by trainui {escape(digest.trainui)}" if digest.trainui else ""
    return f"Written {when(digest.written_at)} {escape(zone(digest.written_at))}{version}.{so_far}{page}"


def _runs(digest: Digest) -> str:
    """One row per run: how it ended, its best, what it cost."""
    best = {study.best.run for study in digest.studies if len(study.runs) > 1}
    rows = []
    for one in digest.runs:
        metric = one.metric
        shown = "–"
        if one.best is not None:
            shown = f"{number(one.best.value)} at {_at(one)}"
        rows.append(
            [escape(one.run) + (" **best**" if one.run in best else ""), escape(one.ended),
             escape(one.primary) or "–", shown, number(metric.last if metric else None),
             hours(one.seconds) if one.started_at else "–",
             *(("–", "–") if one.imported_from else (f"{one.gpu_hours:.3f}", f"{one.usd:.4f}")), _lights(one.gates)]
        )  # fmt: skip
    head = [
        "run",
        "ended",
        "metric",
        "best",
        "last",
        "took",
        "GPU-h",
        escape(sign_of(digest.currency)),
        "gates",
    ]
    return "## Runs\n\n" + (table(head, rows) if rows else "None.")


def _at(run: RunDigest) -> str:
    place = run.best.place if run.best else None
    if place is None:
        return "–"
    parts = [f"epoch {number(place.epoch)}"] if place.epoch is not None else []
    return ", ".join([*parts, f"step {number(place.step)}"] if place.step is not None else parts) or "–"


def _lights(gates: Sequence[GateDigest]) -> str:
    counts = dict.fromkeys(SIGNS, 0)  # in the same order for every run
    for one in gates:
        counts[one.verdict] = counts.get(one.verdict, 0) + 1
    told = (f"{SIGNS.get(verdict, '?')} {count} {verdict}" for verdict, count in counts.items() if count)
    return " ".join(told) or "–"


def study_part(study: StudyDigest, currency: str, *, title: bool) -> str:
    """What a study says: the best of its runs, what differs, its hypotheses and decisions, what to do next. With a
    `title` also what it is about, which stands on top of a page that tells of one study alone."""
    parts = [f"## Study {escape(study.study)}\n\n{escape(study.about)}".rstrip() if title else ""]
    parts += [_best(study), *(f"### {escape(one.title)}\n\n{result_table(one)}" for one in study.tables)]
    parts.append(_comparison(study))
    if study.hypotheses:
        rows = [[name(one), sign(one), number(one.value), _why(one)] for one in study.hypotheses]
        parts.append("### Hypotheses\n\n" + table(["hypothesis", "verdict", "value", "why"], rows))
    if study.decisions:
        boxes = [
            f"- {BOXES[one.holds]} {box_text(one)} – {SIGNS.get(one.verdict, '')} {escape(one.verdict)}"
            + (f": {escape(one.told)}" if one.told else "")
            + f" ({escape(one.gate)})"
            for one in study.decisions
        ]
        parts.append("### Decision gate\n\n" + "\n".join(boxes))
    over = [one for one in study.gates if not one.is_replaced]
    if over:
        parts.append("### Gates over the study\n\n" + gate_table(over, currency))
    parts += [answer_table(study.answers), _plans(study, currency)]
    if told := next_lines(study):
        parts.append(f"### Next steps\n\n{told}")
    return "\n\n".join(part for part in parts if part)


def box_text(one: Decision) -> str:
    """What a box is about: a quote with the rule it was made into, as a quote may name what must not be."""
    return f"{quoted(one.text)} {escape(one.rule)}" if one.rule else escape(one.text)


def _why(gate: GateDigest) -> str:
    runs = ", ".join(f"{verdict} in {run}" for run, verdict in gate.runs.items())
    return escape("; ".join(part for part in (gate.reason, runs) if part))


def _best(study: StudyDigest) -> str:
    best = study.best
    if not best.run:
        return f"**Best run:** {escape(best.rule)}."
    value = f" with {number(best.best.value)}" if best.best else ""
    parts = [f"**Best run:** {escape(best.run)}{value}: {escape(best.rule)}."]
    parts += [f"But {'; '.join(map(escape, best.doubts))}."] if best.doubts else []
    return " ".join(parts)


def _comparison(study: StudyDigest) -> str:
    """What differs: runs side by side, or one under the other when they are many."""
    if not study.comparison:
        return ""
    told = [row for row in study.comparison if row.kind in ("param", "metric", "fact", "gate")]
    packages = len(study.comparison) - len(told)
    if len(study.compared) <= SIDE_BY_SIDE:
        rows = [[escape(row.name), *map(number, row.values)] for row in told]
        shown = table(["", *map(escape, study.compared)], rows)
    else:
        most = [row for row in told if row.kind != "gate"][:MOST_COLUMNS]
        lines = zip(study.compared, *(row.values for row in most), strict=True)
        shown = table(
            ["run", *(escape(row.name) for row in most)],
            [[escape(one[0]), *map(number, one[1:])] for one in lines],
        )
    notes = [f"{study.alike} params are alike in all." if study.alike else ""]
    notes.append(f"{packages} packages have different versions." if packages else "")
    return "### What differs\n\n" + shown + "".join(f"\n\n{note}" for note in notes if note)


def result_table(filled: TableDigest) -> str:
    """A table that the study file left to be filled in, and which runs its columns are of."""
    rows = [[escape(row.name), *map(_cell, row.cells)] for row in filled.rows]
    runs = zip(filled.columns, filled.runs, strict=False)  # the difference is of no run
    told = "; ".join(f"{escape(head)}: {escape(run) or 'no run yet'}" for head, run in runs)
    return table(["", *map(escape, filled.columns)], rows) + f"\n\n{told}"


def _cell(one: CellDigest) -> str:
    sign = f"{SIGNS.get(one.verdict, '?')} " if one.verdict else ""
    first = one.text[:1] if one.text[:1] in "+-" else ""  # of a number: within a row it begins no list
    return sign + first + escape(one.text[len(first) :])


def planned_table(planned: Sequence[PlannedDigest], currency: str) -> str:
    """What was estimated against what it took; '' where nothing was."""
    if not planned:
        return ""
    rows = []
    for one in planned:
        plan = f"{number(one.low)}–{number(one.high)}" if one.low != one.high else number(one.low)
        unit = f" ({escape(sign_of(currency))})" if one.what == "usd" else ""
        ratio = f"{one.ratio * 100:.0f} %" if one.ratio is not None else "–"
        rows.append([UNITS.get(one.what, one.what) + unit, plan, number(one.actual, 3), ratio])
    return table(["", "planned", "actual", "of the plan"], rows)


def _plans(study: StudyDigest, currency: str) -> str:
    """The estimate of the study, then those of its jobs, against what they took."""
    parts = [planned_table(study.planned, currency)]
    parts += [
        f"{escape(job)}:\n\n{planned_table(plan, currency)}"
        for job, plan in study.jobs_planned.items()
        if plan
    ]
    told = "\n\n".join(part for part in parts if part)
    return f"### Planned and actual\n\n{told}" if told else ""


def next_lines(study: StudyDigest) -> str:
    """What is to be done next, a numbered line each; '' for nothing."""
    return "\n".join(
        f"{place}. {escape(one.text)}" + (f" – {code(one.command)}" if one.command else "")
        for place, one in enumerate(study.next_steps, 1)
    )


def _money(digest: Digest) -> str:
    budget, unit = digest.budget, escape(sign_of(digest.currency))
    if digest.runs and all(one.imported_from for one in digest.runs):
        return ""  # nobody paid for them here
    total = sum(one.usd for one in digest.runs)
    lines = [
        f"These runs cost {total:.4f} {unit} on {escape(budget.machine or 'this machine')}"
        f" at {budget.usd_per_hour:g} {unit} an hour."
    ]
    if budget.total_usd is not None and budget.left_usd is not None:
        lines.append(
            f"Of the budget of {budget.total_usd:.2f} {unit}, {budget.spent_usd:.4f} {unit} are spent"
            f" (idle {budget.idle_usd:.4f} {unit}) and {budget.left_usd:.4f} {unit} are left."
        )
    return "## Money\n\n" + "\n".join(lines)

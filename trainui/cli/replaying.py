"""The verb that holds gates against runs that are over: replay."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import click

from trainui.cli.judging import counted, loud, where
from trainui.cli.place import Place, db_option
from trainui.cli.printing import duration, number, plain, print_json, shortened, table
from trainui.core.backtest.findings import Finding
from trainui.core.backtest.labels import Labels, Score, label_of, labels_in, read_labels, scores
from trainui.core.backtest.replay import Replayed, replay
from trainui.core.backtest.scripts import Script, script_of
from trainui.core.backtest.sources import Shelf
from trainui.core.backtest.studies import cast, replay_study
from trainui.core.backtest.tape import Tape, priced
from trainui.core.errors import NotFoundError, UserError, nearest
from trainui.core.export.plain import jsonable
from trainui.core.gates import DefaultWatch, Gate, Judge
from trainui.core.store.read import Reader
from trainui.core.store.schema import connect

SHOWN = 5
"""Runs that are named in one line."""


@click.command("replay")
@click.argument("spec", metavar="SPEC")
@click.argument("more", nargs=-1, metavar="")
@click.option(
    "--on", "sources", multiple=True, metavar="X...", help="Run, study, log or folder, or ALIAS=X; several."
)
@click.option(
    "--labels", metavar="FILE|NAME=LABEL,...", help="What is known of the runs: healthy, diverged, ..."
)
@click.option("--study", default="", metavar="NAME", help="Which study, of a file with several.")
@click.option(
    "--rate",
    type=click.FloatRange(min=0),
    metavar="USD",
    help="Per hour, of runs of which it is not known what they cost.",
)
@click.option("--watch/--no-watch", default=True, help="The default watch too, as every run has it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@db_option
def replay_command(
    place: Place,
    spec: str,
    more: tuple[str, ...],
    sources: tuple[str, ...],
    labels: str | None,
    study: str,
    rate: float | None,
    watch: bool,
    as_json: bool,
) -> None:
    """Hold the gates of SPEC against finished runs: what would have fired, when, and what it would have saved.

    SPEC is a job, a study, the file of one, or `default` for what is watched on every run without a gate. Nothing
    is stored. With --labels: how often each gate found what was bad, and how often it cried wolf.
    """
    words = [*sources, *more]
    if not words:
        raise UserError("nothing to replay on", hint="trainui replay SPEC --on RUN, or a log file")
    script = script_of(spec, project=lambda: place.project, study=study)
    shelf = shelf_of(place)
    parts = [part for word in words for part in _parts(shelf, word, script)]
    parts = _with_metrics(parts, script)
    if rate is not None:
        parts = [(alias, priced(tape, rate)) for alias, tape in parts]
    if script.plan is not None:
        parts = cast(script.plan, parts, otherwise=script.alias)
    done, across = _replay_all(script, parts, watch=watch)
    known = labels_for([tape for _, tape in parts], labels)
    findings = [*(finding for one in done for finding in one.findings), *across]
    scored = scores(findings, known) if known else []
    if as_json:
        listed = [finding_json(one) for one in findings]
        print_json({"gates": listed, "summary": [score_json(one) for one in scored]} if scored else listed)
    else:
        nothing = "the default watch saw nothing" if watch or not script.gates else "no gates"
        for nth, one in enumerate(done):
            _print_run(one, is_first=nth == 0, nothing=nothing)
        if across:
            click.echo(f"\n{across[0].run}: {counted(one.verdict for one in across)}")
            _print_findings(across)
        _print_scores(scored)
    _tell_unwritten(done, _judged(script, {alias for alias, _ in parts}))
    if labels and len(known) < len(done):
        without = [one.run for one in done if one.run not in known]
        click.echo(plain(f"trainui: no label for {some(without)}"), err=True)


Part = tuple[str, Tape]
"""(alias in a study, or nothing, the run)."""


def _parts(shelf: Shelf, word: str, script: Script) -> list[Part]:
    """The runs that one word names; before a sign of equality, what the study calls them."""
    alias, sign, name = word.partition("=")
    if script.plan is not None and sign and alias in script.plan.runs:
        return [(alias, tape) for tape in shelf.tapes(name, script.patterns)]
    return [("", tape) for tape in shelf.tapes(word, script.patterns)]


def _with_metrics(parts: Sequence[Part], script: Script) -> list[Part]:
    """Those that hold a metric; the others are named. Raises NotFoundError when there is none.

    Gates that look for printed lines can also be held against a log that tells no number.
    """
    hears = bool(Judge(script.gates).looks_for)
    kept = [(alias, tape) for alias, tape in parts if hears or next(tape.rows(), None) is not None]
    without = [tape.run for _, tape in parts if all(tape is not one for _, one in kept)]
    if not kept:
        hint = f"see what would be read: trainui parse {without[0]}" if len(without) == 1 else ""
        raise NotFoundError(
            f"{some(without)} {'holds' if len(without) == 1 else 'hold'} no metric", hint=hint
        )
    if without:
        click.echo(plain(f"trainui: {len(without)} without a metric: {some(without)}"), err=True)
    return kept


def _replay_all(
    script: Script, parts: Sequence[Part], *, watch: bool
) -> tuple[list[Replayed], list[Finding]]:
    """What was found within each run, and across them."""

    def watch_of(tape: Tape) -> DefaultWatch | None:
        return script.watch(tape.spec) if watch or not script.gates else None

    if script.plan is None:
        return [replay(tape, script.gates, watch_of(tape)) for _, tape in parts], []
    return replay_study(script.plan, parts, watch_of)


def shelf_of(place: Place) -> Shelf:
    """The runs of the project, where there is one: files can be judged without."""
    try:
        db = place.db
    except NotFoundError:
        return Shelf(None, None)
    if not db.exists():
        return Shelf(None, None)
    return Shelf(Reader(db), connect(db, reading=True))


def labels_for(tapes: Sequence[Tape], given: str | None) -> dict[str, tuple[str, ...]]:
    """The labels of each run: of the file or words `given`, else what its notes say. Raises UserError."""
    if given is None:
        by_note = {tape.run: labels_in(tape.notes) for tape in tapes}
        return {run: told for run, told in by_note.items() if told is not None}
    labels = _read_labels(given)
    told = {tape.run: label_of(tape.run, labels) for tape in tapes}
    known = {run: one for run, one in told.items() if one is not None}
    if not known:
        hint = f"the runs are {some(list(told))}"
        raise NotFoundError("none of the labels names one of the runs", hint=hint)
    return known


def _read_labels(given: str) -> Labels:
    path = Path(os.path.expanduser(given))
    if path.is_file():
        return read_labels(path.read_text(encoding="utf-8"))
    if "=" not in given:
        raise NotFoundError(f"{path} is not a file", hint="a CSV or JSON file, or name=label,name=label")
    return read_labels(given)


FINDING_FIELDS = (
    "gate", "role", "run", "verdict", "at_epoch", "at_step", "value", "reason", "action", "would_save_seconds",
    "would_save_usd", "would_save_share", "actions", "withheld", "label", "interval", "severity", "quote",
    "source", "rule", "digest", "is_default", "fired", "history",
)  # fmt: skip
"""Fields of a gate in `replay --json`; they are a contract: add, never take away."""


def finding_json(one: Finding) -> dict[str, Any]:
    """A finding as `replay --json` prints it."""
    return {name: jsonable(getattr(one, name)) for name in FINDING_FIELDS}


def score_json(one: Score) -> dict[str, Any]:
    """A gate's score as `replay --json` prints it."""
    labels = {name: {"found": found, "runs": runs} for name, (found, runs) in one.by_label.items()}
    return {**jsonable(one), "rate": one.rate, "by_label": labels}


def _print_run(one: Replayed, *, is_first: bool, nothing: str) -> None:
    long = f", {duration(one.told.seconds)}" if one.told.seconds else ""
    count = f"{one.told.points:,} points{long}"
    verdicts = counted(finding.verdict for finding in one.findings) if one.findings else nothing
    click.echo(f"{'' if is_first else chr(10)}{plain(one.run)} ({count}): {verdicts}")
    if one.findings:
        _print_findings(one.findings)


def _print_findings(findings: Sequence[Finding]) -> None:
    rows = [
        [
            f"  {one.gate}",
            loud(one.verdict),
            number(one.value),
            where(one.at_epoch, one.at_step),
            f"{one.reason} [{one.label}]" if one.label and one.label not in one.reason else one.reason,
            one.action or one.withheld,
            _saved(one),
        ]
        for one in findings
    ]
    table(["  gate", "verdict", "value", "at", "why", "action", "saved"], rows, right=(2,))


def _saved(finding: Finding) -> str:
    """`31.2 h, 40.10 $`, or `38 % of the points` where no time is known."""
    if finding.would_save_seconds is not None:
        money = f", {finding.would_save_usd:.2f} $" if finding.would_save_usd is not None else ""
        return f"{duration(finding.would_save_seconds)}{money}"
    return "" if finding.would_save_share is None else f"{finding.would_save_share:.0%} of the points"


def _print_scores(scored: Sequence[Score]) -> None:
    if not scored:
        return
    click.echo("\nover the labelled runs")
    rows = [
        [
            f"  {one.gate}",
            f"{len(one.found)} of {one.bad}",
            some(one.missed),
            f"{len(one.false_alarms)} of {one.healthy}",
            "–" if one.rate is None else f"{one.rate:.0%}",
            some(one.false_alarms),
            ", ".join(f"{label} {found}/{runs}" for label, (found, runs) in one.by_label.items()),
        ]
        for one in scored
    ]
    head = ["  gate", "found", "missed", "false alarms", "rate", "on", "by label"]
    table(head, rows, right=(1, 3, 4))


def some(names: Sequence[str]) -> str:
    """A few names, and how many more there are."""
    return ", ".join(map(plain, names[:SHOWN])) + (
        f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    )


def _judged(script: Script, given: Collection[str]) -> list[Gate]:
    """The gates that the runs that were `given`, by their aliases, could be judged by: of the others nobody writes."""
    plan = script.plan
    if plan is None:
        return list(script.gates)
    here = [gate for gate in script.gates if not set(plan.needs[gate.id]).isdisjoint(given)]
    return [gate for gate in here if gate.id in plan.homes or set(plan.needs[gate.id]) <= set(given)]


def _tell_unwritten(done: Sequence[Replayed], gates: Sequence[Gate]) -> None:
    """Say loudly of a gate that no run could be judged by that none writes its metric."""
    written = frozenset().union(*(one.metrics for one in done))
    for gate in gates:
        for metric in gate.params.metrics:
            if not metric.startswith("@") and written.isdisjoint(gate.names(metric)):
                hint = nearest(metric, written)
                text = f"trainui: gate {gate.id!r}: no run writes {metric} ({hint})"
                click.echo(shortened(plain(text)), err=True)

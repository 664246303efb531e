"""The verb that tells where the gates stand, and proposes new ones: gates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from trainui.cli.place import Place, db_option
from trainui.cli.printing import gate_json, number, plain, print_json, table
from trainui.core.errors import NotFoundError, UserError, nearest
from trainui.core.store.read import Reader
from trainui.core.store.rows import VERDICTS
from trainui.core.store.subjects import PREFIX as STUDY
from trainui.core.store.subjects import REPLACED
from trainui.core.store.views import GateView, RunView

SUGGEST = "suggest"
TOLD = ("passed", "failed", "tripped", "warn", "unknown", "ok", "pending")
"""The order of a summary: what is decided, then what is not."""


@click.command("gates")
@click.argument("names", nargs=-1, metavar="[RUN|JOB|STUDY]... | suggest RUN...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--all", "everything", is_flag=True, help="Of every run, not only of the newest of each job.")
@click.option("--labels", metavar="FILE|NAME=LABEL,...", help="With suggest: what is known of the runs.")
@db_option
def gates_command(
    place: Place, names: tuple[str, ...], as_json: bool, everything: bool, labels: str | None
) -> None:
    """Where the gates stand, of the newest runs or of those named, and why. Of a job the newest run is meant.

    `gates suggest RUN...` proposes gates from past runs (names, studies, log files), each as TOML with its rate of
    false alarms among them.
    """
    if names[:1] == (SUGGEST,):
        from trainui.cli.suggesting import propose

        propose(place, names[1:], labels=labels, as_json=as_json)
        return
    if labels is not None:
        raise click.UsageError("--labels goes with suggest")
    if not place.db.exists() and not names:
        print_json([]) if as_json else click.echo("no runs yet: trainui start JOB")
        return
    reader = place.reader()
    views = reader.runs()
    gates = _named(reader, views, names) if names else reader.gates()
    if as_json:
        saved = _dollars(reader, gates)
        print_json(
            [{**gate_json(gate), "would_save_usd": saved.get((gate.run, gate.gate))} for gate in gates]
        )
        return
    if not gates:
        raise NotFoundError("no gates are written down here", hint="a [[gate]] in a job's TOML adds one")
    if not everything:
        gates = [gate for gate in gates if not (gate.run.startswith(STUDY) and REPLACED in gate.gate)]
    shown = gates if names or everything else _newest(gates, views)
    _print(shown, reader)
    if len(shown) < len(gates):
        left = len({gate.run for gate in gates}) - len({gate.run for gate in shown})
        click.echo(f"\n{left} older run{'' if left == 1 else 's'}: --all")


def _dollars(reader: Reader, gates: Sequence[GateView]) -> dict[tuple[str, str], float]:
    """(run, gate) → US dollars that a stop saved, or would have saved."""
    return {
        (run, one.gate): one.would_save_usd
        for run in dict.fromkeys(gate.run for gate in gates)
        for one in reader.actions(run)
        if one.would_save_usd is not None
    }


def _named(reader: Reader, views: Sequence[RunView], names: Sequence[str]) -> list[GateView]:
    """The gates of runs and studies by their names, and of the newest run of a job. Raises NotFoundError."""
    gates: list[GateView] = []
    runs = {view.run for view in views}
    newest = {view.job: view.run for view in sorted(views, key=lambda view: view.queued_at)}
    across = [gate for gate in reader.gates() if gate.run.startswith(STUDY)]
    studies = {view.study for view in views} | {gate.run.removeprefix(STUDY) for gate in across}
    for name in names:
        study = name.removeprefix(STUDY)
        if name in runs:
            gates += reader.gates(name)
        elif name in newest and all(view.job == name for view in views if view.study == name):
            gates += [gate for gate in across if gate.run == STUDY + name] + reader.gates(newest[name])
        elif study in studies:
            gates += [gate for gate in across if gate.run == STUDY + study]
            for view in views:
                gates += reader.gates(view.run) if view.study == study else []
        else:
            hint = nearest(name, runs | studies | newest.keys()) or "see `trainui ls --all`"
            raise NotFoundError(f"there is no run, job or study {name!r}", hint=hint)
    return gates


def _newest(gates: Sequence[GateView], views: Sequence[RunView]) -> list[GateView]:
    """The gates of studies, of live runs and of the newest run of each job."""
    job = {view.run: view.job for view in views}
    newest: dict[str, str] = {}
    for view in sorted(views, key=lambda view: view.queued_at):
        newest[view.job] = view.run
    kept = {*newest.values(), *(view.run for view in views if view.is_live)}
    return [gate for gate in gates if gate.run in kept or gate.run not in job]


def _print(gates: Sequence[GateView], reader: Reader) -> None:
    """A table for each run or study, what its gates come to, what is offered, and what people are asked: of a run,
    where it is asked of runs."""
    of_runs = {gate.gate for gate in gates if not gate.run.startswith(STUDY)}
    for nth, run in enumerate(dict.fromkeys(gate.run for gate in gates)):
        own = [gate for gate in gates if gate.run == run]
        click.echo(f"{'' if nth == 0 else chr(10)}{plain(run)}: {counted(gate.verdict for gate in own)}")
        rows = [
            [
                f"  {gate.gate}",
                loud(gate.verdict),
                number(gate.value),
                where(gate.at_epoch, gate.at_step),
                gate.rule,
                f"{gate.reason}{f' → {gate.action}' if gate.action else ''}",
                f"“{gate.quote}”" if gate.quote else "",
            ]
            for gate in own
        ]
        table(["  gate", "verdict", "now", "since", "rule", "why", "says"], rows, right=(2,))
        for text in reader.offers(run):
            click.echo(f"  {plain(text)}")
        if any("never appeared" in gate.reason for gate in own) and (names := _written(reader, run)):
            click.echo(f"  it writes: {plain(', '.join(names))}")
        for gate in own:
            if gate.is_open_question and not (run.startswith(STUDY) and gate.gate in of_runs):
                name = plain(run.removeprefix(STUDY))
                click.echo(f"  answer: trainui answer {name} {plain(gate.gate)} yes|no")


def _written(reader: Reader, run: str) -> list[str]:
    """What the metrics of a run are called; nothing for a study."""
    return [] if run.startswith(STUDY) else [one.metric for one in reader.metrics(run)]


def counted(verdicts: Iterable[str]) -> str:
    """`3 passed, 1 failed, 4 unknown`."""
    listed = [str(one) for one in verdicts]
    assert set(listed) <= set(VERDICTS)
    return ", ".join(f"{listed.count(word)} {word}" for word in TOLD if word in listed) or "no gates"


def loud(verdict: str) -> str:
    """A verdict as a table shows it: what could not be judged is not to be overlooked."""
    return verdict.upper() if verdict in ("unknown", "failed", "tripped") else verdict


def where(epoch: float | None, step: float | None) -> str:
    """`epoch 5`, or `step 1200`, or – when neither is known."""
    if epoch is not None:
        return f"epoch {epoch:g}"
    return "–" if step is None else f"step {step:g}"


def refuse_nothing(names: Sequence[str], verb: str) -> None:
    """Raise UserError when no run is named."""
    if not names:
        raise UserError(f"{verb} needs at least one run", hint="names, studies or log files")

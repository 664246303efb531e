"""Verbs that only look: jobs, ls, show, logs, curve, gates, budget."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import click

from trainui.cli.place import Place, db_option
from trainui.cli.printing import (
    duration,
    gate_json,
    is_person,
    number,
    plain,
    print_json,
    run_json,
    table,
)
from trainui.core.errors import NotFoundError
from trainui.core.export.document import jsonable
from trainui.core.ingest.follow import open_regular
from trainui.core.ingest.text import strip_escapes, tail_lines
from trainui.core.run import Status
from trainui.core.store.intents import Desk
from trainui.core.store.read import Reader
from trainui.core.store.views import RunDetail, RunView

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")

A_DAY = 86400.0
FOLLOW = 0.2
"""Seconds between looks at a log that is followed."""


@click.command("jobs")
@json_option
@db_option
def jobs_command(place: Place, as_json: bool) -> None:
    """The specs found, and what is wrong with each that cannot run."""
    jobs = place.client().jobs()
    if as_json:
        print_json([{**jsonable(job), "path": str(job.path)} for job in jobs])
        return
    if not jobs:
        click.echo(f"no jobs yet: write one as {place.project / 'jobs' / 'NAME.toml'} (see README.md)")
        return
    rows = [[job.name, job.study, ", ".join(job.presets), job.problem or job.about] for job in jobs]
    table(["job", "study", "presets", "about, or what is wrong"], rows)


@click.command("ls")
@click.option("--all", "everything", is_flag=True, help="Every run, also those you have seen end.")
@json_option
@db_option
def ls_command(place: Place, everything: bool, as_json: bool) -> None:
    """What is live, waiting, or ended since you last looked."""
    if not place.db.exists():
        print_json([]) if as_json else click.echo("no runs yet: trainui start JOB")
        return
    reader = place.reader()
    last_look = reader.last_look("ls")
    since = last_look if last_look is not None else time.time() - A_DAY
    views = [view for view in reader.runs() if everything or _is_news(view, since)]
    if as_json:
        print_json([run_json(view) for view in views])
        return
    if views:
        _print_runs(views)
    else:
        click.echo(
            "nothing is live or new; --all shows every run"
            if reader.runs()
            else "no runs yet: trainui start JOB"
        )
    if is_person():
        desk = Desk(place.db)
        desk.looked("ls", time.time())
        desk.close()


def _is_news(view: RunView, since: float) -> bool:
    return view.status is not Status.ENDED or (view.ended_at or 0) >= since


def _print_runs(views: list[RunView]) -> None:
    rows = []
    for view in views:
        metric = view.metric
        gates = " ".join(f"{count} {verdict}" for verdict, count in view.gates.items() if count)
        state = f"{view.result}" if view.result else f"{view.status}"
        why = view.cause or (f"waits for {view.waits_for}" if view.waits_for else "")
        rows.append(
            [
                view.run,
                state,
                f"{view.progress:.0%}" if view.progress is not None else "–",
                duration(view.eta_seconds) if view.is_live else duration(view.seconds),
                f"{metric.name} {number(metric.last)}" if metric else "–",
                number(metric.best) if metric else "–",
                f"{view.usd:.4f}",
                gates,
                why,
            ]
        )
    table(
        ["run", "state", "done", "eta/took", "metric", "best", "$", "gates", "why"], rows, right=(2, 3, 5, 6)
    )


@click.command("show")
@click.argument("run")
@json_option
@db_option
def show_command(place: Place, run: str, as_json: bool) -> None:
    """Everything about one run, with the end of its log."""
    reader = place.reader()
    detail = reader.detail(run)
    lines = _log_end(reader, run, 50)
    notes = reader.notes(run)
    if as_json:
        print_json(
            {
                **run_json(detail.view),
                "about": detail.about,
                "command": detail.command,
                "params": detail.params,
                "metrics": detail.metrics,
                "gates_detail": [gate_json(gate) for gate in detail.gates],
                "checkpoints": detail.checkpoints,
                "events": detail.events,
                "notes": [{"at": at, "text": text} for at, text in notes],
                "log": lines,
                "lines": detail.lines_read,
                "understood": detail.lines_understood,
            }
        )
        return
    _print_detail(detail)
    for at, text in notes:
        click.echo(f"note {_when(at)}  {plain(text)}")
    click.echo("\nlast lines of output.log")
    for line in lines:
        click.echo(f"  {line}")


def _print_detail(detail: RunDetail) -> None:
    view = detail.view
    state = f"{view.result}: {view.cause}" if view.cause else str(view.result or view.status)
    click.echo(f"{view.run}  {plain(state)}{'  armed' if view.armed else ''}")
    if detail.about:
        click.echo(plain(detail.about))
    facts = [
        ("job, study", f"{view.job}, {view.study}"),
        ("parent", view.parent or "–"),
        ("took", duration(view.seconds)),
        ("cost", f"{view.usd:.4f} $, {view.gpu_hours:.4f} GPU-h"),
        ("directory", view.directory),
        ("command", " ".join(detail.command)),
        ("params", "  ".join(f"{key}={value}" for key, value in detail.params.items())),
        ("lines read", f"{detail.lines_read}, {detail.lines_understood} with metrics"),
    ]
    for name, value in facts:
        click.echo(f"  {name:<11}{plain(value)}")
    if detail.metrics:
        click.echo("")
        rows = [
            [
                one.metric,
                str(one.points),
                number(one.last),
                number(one.min),
                number(one.max),
                str(one.nonfinite),
            ]
            for one in detail.metrics
        ]
        table(["metric", "points", "last", "min", "max", "not finite"], rows, right=(1, 2, 3, 4, 5))
    if detail.gates:
        click.echo("")
        rows = [
            [one.gate, one.verdict, one.rule, number(one.value), one.reason, one.action]
            for one in detail.gates
        ]
        table(["gate", "verdict", "rule", "value", "why", "action"], rows, right=(3,))
    if detail.events:
        click.echo("")
        for event in detail.events[-20:]:
            click.echo(f"  {_when(event.at)}  {event.kind:<10} {plain(event.text)}")


def _when(at: float) -> str:
    return datetime.fromtimestamp(at).strftime("%m-%d %H:%M:%S")


def _log_end(reader: Reader, run: str, lines: int) -> list[str]:
    return tail_lines(Path(reader.run(run).directory) / "output.log", lines)


@click.command("logs")
@click.argument("run")
@click.option("-f", "--follow", is_flag=True, help="Go on as the run writes, until it ends.")
@click.option(
    "-n", "--lines", default=200, show_default=True, help="How many of the last lines to begin with."
)
@db_option
def logs_command(place: Place, run: str, follow: bool, lines: int) -> None:
    """What a run printed."""
    reader = place.reader()
    path = Path(reader.run(run).directory) / "output.log"
    start = path.stat().st_size if path.exists() else 0
    for line in tail_lines(path, lines):
        click.echo(line)
    while follow:
        has_ended = reader.run(run).status is Status.ENDED
        file = open_regular(path)
        if file is not None:
            with file:
                file.seek(start)
                while piece := file.read(1 << 16):
                    start += len(piece)
                    text = strip_escapes(piece.decode("utf-8", "replace").replace("\r", "\n"))
                    click.echo(text, nl=False)
        if has_ended:
            return
        time.sleep(FOLLOW)


@click.command("curve")
@click.argument("run")
@click.argument("metric")
@json_option
@db_option
def curve_command(place: Place, run: str, metric: str, as_json: bool) -> None:
    """Every point of one metric."""
    points = place.reader().curve(run, metric)
    if as_json:
        print_json(
            {"run": run, "metric": metric, "points": [[one.step, one.value, one.at] for one in points]}
        )
        return
    table(
        ["step", "epoch", metric],
        [[str(p.step), number(p.epoch), number(p.value, 6)] for p in points],
        right=(0, 1, 2),
    )


@click.command("gates")
@click.argument("run", required=False)
@json_option
@db_option
def gates_command(place: Place, run: str | None, as_json: bool) -> None:
    """Where the gates stand, of one run or of all."""
    if not place.db.exists() and run is None:
        print_json([]) if as_json else click.echo("no runs yet: trainui start JOB")
        return
    reader = place.reader()
    if run is not None:
        reader.run(run)
    gates = reader.gates(run)
    if as_json:
        print_json([gate_json(gate) for gate in gates])
        return
    if not gates:
        raise NotFoundError("no gates are written down here", hint="a [[gate]] in a job's TOML adds one")
    rows = [
        [one.run, one.gate, one.verdict, one.quote, one.rule, number(one.value), one.reason] for one in gates
    ]
    table(["run", "gate", "verdict", "says", "rule", "now", "why"], rows, right=(5,))


@click.command("budget")
@json_option
@db_option
def budget_command(place: Place, as_json: bool) -> None:
    """What was spent, what is held, what is left and how long it lasts."""
    reader = place.reader()
    view = reader.budget()
    runs = [run for run in reader.runs() if run.usd or run.gpu_hours]
    if as_json:
        shares = [
            {"run": run.run, "job": run.job, "usd": run.usd, "gpu_hours": run.gpu_hours} for run in runs
        ]
        print_json({**jsonable(view), "runs": shares})
        return
    total = "no budget set (trainui.toml, [budget] total_usd)"
    if view.total_usd is not None and view.left_usd is not None:
        until = datetime.fromtimestamp(view.lasts_until).strftime("%m-%d %H:%M") if view.lasts_until else "–"
        left = f"{view.left_usd:.4f} $ left of {view.total_usd:.2f} $"
        total = f"{left}, reserve {view.reserve_usd:.2f} $, lasts until {until}"
    click.echo(f"{view.machine or 'this machine'}  {view.usd_per_hour:.4f} $/h  {total}")
    click.echo(f"spent {view.spent_usd:.4f} $ (idle {view.idle_usd:.4f} $), held {view.held_usd:.4f} $")
    if runs:
        rows = [[run.run, f"{run.usd:.6f}", f"{run.gpu_hours:.4f}", duration(run.seconds)] for run in runs]
        table(["run", "$", "GPU-h", "took"], rows, right=(1, 2, 3))

"""Verbs that look at one run: show, logs, curve."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from trainui.cli.expecting import forecast_json, print_expected
from trainui.cli.foreseeing import cost_json
from trainui.cli.place import Place, db_option
from trainui.cli.printing import duration, gate_json, number, plain, print_json, run_json, size, table, why
from trainui.core.costing import AXES, TAKEN, run_costs, x_of
from trainui.core.ingest.follow import open_regular
from trainui.core.ingest.text import strip_escapes, tail_lines
from trainui.core.prospects import prospects
from trainui.core.run import Status
from trainui.core.store.read import Reader
from trainui.core.store.views import RunDetail, RunView, UsageView

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")

FOLLOW = 0.2
"""Seconds between looks at a log that is followed."""


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
    expected = prospects(reader, detail.view, detail.gates)
    cost = run_costs(reader, only={run})[run]
    currency = reader.budget().currency
    if as_json:
        print_json(
            {
                **run_json(detail.view),
                **cost_json(cost, currency),
                "about": detail.about,
                "command": detail.command,
                "params": detail.params,
                "metrics": detail.metrics,
                "gates_detail": [gate_json(gate) for gate in detail.gates],
                "forecast": {one.metric: forecast_json(detail.view, one) for one in expected},
                "checkpoints": detail.checkpoints,
                "events": detail.events,
                "notes": [{"at": at, "text": text} for at, text in notes],
                "log": lines,
                "usage": detail.usage,
                "lines": detail.lines_read,
                "understood": detail.lines_understood,
            }
        )
        return
    _print_detail(detail, reader.offers(run), cost.text(now=time.time(), currency=currency))
    print_expected(detail.view, expected)
    for at, text in notes:
        click.echo(f"note {when(at)}  {plain(text)}")
    click.echo("\nlast lines of output.log")
    for line in lines:
        click.echo(f"  {line}")


def _print_detail(detail: RunDetail, offers: Sequence[str], to_come: str) -> None:
    view = detail.view
    told = why(view)
    state = f"{view.result or view.status}" + (f": {told}" if told else "")
    click.echo(f"{view.run}  {plain(state)}{'  armed' if view.armed else ''}")
    for sentence in view.evidence:
        click.echo(f"  {plain(sentence)}")
    if detail.about:
        click.echo(plain(detail.about))
    facts = [
        ("job, study", f"{view.job}, {view.study}"),
        ("parent", view.parent or "–"),
        ("tags", " ".join(view.tags) or "–"),
        ("took", duration(view.seconds or None)),
        ("cost", f"{view.usd:.4f} $, {view.gpu_hours:.4f} GPU-h" + (f"; {to_come}" if to_come else "")),
        ("directory", view.directory),
        ("command", " ".join(detail.command)),
        ("params", "  ".join(f"{key}={value}" for key, value in detail.params.items())),
        ("uses", _usage(detail.usage, view)),
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
        for text in offers:
            click.echo(f"  {plain(text)}")
    told_above = {
        f"{one.gate} {one.verdict}: {one.reason}" for one in detail.gates if one.verdict == "unknown"
    }
    if events := [event for event in detail.events if event.text not in told_above]:
        click.echo("")
        for event in events[-20:]:
            click.echo(f"  {when(event.at)}  {event.kind:<10} {plain(event.text)}")


def _usage(now: UsageView | None, view: RunView) -> str:
    """What its processes use now, or used at their peak."""
    peaks = f"{size(view.peak_memory)} of memory" if view.peak_memory else "–"
    if view.peak_gpu_memory:
        peaks += f", {size(view.peak_gpu_memory)} of GPU memory"
    if now is None:
        return f"at most {peaks}" if view.peak_memory else "–"
    cpu = "" if now.cpu is None else f"{now.cpu:.2f} cores, "
    processes = f"{now.processes} process{'' if now.processes == 1 else 'es'}"
    text = f"{cpu}{size(now.memory)} of memory in {processes} (at most {peaks})"
    gpu = f", GPU memory {size(now.gpu_memory)}" if now.gpu_memory is not None else ""
    gpu += f", GPU {now.gpu:.0%}" if now.gpu is not None else ""
    return f"{text}{gpu}" + (f", no GPU data: {now.why_no_gpu}" if now.why_no_gpu else "")


def when(at: float) -> str:
    """A past moment, to the second."""
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
                if file.seek(0, os.SEEK_END) < start:
                    start = 0  # it was truncated
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
@click.option("--x", "axis", type=click.Choice(AXES), default="step", help="What the curve is told over.")
@json_option
@db_option
def curve_command(place: Place, run: str, metric: str, axis: str, as_json: bool) -> None:
    """Every point of one metric."""
    reader = place.reader()
    points = reader.curve(run, metric)
    xs = x_of(points, axis, reader.course(reader.run(run)) if axis in TAKEN else ())
    if as_json:
        chain = [[one.run, one.begun] for one in reader.chain(run, metric)]
        print_json(
            {
                "run": run,
                "metric": metric,
                "x": axis,
                "points": [[x, one.value, one.at] for x, one in zip(xs, points, strict=True)],
                "segments": [n for n in reader.segments(run, metric) if n < len(points)],
                "chain": chain,
            }
        )
        return
    head = ["step", "epoch", metric]
    rows = [[str(p.step), number(p.epoch), number(p.value, 6)] for p in points]
    if axis not in ("step", "epoch"):
        digits = 12 if axis == "wall" else 6
        head, rows = [axis, *head], [[number(x, digits), *row] for x, row in zip(xs, rows, strict=True)]
    table(head, rows, right=range(len(head)))

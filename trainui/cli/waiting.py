"""Waiting for runs with progress: bars on a terminal, a line now and then otherwise."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from trainui.cli.place import Place
from trainui.cli.printing import duration, number, plain
from trainui.core.run import Result, Status
from trainui.core.store.read import Reader
from trainui.core.store.views import RunView

LOOK = 0.3
"""Seconds between looks."""
SAY = 15.0
"""Seconds between lines when nobody watches a bar."""


def wait_for(place: Place, names: Sequence[str]) -> bool:
    """Wait until all runs ended; whether every one finished and no criterion failed. Draws on stderr.

    A run that is tried again by itself is followed to the last of its line, which is the one that counts.
    """
    reader = place.reader()
    views = _draw(place, reader, names) if sys.stderr.isatty() else _say(place, reader, names)
    known = {view.run: view for view in reader.runs()}
    for name in names:
        for one in _line_of(name, known)[:-1]:
            click.echo(ended_line(known[one], ()), err=True)
    is_fine = True
    for view in views:
        failed = [
            gate.gate
            for gate in reader.gates(view.run)
            if gate.role == "criterion" and gate.severity != "info" and gate.verdict == "failed"
        ]
        if view.result is not Result.FINISHED or failed:
            is_fine = False
        click.echo(ended_line(view, failed), err=True)
    return is_fine


def ended_line(view: RunView, failed: Sequence[str]) -> str:
    """How a run ended, in one line."""
    metric = f", best {plain(view.metric.name)} {number(view.metric.best)}" if view.metric else ""
    gates = f", criteria failed: {', '.join(failed)}" if failed else ""
    why = f" ({plain(view.cause)})" if view.cause else ""
    took = f"after {duration(view.seconds)}{metric}"
    return f"{view.run}: {view.result}{why} {took}, {view.usd:.4f} ${gates}"


def _views(place: Place, reader: Reader, names: Sequence[str]) -> list[RunView]:
    """The runs now, each the last of its line; whoever waits also keeps a manager alive for them."""
    place.client().ensure_manager()
    known = {view.run: view for view in reader.runs()}
    return [known[_line_of(name, known)[-1]] for name in names]


def _line_of(name: str, known: Mapping[str, RunView]) -> list[str]:
    """A run and those that were queued after it as its next try."""
    children = {view.parent: view.run for view in known.values() if view.parent}
    line = [name]
    while known[line[-1]].status is Status.ENDED and line[-1] in children:
        line.append(children[line[-1]])
    return line


def _text(view: RunView) -> str:
    metric = f"{plain(view.metric.name)} {number(view.metric.last)}" if view.metric else ""
    state = f"waits for {view.waits_for}" if view.waits_for else str(view.result or view.status)
    return f"{state}  {metric}"


def _draw(place: Place, reader: Reader, names: Sequence[str]) -> list[RunView]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[text]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), refresh_per_second=4) as bars:
        ids: list[TaskID] = [bars.add_task(name, total=1.0, text="") for name in names]
        while True:
            views = _views(place, reader, names)
            for bar, view in zip(ids, views, strict=True):
                bars.update(bar, description=view.run, completed=view.progress or 0.0, text=_text(view))
            if all(view.status is Status.ENDED for view in views):
                return views
            time.sleep(LOOK)


def _say(place: Place, reader: Reader, names: Sequence[str]) -> list[RunView]:
    next_line = 0.0
    while True:
        views = _views(place, reader, names)
        has_ended = all(view.status is Status.ENDED for view in views)
        if has_ended or time.monotonic() >= next_line:
            next_line = time.monotonic() + SAY
            click.echo(progress_line(views), err=True)
        if has_ended:
            return views
        time.sleep(LOOK)


def progress_line(views: Sequence[RunView]) -> str:
    """Where the runs are, in one line; those that wait are only counted."""
    parts = []
    for view in views:
        if view.status is Status.QUEUED:
            continue
        is_counting = view.is_live and view.progress is not None
        where = f"{view.progress:.0%}" if is_counting else str(view.result or view.status)
        metric = view.metric if view.metric and view.metric.last is not None else None
        parts.append(
            f"{view.run} {where}" + (f" {plain(metric.name)} {number(metric.last)}" if metric else "")
        )
    waiting = sum(view.status is Status.QUEUED for view in views)
    return " | ".join([*parts, *([f"{waiting} waiting"] if waiting else [])])

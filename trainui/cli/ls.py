"""ls: what is live, waiting or new, or what a filter picks; once, or again whenever it changes."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import click

from trainui.cli.foreseeing import cost_json
from trainui.cli.place import Place, db_option
from trainui.cli.printing import (
    duration,
    is_person,
    number,
    plain,
    print_json,
    run_json,
    shortened,
    table,
    why,
)
from trainui.core.costing import run_costs
from trainui.core.errors import UserError, nearest
from trainui.core.filter.runs import run_filter, values_of
from trainui.core.money.amounts import sign
from trainui.core.run import Status
from trainui.core.store.intents import Desk
from trainui.core.store.read import Reader
from trainui.core.store.subjects import PREFIX as STUDY
from trainui.core.store.views import RunView

A_DAY = 86400.0
PAUSE = "2"
"""Seconds between the looks of --watch, as they are typed."""
CLEAR = "\x1b[H\x1b[2J\x1b[3J"


def _seconds(_ctx: click.Context, _param: click.Parameter, given: str | None) -> float | None:
    """Seconds of `--watch [SECONDS]`; a word of the filter that came after it is told."""
    if given is None:
        return None
    try:
        seconds = float(given)
    except ValueError:
        raise UserError(
            f"--watch takes seconds, and {given!r} are none",
            hint=f"the filter goes first: trainui ls {given} --watch",
        ) from None
    if not 0.1 <= seconds <= A_DAY:
        raise UserError("--watch takes 0.1 seconds to a day")
    return seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Which runs are listed, and how."""

    words: str
    """A filter; with one, every run is looked at."""
    everything: bool
    as_json: bool
    since: float
    """Unix seconds; runs that ended before are no news."""

    def of(self, reader: Reader, runs: Sequence[RunView]) -> list[RunView]:
        """The runs that are chosen. Raises FilterError."""
        if not self.words:
            return [view for view in runs if self.everything or _is_news(view, self.since)]
        params = reader.all_params()
        is_chosen = run_filter(self.words, {name for told in params.values() for name in told})
        return [view for view in runs if is_chosen(values_of(view, params.get(view.run)))]


OPTIONS = ("--all", "--watch", "--once", "--json", "--db", "--help")


# -tag:old is a word of a filter here, not an option; a -h would be found inside it
@click.command("ls", context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[FILTER]...")
@click.option("--all", "everything", is_flag=True, help="Every run, also those you have seen end.")
@click.option(
    "--watch",
    is_flag=False,
    flag_value=PAUSE,
    default=None,
    callback=_seconds,
    metavar="[SECONDS]",
    help=f"Look again every so many seconds ({PAUSE}), and print when something changed.",
)
@click.option("--once", is_flag=True, help="One look as --watch prints it; what was new stays new.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document; with --watch one on each line."
)
@db_option
def ls_command(
    place: Place, words: tuple[str, ...], everything: bool, watch: float | None, once: bool, as_json: bool
) -> None:
    """What is live, waiting, or ended since you last looked; with a FILTER the runs it picks of all.

    \b
    mlp                       a part of its name, job, study or a tag
    status:failed tag:best    both
    'usd>2 or lr<1e-3'        one of them, params too; quoted, for the shell
    -study:old                not
    """
    if unknown := next((word for word in words if word.startswith("--")), None):
        raise click.UsageError(f"there is no option {unknown} ({nearest(unknown, OPTIONS)})")
    if watch is not None and once:
        raise click.UsageError("--watch and --once exclude each other")
    with_look = not once and watch is None
    reader = place.reader() if place.db.exists() else None
    last_look = reader.last_look("ls") if reader is not None else None
    choice = Choice(
        words=" ".join(words),
        everything=everything,
        as_json=as_json,
        since=last_look if last_look is not None else time.time() - A_DAY,
    )
    if watch is not None:
        _watch(place, reader, choice, watch)
        return
    _print(reader, choice)
    if reader is not None and is_person() and with_look and not as_json and not words:
        desk = Desk(place.db)
        desk.looked("ls", time.time())
        desk.close()


def _print(reader: Reader | None, choice: Choice) -> list[RunView]:
    """One look, printed; the runs in it."""
    if reader is None:
        run_filter(choice.words) if choice.words else None
        print_json([]) if choice.as_json else click.echo("no runs yet: trainui start JOB")
        return []
    runs = reader.runs()
    views = choice.of(reader, runs)
    if choice.as_json:
        costs = run_costs(reader, views=runs, only={view.run for view in views})
        currency = reader.budget().currency
        print_json([{**run_json(view), **cost_json(costs[view.run], currency)} for view in views])
    elif views:
        _print_runs(views, sign(reader.budget().currency))
        _print_questions(reader, {view.run for view in views})
    elif runs:
        click.echo("no run is like that" if choice.words else "nothing is live or new; --all shows every run")
    else:
        click.echo("no runs yet: trainui start JOB")
    return views


def _watch(place: Place, reader: Reader | None, choice: Choice, pause: float) -> None:
    """Look until somebody ends it: redrawn for a person, a block or a line a change for a script."""
    redraws = is_person() and not choice.as_json
    before: object = None
    while True:
        if reader is None and place.db.exists():
            reader = place.reader()
        drawn = io.StringIO()
        with contextlib.redirect_stdout(drawn):
            views = _print(reader, choice)
        news: object = drawn.getvalue() if redraws else [_without_clocks(view) for view in views]
        if news != before:
            stamp = "" if choice.as_json or redraws else time.strftime("# %Y-%m-%d %H:%M:%S\n")
            gap = "\n" if before is not None and stamp else ""
            click.echo((CLEAR if redraws else gap + stamp) + drawn.getvalue(), nl=False)
            before = news
        time.sleep(pause)


def _without_clocks(view: RunView) -> tuple[object, ...]:
    """What has changed when a run has changed: not that time went by."""
    stands = (view.status, view.result, view.cause, view.held, view.priority, view.waits_for, view.stop_at)
    return (view.run, *stands, view.step, view.epoch, view.metric, dict(view.gates), view.tags)


def _is_news(view: RunView, since: float) -> bool:
    return view.status is not Status.ENDED or (view.ended_at or 0) >= since


def _print_questions(reader: Reader, runs: Collection[str]) -> None:
    """What waits for a person: the questions of these runs, and of studies."""
    for one in reader.questions():
        if one.run in runs or one.run.startswith(STUDY):
            whom = one.run.removeprefix(STUDY)
            click.echo(
                plain(f"{whom} asks: {shortened(one.question)} (trainui answer {whom} {one.gate} yes|no)")
            )


def _print_runs(views: list[RunView], unit: str) -> None:
    rows = []
    has_tags = any(view.tags for view in views)
    for view in views:
        metric = view.metric
        gates = " ".join(f"{count} {verdict}" for verdict, count in view.gates.items() if count)
        state = "held" if view.held else f"{view.result or view.status}"
        runs_on = view.is_live and view.status is not Status.PAUSED
        rows.append(
            [
                view.run,
                state,
                f"{view.progress:.0%}" if view.progress is not None else "–",
                duration(view.eta_seconds if runs_on else view.seconds or None),
                f"{metric.name} {number(metric.last)}" if metric else "–",
                number(metric.best) if metric else "–",
                f"{view.usd:.4f}",
                gates,
                *([" ".join(view.tags)] if has_tags else []),
                why(view),
            ]
        )
    tags = ["tags"] if has_tags else []
    heads = ["run", "state", "done", "eta/took", "metric", "best", unit, "gates", *tags, "why"]
    table(heads, rows, right=(2, 3, 5, 6))

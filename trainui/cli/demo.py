"""`trainui demo`: three boundary models train in parallel on real speech, and are judged, billed and summed up.

The runs are ordinary runs of the jobs in jobs/boundary: leaving the screen changes nothing for them, and the
last of them, `summary`, writes exports/boundary when the others have ended, whoever still watches.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from trainui.cli.place import Place, db_option
from trainui.cli.printing import is_person, number, table
from trainui.core.errors import TrainuiError, UserError
from trainui.core.process.files import read_json
from trainui.core.project import find_job
from trainui.core.run import Status
from trainui.core.store.views import RunView

MODELS = ("transformer", "mlp", "contrastive")
JOBS = (*MODELS, "evaluate", "integrate", "summary")
PRESET = "demo"

FIGURES = (
    ("MAE ms", "mae"),
    ("median ms", "median"),
    ("@50 %", "acc50"),
    ("@100 %", "acc100"),
    ("@200 %", "acc200"),
    ("boundaries/s", "boundaries_per_second"),
)
"""Head → figure in the evaluation's results.json."""


@click.command("demo")
@click.option("--headless", is_flag=True, help="Progress lines instead of the dashboard.")
@db_option
def demo_command(place: Place, headless: bool) -> None:
    """Train three boundary models in parallel on real speech; ends in minutes on two cores."""
    if importlib.util.find_spec("torch") is None:
        raise UserError("the demo trains with PyTorch, which is not installed", hint="make setup")
    for job in JOBS:
        find_job(place.project, job)
    _build_data(place)
    client = place.client()
    names = [name for job in JOBS for name in client.start_all([job], preset=_preset(place, job))]
    if headless or not is_person():
        from trainui.cli.waiting import wait_for

        wait_for(place, names)
    else:
        from trainui.ui.app import run_dashboard

        click.echo(run_dashboard(place.project, place.db))
    _report(place, names)


def _preset(place: Place, job: str) -> str:
    return PRESET if PRESET in find_job(place.project, job).presets else ""


def _build_data(place: Place) -> None:
    """Fetch the speech and cut the examples, with a progress bar; the second time there is nothing to do."""
    words = [sys.executable, "-m", "jobs.boundary.data", "build", "--preset", PRESET]
    done = subprocess.run(words, cwd=place.project, check=False)
    if done.returncode:
        raise TrainuiError("the demo's speech could not be built; what stands above says why")


def _report(place: Place, names: Sequence[str]) -> None:
    reader = place.reader()
    begun = min(reader.run(name).queued_at for name in names)
    newest: dict[str, RunView] = {}
    for view in sorted(reader.runs(), key=lambda one: one.queued_at):
        if view.job in JOBS and view.queued_at >= begun:
            newest[view.job] = view  # a run that was stopped and retried is told by its retry
    views = list(newest.values())
    if any(view.status is not Status.ENDED for view in views):
        click.echo("the summary will be in exports/boundary when they have ended")
        return
    _print_comparison({view.job: view for view in views})
    failed = [f"{view.run} {view.result} ({view.cause})" for view in views if view.result != "finished"]
    if failed:
        raise TrainuiError(
            f"not every run finished: {', '.join(failed)}", hint=f"trainui show {views[0].run}"
        )
    click.echo(f"\nsummary: {place.project / 'exports' / 'boundary' / 'summary.md'}")
    click.echo("look again: trainui, trainui ls --all, trainui show RUN")


def _print_comparison(runs: Mapping[str, RunView]) -> None:
    """The evaluation's figures, doing nothing first, with the gates and the cost of each training."""
    results = read_json(Path(runs["evaluate"].directory) / "results.json") or {}
    rows = []
    for name in ("do nothing", *MODELS):
        told = results.get(name, {})
        figures = [number(told.get(figure)) for _, figure in FIGURES]
        view = runs.get(name)
        gates = (
            " ".join(f"{count} {verdict}" for verdict, count in view.gates.items() if count) if view else ""
        )
        rows.append([view.run if view else name, *figures, *_price(view), gates])
    click.echo("\nspeakers and languages never trained on; doing nothing first")
    table(["", *(head for head, _ in FIGURES), "min", "$", "gates"], rows, right=range(1, len(FIGURES) + 3))


def _price(view: RunView | None) -> tuple[str, str]:
    return (f"{view.seconds / 60:.1f}", f"{view.usd:.4f}") if view else ("", "")

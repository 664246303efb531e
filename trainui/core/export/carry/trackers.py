"""Runs in the files of other trackers, written by their own libraries: W&B offline, Trackio.

Each library runs in a process of its own, with an environment of its own: it can neither reach the network through
the user's account nor leave anything in the user's folders.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from trainui.core.errors import TrainuiError, UserError
from trainui.core.export.carry import into_trackio, into_wandb
from trainui.core.export.carry.files import file_name, whole_folder
from trainui.core.export.model import Digest, RunDigest
from trainui.core.store.packing import Packer, Row
from trainui.core.store.read import Reader

WANDB, TRACKIO = "wandb", "trackio"
NOT_TRACKIO = r"[^A-Za-z0-9_-]"
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "TMPDIR", "VIRTUAL_ENV", "TZ")
"""What of the user's environment a library gets: no account, no key, no address."""


def write_wandb(reader: Reader, digest: Digest, folder: Path) -> list[Path]:
    """Write `folder`/wandb, which `wandb sync` takes run by run. Raises UserError when the library is missing, or
    TrainuiError with what it said."""
    _needed(WANDB, "0.19")
    packer = Packer(reader.path)
    try:
        with whole_folder(folder / WANDB) as part:
            for run in digest.runs:
                with tempfile.TemporaryDirectory(dir=part) as own:
                    _feed(into_wandb.__file__, [], _of_wandb(packer, run, own), WANDB)
                    for made in sorted(Path(own, "wandb").glob("offline-run-*")):
                        for log in ("logs", "tmp"):  # of the library, with links to its cache
                            shutil.rmtree(made / log, ignore_errors=True)
                        made.rename(part / made.name)
    finally:
        packer.close()
    return [folder / WANDB]


def write_trackio(reader: Reader, digest: Digest, folder: Path) -> list[Path]:
    """Write `folder`/trackio, which `TRACKIO_DIR=... trackio show` reads: a project per study. Raises as
    `write_wandb`."""
    _needed(TRACKIO, "0.20")
    packer = Packer(reader.path)
    try:
        with whole_folder(folder / TRACKIO) as part:
            _feed(into_trackio.__file__, [str(part)], _of_trackio(packer, digest.runs), TRACKIO)
    finally:
        packer.close()
    return [folder / TRACKIO]


def _needed(library: str, least: str) -> None:
    if importlib.util.find_spec(library) is None:
        hint = f"pip install '{library}>={least}'"
        raise UserError(
            f"--format {library} needs the {library} library, which is not installed here", hint=hint
        )


def _of_wandb(packer: Packer, run: RunDigest, folder: str) -> Iterator[Any]:
    told = hashlib.sha256(packer.identity_of(run.run).encode()).hexdigest()
    summary = {"trainui/result": run.result, "trainui/cause": run.cause, "trainui/usd": run.usd,
               "trainui/gpu_hours": run.gpu_hours, "trainui/seconds": run.seconds}  # fmt: skip
    if run.best is not None:
        summary[f"best/{run.primary}"] = run.best.value
    yield {
        "folder": folder, "project": file_name(run.study or run.job), "id": told[:16], "name": run.run[:128],
        "group": (run.study or run.job)[:128], "job": run.job[:64], "tags": [tag[:64] for tag in run.tags],
        "notes": "\n\n".join(one.text for one in run.notes), "config": _config(run), "summary": summary,
        "exit_code": run.exit_code if run.exit_code is not None else int(run.result in ("failed", "lost")),
    }  # fmt: skip
    yield from map(_plain, packer.rows(run.run))


def _of_trackio(packer: Packer, runs: Iterable[RunDigest]) -> Iterator[Any]:
    for run in runs:
        yield {"project": _project(run.study or run.job), "name": run.run, "config": _config(run)}
        is_whole = packer.has_whole_steps(run.run)
        for number, row in enumerate(packer.rows(run.run)):
            yield _plain(row._replace(step=int(row.step) if is_whole else number))


def _config(run: RunDigest) -> dict[str, Any]:
    """Its params, and what else tells it from others."""
    told = {"command": list(run.command), "parent": run.parent, "commit": run.origin.commit}
    return {**run.params, **{f"trainui/{name}": value for name, value in told.items() if value}}


def _project(study: str) -> str:
    """Trackio drops what it does not like in a name, and two studies would become one."""
    return f"trainui-{file_name(study, odd=NOT_TRACKIO)}-runs"


def _plain(row: Row) -> tuple[Any, ...]:
    """JSON has no infinities: they are words that `float` understands."""
    values = {name: _number(value) for name, value in row.values.items()}
    return _number(row.step), _number(row.epoch), row.at, values


def _number(value: float | None) -> float | str | None:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _feed(script: str | None, words: list[str], told: Iterable[Any], library: str) -> None:
    """Run a script of this package by its path and tell it lines of JSON."""
    assert script is not None
    env = {name: os.environ[name] for name in KEPT if name in os.environ}
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(
            [sys.executable, script, *words], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, env=env,
            text=True, encoding="utf-8",
        )  # fmt: skip
        assert child.stdin is not None
        try:
            for one in told:
                child.stdin.write(json.dumps(one) + "\n")
        except BrokenPipeError:
            pass  # it has died, and says why
        finally:
            with suppress(BrokenPipeError):
                child.stdin.close()
            child.wait()
        if child.returncode:
            said.seek(0)
            lines = said.read().decode("utf-8", "replace").strip().splitlines()
            why = lines[-1] if lines else f"exit {child.returncode}"
            hint = f"pip install -U {library}"
            raise TrainuiError(f"the {library} library could not write the run: {why:.300}", hint=hint)

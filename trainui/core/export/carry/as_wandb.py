"""Runs as offline runs of Weights & Biases, which `wandb sync` takes."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trainui.core.export.carry import into_wandb
from trainui.core.export.carry.files import file_name
from trainui.core.export.carry.trackers import config, feed, needed, plain
from trainui.core.export.model import Digest, RunDigest
from trainui.core.export.whole import whole_folder
from trainui.core.store.packing import Packer
from trainui.core.store.read import Reader

WANDB = "wandb"


def write(reader: Reader, digest: Digest, folder: Path) -> list[Path]:
    """Write `folder`/wandb, which `wandb sync` takes run by run. Raises UserError when the library is missing, or
    TrainuiError with what it said."""
    needed(WANDB, "0.19")
    packer = Packer(reader.path)
    try:
        with whole_folder(folder / WANDB) as part:
            for run in digest.runs:
                with tempfile.TemporaryDirectory(dir=part) as own:
                    feed(into_wandb.__file__, [], _told(packer, run, own), WANDB)
                    for made in sorted(Path(own, "wandb").glob("offline-run-*")):
                        for log in ("logs", "tmp"):  # of the library, with links to its cache
                            shutil.rmtree(made / log, ignore_errors=True)
                        made.rename(part / made.name)
    finally:
        packer.close()
    return [folder / WANDB]


def _told(packer: Packer, run: RunDigest, folder: str) -> Iterator[Any]:
    told = hashlib.sha256(packer.identity_of(run.run).encode()).hexdigest()
    summary = {"trainui/result": run.result, "trainui/cause": run.cause, "trainui/usd": run.usd,
               "trainui/gpu_hours": run.gpu_hours, "trainui/seconds": run.seconds}  # fmt: skip
    if run.best is not None:
        summary[f"best/{run.primary}"] = run.best.value
    yield {
        "folder": folder, "project": file_name(run.study or run.job), "id": told[:16], "name": run.run[:128],
        "group": (run.study or run.job)[:128], "job": run.job[:64], "tags": [tag[:64] for tag in run.tags],
        "notes": "\n\n".join(one.text for one in run.notes), "config": config(run), "summary": summary,
        "exit_code": run.exit_code if run.exit_code is not None else int(run.result in ("failed", "lost")),
    }  # fmt: skip
    yield from map(plain, packer.rows(run.run))

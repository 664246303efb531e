"""Runs in a folder of Trackio, a project per study."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from trainui.core.export.carry import into_trackio
from trainui.core.export.carry.files import file_name
from trainui.core.export.carry.trackers import config, feed, needed, plain
from trainui.core.export.model import Digest, RunDigest
from trainui.core.export.whole import whole_folder
from trainui.core.store.packing import Packer
from trainui.core.store.read import Reader

TRACKIO = "trackio"
ODD = r"[^A-Za-z0-9_-]"
"""What Trackio drops from a name."""


def write(reader: Reader, digest: Digest, folder: Path) -> list[Path]:
    """Write `folder`/trackio, which `TRACKIO_DIR=... trackio show` reads. Raises UserError when the library is missing,
    or TrainuiError with what it said."""
    needed(TRACKIO, "0.20")
    packer = Packer(reader.path)
    try:
        with whole_folder(folder / TRACKIO) as part:
            feed(into_trackio.__file__, [str(part)], _told(packer, digest.runs), TRACKIO)
    finally:
        packer.close()
    return [folder / TRACKIO]


def _told(packer: Packer, runs: Iterable[RunDigest]) -> Iterator[Any]:
    for run in runs:
        yield {"project": project_of(run.study or run.job), "name": run.run, "config": config(run)}
        is_whole = packer.has_whole_steps(run.run)
        for number, row in enumerate(packer.rows(run.run)):
            yield plain(row._replace(step=int(row.step) if is_whole else number))


def project_of(study: str) -> str:
    """What a study is called there: no two become one by what is dropped from their names."""
    return f"trainui-{file_name(study, odd=ODD)}-runs"

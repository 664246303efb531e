"""Runs as one zip that `trainui import` reads back equal, with all that they saved."""

from __future__ import annotations

from pathlib import Path

from trainui.core.export.carry.archive import archive_name, write_archive
from trainui.core.export.model import Digest
from trainui.core.store.read import Reader


def write(reader: Reader, digest: Digest, folder: Path) -> list[Path]:
    """Write the archive of the runs that are told; one that has not ended is a UserError."""
    runs = [run.run for run in digest.runs]
    return write_archive(reader, runs, folder / archive_name(digest), with_files=True)

"""The frame of an export: what is told is gathered once, and one writer for each format writes it into a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol

from trainui.core.errors import TrainuiError, UserError, nearest
from trainui.core.export.gathering import gather
from trainui.core.export.model import Digest
from trainui.core.export.whole import make_folder
from trainui.core.store.read import Reader

FORMATS = {
    "png": "picture",
    "html": "page",
    "csv": "tables",
    "points": "points",
    "json": "document",
    "results": "results",
    "md": "markdown",
    "parquet": "carry.parquet",
    "tensorboard": "carry.tensorboard",
    "wandb": "carry.as_wandb",
    "trackio": "carry.as_trackio",
    "zip": "carry.archive",
    "zip-files": "carry.archive_files",
    "notes": "notes",
}
"""Format → the module of this package whose `write` writes it, in the order they are written: what shows a picture
comes after those who draw it, and what a person may have to mend comes last."""
USUAL = ("md", "html", "json", "png")
ABOUT = {
    "md": "summary.md: all of it, for people",
    "html": "summary.html: all of it, with curves to look into",
    "json": "summary.json: all of it, for programs",
    "png": "training_curves.png: the curves",
    "notes": "NOTES.md: every attempt, with room for your words",
    "results": "results.json: the few numbers people look up",
    "csv": "runs.csv, points.csv: for a spreadsheet",
    "points": "points.csv: every point, however many",
    "zip": "to `trainui import` elsewhere, without big files",
    "zip-files": "the same with all the runs saved, checkpoints too",
    "tensorboard": "event files for `tensorboard --logdir`",
    "parquet": "points and runs for pandas, DuckDB, Polars",
    "wandb": "offline runs for `wandb sync`",
    "trackio": "a folder for `trackio show`",
}
"""Format → what it is, in a few words, in the order in which people look for them."""
NEEDS = {"parquet": "pyarrow", "wandb": "wandb", "trackio": "trackio"}
"""Format → the library that must be installed for it."""


class Writer(Protocol):
    """Writes one format, each file whole or not at all."""

    def __call__(self, reader: Reader, digest: Digest, folder: Path) -> list[Path]:
        """Write into `folder`, which is there, and return what was written. Raises OSError or TrainuiError."""


def writer_of(name: str) -> Writer:
    """The writer of a format."""
    writer: Writer = import_module(f"trainui.core.export.{FORMATS[name]}").write
    return writer


def check_formats(names: Sequence[str]) -> tuple[str, ...]:
    """The formats asked for, in the order they are written. Raises UserError for none, or one nobody knows."""
    for name in names:
        if name not in FORMATS:
            hint = f"{nearest(name, FORMATS)}; known are {', '.join(FORMATS)}"
            raise UserError(f"there is no format {name!r}", hint=hint)
    if not names:
        raise UserError("say in which formats", hint=f"known are {', '.join(FORMATS)}")
    return tuple(name for name in FORMATS if name in names)


def export_runs(
    db: Path, runs: Sequence[str] = (), *, study: str = "", everything: bool = False, to: Path,
    formats: Sequence[str] = USUAL, now: float | None = None, tell: Callable[[Path], object] | None = None,
) -> list[Path]:  # fmt: skip
    """Write what there is to tell of `runs`, of a `study` or of `everything` into the folder `to`; the files.

    `now`: Unix seconds. `tell` hears of each file once it is there. Raises NotFoundError, UserError or TrainuiError in
    one sentence.
    """
    wanted = check_formats(formats)
    reader = Reader(db)
    try:
        written: dict[Path, None] = {}
        with reader.one_look():  # what is told of a live run is the same in every format
            digest = gather(reader, runs, study=study, everything=everything, now=now)
            make_folder(to)
            for name in wanted:
                for path in writer_of(name)(reader, digest, to):
                    if tell is not None and path not in written:
                        tell(path)
                    written[path] = None
    except OSError as error:
        place = error.filename if isinstance(error.filename, str) else to
        raise TrainuiError(f"{place} cannot be written: {error.strerror or error}", hint="") from error
    finally:
        reader.close()
    return list(written)

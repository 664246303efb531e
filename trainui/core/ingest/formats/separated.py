"""Tables with commas, tabs, semicolons or blanks: which files are the curves of one training."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from trainui.core.ingest.cells import cells_of, is_empty, value_of
from trainui.core.ingest.columns import is_never, is_setting, speaks
from trainui.core.ingest.format import Format
from trainui.core.ingest.records import Record
from trainui.core.ingest.separated import Separated, Table

LOOKED_AT = 200
"""Rows by which a file is known."""
FIRST = 20
"""Rows of which half have to fit the header."""

_NAMED = re.compile(r"\.(?:csv|tsv)$", re.IGNORECASE)
_TOLD = re.compile(
    r"metric|progress|result|hist|log|train|loss|monitor|eval|curve|learn|valid|acc|score|reward|stat",
    re.IGNORECASE,
)

_SURELY = re.compile(r"metric|progress|result|hist|train|loss|curve|learn|reward", re.IGNORECASE)
_EXPORT = ["wall time", "step", "value"]
"""What TensorBoard gives for download, under any name."""


def claims(name: str, head: bytes) -> bool:
    """Whether the first rows are the curves of one training, and no list of runs, files, predictions or measurements.

    Known by what the columns are called, by a place that moves on, and where neither says enough by the file's name.
    """
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not text or text[:1] in b"{[<" or b"\x00" in head:
        return False
    lines = [line for line in head.split(b"\n") if line.strip()]
    if len(lines) > 1 and not head.endswith(b"\n"):
        lines.pop()
    reader = Separated()
    records = [record for line in lines[:FIRST] for record in reader.read(line)]
    # Later rows may be of another version of the script; whoever reads along decides by the first ones too.
    fits = reader.understood * 2 >= reader.lines
    records += [record for line in lines[FIRST:LOOKED_AT] for record in reader.read(line)]
    table = next((one for one in reader.tables if any(column.role for column in one.columns)), None)
    if table is None:
        return False
    last = name.rpartition("/")[2]
    is_named, is_told = bool(_NAMED.search(last)), bool(_TOLD.search(last))
    told = {metric for record in records for metric in record.metrics}
    named = told if records else {column.name for column in table.columns if column.role == "metric"}
    has_place = any(column.role in ("step", "within", "epoch", "episode") for column in table.columns)
    measures = sum(map(speaks, named))
    if not is_named:
        # A log of prose may begin like a table: here every row has to fit.
        if reader.understood < reader.lines or not has_place or not measures or not records:
            return False
    elif not fits:
        return False
    if not table.has_header:
        return len(records) > 1 and is_told
    if table.header[:3] == ["r", "l", "t"]:
        return name.endswith("monitor.csv")  # the episodes of a Gym environment
    rows = _rows(lines, len(table.header), reader.delimiter)
    if [cell.lower() for cell in table.header] == _EXPORT:
        return True
    if not named or not _is_one_run(table, rows, records):
        return False
    is_placed = has_place if not records else any(_place(record) is not None for record in records)
    return bool(measures and (is_placed or is_told)) or (is_placed and bool(_SURELY.search(last)))


def _rows(lines: Sequence[bytes], width: int, delimiter: str) -> list[list[str]]:
    rows = (cells_of(line.decode("utf-8", "replace").strip(), delimiter) for line in lines[1:LOOKED_AT])
    return [cells for cells in rows if len(cells) == width]


def _is_one_run(table: Table, rows: Sequence[Sequence[str]], records: Sequence[Record]) -> bool:
    """Whether the rows are moments of one run, and not one run, model or file each."""
    is_numbered = (
        table.columns[0].role == "step" and not table.columns[0].name
    )  # by pandas, whatever they are
    known = [] if is_numbered else [place for record in records if (place := _place(record)) is not None]
    moves = [right - left for left, right in itertools.pairwise(known)]
    if sum(move < 0 for move in moves) * 5 > len(moves) * 2:
        return False
    if known and sum(move > 0 for move in moves) * 2 >= len(moves):
        return True
    settings = sum(map(is_setting, table.header))
    return settings < 3 and not any(
        _names_rows([row[place] for row in rows], is_name=is_never(column.name))
        for place, column in enumerate(table.columns)
        if column.role not in ("key", "time", "part", "step")
    )


def _place(record: Record) -> float | int | None:
    return record.step if record.step is not None else record.epoch


def _names_rows(cells: Sequence[str], *, is_name: bool) -> bool:
    """Whether a column says another word in most rows, or, where it is called a name, another number."""
    words = [cell for cell in cells if not is_empty(cell) and (is_name or value_of(cell) is None)]
    return len(words) * 2 > len(cells) > 1 and len(set(words)) * 2 > len(words)


FORMAT = Format(
    kind="csv",
    rank=4,
    make=lambda state, _patterns: Separated.restore(state),
    claims=claims,
    anew=Separated.anew,
    watched=("*.csv", "*.tsv", "results.txt", "training.log"),
)

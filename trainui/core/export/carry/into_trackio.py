"""Run by itself, with the trackio library: writes runs into a folder of their own, from lines of JSON on stdin.

A line that is an object begins a run; each list after it is one row of its history.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

MOST = 5000
"""Rows that are handed over at once."""


def main() -> None:
    """Write the runs that stdin tells of. The folder is the first argument."""
    os.environ |= {"TRACKIO_DIR": sys.argv[1], "HF_HUB_OFFLINE": "1"}
    from trackio.sqlite_storage import SQLiteStorage

    head: dict[str, Any] = {}
    for one, rows in _batches():
        is_new, head = one is not head, one
        SQLiteStorage.bulk_log(
            project=one["project"],
            run=one["name"],
            metrics_list=[{name: _value(value) for name, value in row[3].items()} for row in rows],
            steps=[row[0] for row in rows],
            timestamps=[datetime.fromtimestamp(row[2], UTC).isoformat() for row in rows],
            config=one["config"] if is_new else None,
        )


def _value(value: float | str | None) -> float:
    return float("nan") if value is None else float(value)


def _batches() -> Iterator[tuple[dict[str, Any], list[list[Any]]]]:
    head: dict[str, Any] = {}
    rows: list[list[Any]] = []
    for line in sys.stdin:
        told = json.loads(line)
        if isinstance(told, dict) or len(rows) >= MOST:
            if rows:
                yield head, rows
            rows = []
        if isinstance(told, dict):
            head = told
        else:
            rows.append(told)
    if rows:
        yield head, rows


if __name__ == "__main__":
    main()

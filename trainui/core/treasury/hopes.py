"""What is expected of the gates of live runs before the money ends, from what the store holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trainui.core.process.beat import beat
from trainui.core.prospects import prospects, seconds_until
from trainui.core.store.read import Reader


def hopes_of(db: Path, runs: Sequence[str], left: float) -> dict[str, str]:
    """Run → `miss` where one of its criteria is expected to be missed, `reach` where every one that is open is expected
    to be reached within `left` seconds; others are left out."""
    reader = Reader(db)
    try:
        found = {run: _hope(reader, run, left) for run in runs}
    finally:
        reader.close()
    return {run: hope for run, hope in found.items() if hope}


def _hope(reader: Reader, run: str, left: float) -> str:
    beat()  # a forecast takes a moment, and there may be many
    gates = [gate for gate in reader.gates(run) if gate.role == "criterion"]
    if not gates:
        return ""
    view = reader.run(run)
    pairs = [(one, each) for one in prospects(reader, view, gates) for each in one.outlooks.values()]
    if any(each.expected == "miss" for _, each in pairs):
        return "miss"
    times = [seconds_until(view, one, each.at) if each.expected == "reach" else None for one, each in pairs]
    is_in_time = bool(times) and all(one is not None and one <= left for one in times)
    return "reach" if is_in_time else ""

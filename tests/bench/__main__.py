"""`make bench`: what things cost on this machine, beside peers in the same run. A table, no verdicts.

python -m tests.bench              everything
python -m tests.bench ingest idle  only these
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.events import events
from tests.bench.export import exporting
from tests.bench.gates import gates
from tests.bench.idle import idling
from tests.bench.ingest import by_hand, ingest, reading
from tests.bench.screen import screen
from tests.bench.store import opening
from tests.bench.supervision import launching, memory, reacting
from tests.bench.training import training

SECTIONS = {
    "ingest": ingest, "flat": by_hand, "read": reading, "events": events, "open": opening, "gates": gates, "export": exporting, "launch": launching,
    "memory": memory, "idle": idling, "react": reacting, "screen": screen,
    "training": training,
}  # fmt: skip


def main(wanted: Sequence[str]) -> None:
    """Print the table."""
    if unknown := set(wanted) - set(SECTIONS):
        sys.exit(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {time.strftime('%F')}\n")
    print("| what | measured | ratio |\n|---|---|---|")
    for name, section in SECTIONS.items():
        if wanted and name not in wanted:
            continue
        with tempfile.TemporaryDirectory(prefix="trainui-bench-") as folder:
            for what, measured, ratio in section(Path(folder)):
                print(f"| {what} | {measured} | {ratio} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

"""HAND: `trainui export` as a process of its own, so that nobody waits for it. It outlives who started it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from trainui.core.clock import Clock
from trainui.core.process.identity import Identity, identity_of, is_alive, send_signal

LONGEST = 600.0
"""Seconds an export may take: the machine costs on meanwhile."""
LOG = "export.log"
"""In the folder: what it complained of."""
TOO_LONG = "it took too long and was ended"
SIGKILL = 9


def begin(db: Path, project: Path, words: Sequence[str], folder: Path) -> Identity:
    """Start an export of what `words` ask for into `folder`. Raises OSError."""
    from trainui.core.export.whole import make_folder

    make_folder(folder)
    with (folder / LOG).open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "trainui", "export", *words, "--to", folder, "--db", db],
            cwd=project,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            env={key: value for key, value in os.environ.items() if not key.startswith("TRAINUI_")},
            start_new_session=True,
        )
    identity = identity_of(process.pid)
    process.returncode = 0  # whoever reaps it does not ask here
    assert identity is not None, "nobody has reaped it yet"
    return identity


def is_under_way(child: Identity, now: Clock, *, until: float, folder: Path) -> bool:
    """Whether it goes on into `folder`; after boot second `until`, or in another boot, it is ended, and that is what it
    complained of."""
    if is_alive(child) and (now.boot > until or child.boot_id != now.boot_id):
        send_signal(child, SIGKILL)
        with suppress(OSError), (folder / LOG).open("a", encoding="utf-8") as log:
            log.write(TOO_LONG + "\n")
    return is_alive(child)


def complaint(folder: Path) -> str:
    """The last thing it complained of; '' for nothing."""
    try:
        said = (folder / LOG).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
    return said.splitlines()[-1] if said else ""

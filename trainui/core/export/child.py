"""HAND: `trainui export` as a process of its own, so that nobody waits for it. It outlives who started it.

Run as a module it is that process: `trainui` with these words, and its exit code as the last line of the log. Whoever
asks later may not be its parent; and where that line is missing, it was killed.
"""

from __future__ import annotations

import atexit
import os
import runpy
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
"""In the folder: what it said on stderr, then `EXIT` and its exit code."""
EXIT = "exit code "
TOO_LONG = "it took too long and was ended"
KILLED = "it was killed"
SIGKILL = 9


def begin(db: Path, project: Path, words: Sequence[str], folder: Path) -> Identity:
    """Start an export of what `words` ask for into `folder`. Raises OSError."""
    from trainui.core.export.whole import make_folder

    make_folder(folder)
    with (folder / LOG).open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, "export", *words, "--to", folder, "--db", db],
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


def trouble(folder: Path) -> str:
    """Why an export that is over left not all that was asked for in `folder`; '' for all of it."""
    try:
        said = (folder / LOG).read_text(encoding="utf-8", errors="replace").strip()
    except OSError as error:
        return error.strerror or str(error)
    *before, last = said.splitlines() or [""]
    if not last.startswith(EXIT):
        return last if last == TOO_LONG else KILLED
    if last == f"{EXIT}0":
        return ""
    return before[-1] if before else f"it ended with {last}"


def main() -> None:
    """`trainui` with the words of this process, and what it ended with told at the very end."""
    code: object = 1

    def tell() -> None:  # after a traceback, if there is one
        print(f"{EXIT}{code}", file=sys.stderr, flush=True)

    atexit.register(tell)
    try:
        runpy.run_module("trainui", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = ended.code or 0
        raise


if __name__ == "__main__":
    main()

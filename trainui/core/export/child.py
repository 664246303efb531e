"""HAND: `trainui export` as a process of its own: one that nobody waits for, which outlives who started it, or one that
can be called off in the middle of a file.

Run as a module it is that process: `trainui` with these words, and its exit code as the last line of the log. Whoever
asks later may not be its parent; and where that line is missing, it was killed.
"""

from __future__ import annotations

import atexit
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from trainui.core.clock import Clock
from trainui.core.errors import TrainuiError
from trainui.core.process.identity import Identity, identity_of, is_alive, send_signal

LONGEST = 600.0
"""Seconds an export may take: the machine costs on meanwhile."""
LOG = "export.log"
"""In the folder: what it said on stderr, then `EXIT` and its exit code."""
EXIT = "exit code "
TOO_LONG = "it took too long and was ended"
KILLED = "it was killed"
PATIENCE = 1.0
"""Seconds that an export which is called off has to clear away what is half written."""


def begin(db: Path, project: Path, words: Sequence[str], folder: Path) -> Identity:
    """Start an export of what `words` ask for into `folder`. Raises OSError."""
    from trainui.core.export.whole import make_folder

    make_folder(folder)
    with (folder / LOG).open("wb") as log:
        process = _started(__name__, db, project, words, folder, said=subprocess.DEVNULL, log=log)
    identity = identity_of(process.pid)
    process.returncode = 0  # whoever reaps it does not ask here
    assert identity is not None, "nobody has reaped it yet"
    return identity


def _started(
    module: str, db: Path, project: Path, words: Sequence[str], folder: Path, *, said: int, log: IO[bytes]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", module, "export", *words, "--to", folder, "--db", db],
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=said,
        stderr=log,
        env={key: value for key, value in os.environ.items() if not key.startswith("TRAINUI_")},
        start_new_session=True,
    )


class Waiting:
    """An export that somebody waits for, and may call off in the middle of a file."""

    def __init__(self, db: Path, project: Path, words: Sequence[str], folder: Path) -> None:
        """Of what `words` ask for, into `folder`."""
        self._asked = db, project, words, folder
        self._process: subprocess.Popen[bytes] | None = None
        self._is_off = False

    def files(self) -> Generator[Path]:
        """Start it; each file once it is there. Raises TrainuiError with what it complained of, or OSError."""
        with tempfile.TemporaryFile() as log:
            with _started("trainui", *self._asked, said=subprocess.PIPE, log=log) as process:
                self._process = process
                if self._is_off:
                    self.call_off()
                assert process.stdout is not None
                for line in process.stdout:
                    yield Path(os.fsdecode(line.rstrip(b"\n")))
            log.seek(0)
            said = log.read().decode("utf-8", "replace").strip().splitlines()
        if process.returncode:
            raise TrainuiError(said[-1].removeprefix("trainui: ") if said else KILLED, hint="")

    def call_off(self) -> None:
        """End it as ^C does, which takes away what is half written; where it does not heed that, by force."""
        self._is_off = True
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            force = threading.Timer(PATIENCE, self._process.kill)
            force.daemon = True
            force.start()


def is_under_way(child: Identity, now: Clock, *, until: float, folder: Path) -> bool:
    """Whether it goes on into `folder`; after boot second `until`, or in another boot, it is ended, and that is what it
    complained of."""
    if is_alive(child) and (now.boot > until or child.boot_id != now.boot_id):
        send_signal(child, signal.SIGKILL)
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

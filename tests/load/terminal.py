"""A program in a terminal: keys go in, and what it has shown since can be searched and timed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Sequence
from pathlib import Path

ESCAPES = re.compile(rb"\x1b(?:\[[0-9;:?<=>$ ]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_]|[()][0-9A-B])")
"""What moves the cursor or colours; what is left are the letters, in the order they were drawn."""


class Terminal:
    """One program in a pseudo-terminal that always has somebody who reads it."""

    def __init__(self, argv: Sequence[str], *, cwd: Path, cells: int = 120, lines: int = 36) -> None:
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, cells, 0, 0))
        env = {key: value for key, value in os.environ.items() if not key.startswith("TRAINUI_")}
        self.process = subprocess.Popen(
            list(argv), cwd=cwd, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env=env | {"TERM": "xterm-256color", "COLORTERM": "truecolor"},
        )  # fmt: skip
        os.close(slave)
        self._shown = bytearray()
        self._news = threading.Condition()
        self._is_open = True
        self._pressed = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                piece = os.read(self._master, 65536)
            except OSError:  # EIO: nobody has the other end any more
                piece = b""
            with self._news:
                self._shown += piece
                self._is_open = bool(piece)
                self._news.notify_all()
            if not piece:
                return

    def press(self, keys: str) -> None:
        """Press keys; from here on `shows` looks only at what comes after."""
        with self._news:
            self._pressed = len(self._shown)
        os.write(self._master, keys.encode())

    @property
    def sent(self) -> int:
        """Bytes the program has sent."""
        return len(self._shown)

    def everything(self) -> str:
        """The letters drawn since the program began."""
        return ESCAPES.sub(b"", bytes(self._shown)).decode("utf-8", "replace")

    def shown(self) -> str:
        """The letters drawn since the last key press."""
        return ESCAPES.sub(b"", bytes(self._shown[self._pressed :])).decode("utf-8", "replace")

    def shows(self, sign: str, seconds: float = 30.0) -> float:
        """Wait until `sign` was drawn since the last key press; the seconds that took. Fails an assertion."""
        begun = time.perf_counter()
        with self._news:
            self._news.wait_for(lambda: sign in self.shown() or not self._is_open, seconds)
            assert sign in self.shown(), f"{sign!r} was not drawn in {self.shown()[-2000:]!r}"
        return time.perf_counter() - begun

    def ended(self, seconds: float = 30.0) -> int:
        """Wait for the program to end; its exit code. Raises TimeoutExpired."""
        return self.process.wait(seconds)

    def close(self) -> None:
        """Kill the program if it runs, and hang up."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._reader.join(5)
        os.close(self._master)

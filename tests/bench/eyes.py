"""A program in a terminal as a person sees it: what stands where, in which colours, and when it came there."""

from __future__ import annotations

import contextlib
import fcntl
import os
import queue
import re
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import pyte

ANSWERS = {
    b"\x1b[6n": b"\x1b[1;1R",
    b"\x1b[c": b"\x1b[?62;22c",
    b"\x1b[?2026$p": b"\x1b[?2026;2$y",
    b"\x1b]11;?": b"\x1b]11;rgb:0000/0000/0000\x1b\\",
    b"\x1b]10;?": b"\x1b]10;rgb:ffff/ffff/ffff\x1b\\",
}
"""What programs ask a terminal, and what it says."""
UNKNOWN = re.compile(rb"\x1b\[[<>=][^a-zA-Z]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p|\x1bP.*?\x1b\\")
"""What pyte would draw as letters."""


class Eyes:
    """One program in a pseudo-terminal. A thread of its own takes down what comes and when."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        size: tuple[int, int] = (120, 36),
        env: Mapping[str, str] | None = None,
    ) -> None:
        """`size`: cells and lines. `env` is laid over this process's; an empty value takes a name out."""
        self._master, slave = os.openpty()
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self._came: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        self.sent = 0
        """Bytes it has sent."""
        self._turn(size)
        told = {name: value for name, value in os.environ.items() if not name.startswith("TRAINUI_")}
        told |= {
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "PYTHONDONTWRITEBYTECODE": "",
            "XDG_CONFIG_HOME": str(cwd / ".config"),  # nobody's own settings and keys
            "XDG_STATE_HOME": str(cwd / ".state"),
            **(env or {}),
        }
        self.begun = time.perf_counter()
        self.process = subprocess.Popen(
            list(argv), cwd=cwd, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env={name: value for name, value in told.items() if value},
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # so that a new size is heard
        )  # fmt: skip
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join(5)
        os.close(self._master)

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # EIO: nobody has the other end any more
            while piece := os.read(self._master, 65536):
                self.sent += len(piece)
                for asked, answer in ANSWERS.items():
                    if asked in piece:
                        os.write(self._master, answer)
                self._came.put((time.perf_counter(), piece))

    def _turn(self, size: tuple[int, int]) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def resize(self, size: tuple[int, int]) -> None:
        """Make the window another size, in cells and lines."""
        self._turn(size)
        self.screen.resize(lines=size[1], columns=size[0])

    def press(self, keys: str) -> float:
        """Press keys; when that was, on the clock of `until`."""
        self.look()
        os.write(self._master, keys.encode())
        return time.perf_counter()

    def look(self) -> None:
        """Take in all that came until now."""
        while not self._came.empty():
            self._stream.feed(UNKNOWN.sub(b"", self._came.get()[1]))

    def until(self, fact: Callable[[Eyes], object], seconds: float = 60.0) -> float:
        """Wait until the picture is such; when its last piece came, by `time.perf_counter()`. Raises TimeoutError."""
        came, end = time.perf_counter(), time.perf_counter() + seconds
        while not fact(self):
            try:
                came, piece = self._came.get(timeout=max(0.0, end - time.perf_counter()))
            except queue.Empty:
                raise TimeoutError("it never stood there:\n" + "\n".join(self.lines)) from None
            self._stream.feed(UNKNOWN.sub(b"", piece))
        return came

    def shows(self, sign: str, seconds: float = 60.0) -> float:
        """Seconds from the start of the program until `sign` stood on the screen. Raises TimeoutError."""
        return self.until(lambda seen: sign in seen.text, seconds) - self.begun

    @property
    def lines(self) -> list[str]:
        """What stands on the screen."""
        return list(self.screen.display)

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.screen.display)

    def rest(self, seconds: float) -> float:
        """Bytes a second that it sends while nobody types."""
        before, begun = self.sent, time.perf_counter()
        while (left := begun + seconds - time.perf_counter()) > 0:
            with contextlib.suppress(queue.Empty):
                self._stream.feed(UNKNOWN.sub(b"", self._came.get(timeout=left)[1]))
        return (self.sent - before) / (time.perf_counter() - begun)

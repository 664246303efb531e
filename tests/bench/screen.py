"""From the command to something to read."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measure import Row, clock
from trainui.core.store.schema import connect

BARE_APP = (
    "from textual.app import App\nfrom textual.widgets import Static\n"
    "class Bare(App):\n    def compose(self): yield Static('first frame')\nBare().run()\n"
)


def first_frame(argv: list[str], sign: str, cwd: Path) -> float:
    """Seconds until a program in an 80x24 terminal shows `sign`."""
    start = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.chdir(cwd)
        os.environ["TERM"] = "xterm-256color"
        os.execvp(argv[0], argv)
    seen = b""
    try:
        while sign.encode() not in seen and time.perf_counter() - start < 30:
            if select.select([terminal], [], [], 0.05)[0]:
                seen += os.read(terminal, 65536)
        return time.perf_counter() - start
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


def starting(folder: Path) -> Iterator[Row]:
    """From the command to something to read."""
    (folder / "jobs").mkdir(exist_ok=True)
    connect(folder / "runs.db").close()
    (folder / "bare.py").write_text(BARE_APP)
    trainui = str(Path(sys.executable).with_name("trainui"))
    bare = min(first_frame([sys.executable, "bare.py"], "first frame", folder) for _ in range(3))
    ours = min(first_frame([trainui], "no runs yet", folder) for _ in range(3))
    yield "first frame of a bare Textual app", f"{bare:.2f} s", "1"
    yield "first useful frame of the dashboard", f"{ours:.2f} s", f"{ours / bare:.2f}"
    listing = min(
        clock(lambda: subprocess.run([trainui, "ls"], cwd=folder, capture_output=True, check=True))
        for _ in range(3)
    )
    bare_python = min(clock(lambda: subprocess.run([sys.executable, "-c", ""], check=True)) for _ in range(3))
    yield "trainui ls", f"{listing:.2f} s", f"{listing / bare_python:.0f} x python"

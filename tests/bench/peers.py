"""Other supervisors on this machine, spoken to through sockets of their own: task-spooler and supervisord."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Protocol, Self

from tests.bench.measure import children, wait_for

WHERE = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
SUPERVISED = """\
[unix_http_server]
file={folder}/socket
[supervisord]
pidfile={folder}/pid
logfile={folder}/log
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{folder}/socket
[program:once]
command=true
autostart=false
startsecs=0
autorestart=false
[program:quiet]
command=sleep 3600
autostart=false
numprocs=3
process_name=quiet-%(process_num)s
"""


class Peer(Protocol):
    """A supervisor to measure beside: open it, let it run something, see what it is made of."""

    name: str
    is_here: bool

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...

    def once(self) -> None:
        """Run `true` and wait until its end is known."""

    def start_quiet(self) -> None:
        """Start three jobs that sleep."""

    def pids(self) -> list[int]:
        """Its processes, without the jobs."""


class Spooler:
    """task-spooler: a server that starts by itself, and a client that waits beside each job."""

    name = "task-spooler"

    def __init__(self, folder: Path) -> None:
        self._tsp = shutil.which("tsp", path=WHERE)
        self.is_here = self._tsp is not None
        self._folder = folder
        self._env = os.environ | {"TS_SOCKET": str(folder / "socket"), "TMPDIR": str(folder)}

    def _say(self, *words: str) -> str:
        assert self._tsp is not None
        done = subprocess.run([self._tsp, *words], env=self._env, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        if self.is_here:
            self._say("-S", "4")
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_here:
            for pid in [below for client in self.pids() for below in children(client)]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
            self._say("-K")

    def once(self) -> None:
        self._say("-w", self._say("true"))

    def start_quiet(self) -> None:
        for _ in range(3):
            self._say("sleep", "3600")
        wait_for(lambda: len(self.pids()) >= 4)

    def pids(self) -> list[int]:
        """The server and its clients: all that know this socket, but for the jobs."""
        mark = f"TS_SOCKET={self._folder}/socket".encode()
        return [pid for pid, words in _named(mark) if words.startswith(str(self._tsp).encode())]


class Supervisor:
    """supervisord, with programs that are started by name."""

    name = "supervisord"

    def __init__(self, folder: Path) -> None:
        self._daemon, self._control = (shutil.which(f"supervisor{end}", path=WHERE) for end in ("d", "ctl"))
        self.is_here = self._daemon is not None
        self._folder = folder
        self._server: subprocess.Popen[bytes] | None = None

    def _say(self, *words: str) -> str:
        assert self._control is not None
        config = ["-c", str(self._folder / "conf")]
        return subprocess.run([self._control, *config, *words], capture_output=True, text=True).stdout

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._daemon is not None:
            (self._folder / "conf").write_text(SUPERVISED.format(folder=self._folder))
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": self._folder}
            self._server = subprocess.Popen([self._daemon, "-n", "-c", str(self._folder / "conf")], **quiet)
            wait_for((self._folder / "socket").exists)
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.terminate()
            self._server.wait(30)

    def once(self) -> None:
        self._say("start", "once")
        while "EXITED" not in self._say("status", "once"):
            time.sleep(0.01)

    def start_quiet(self) -> None:
        self._say("start", "quiet:*")

    def pids(self) -> list[int]:
        return [self._server.pid] if self._server else []


def _named(mark: bytes) -> list[tuple[int, bytes]]:
    """(pid, command) of every process with `mark` in its environment."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append((int(folder.name), (folder / "cmdline").read_bytes()))
    return found

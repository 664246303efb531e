"""trainui run as a process of its own, forked from one that has it imported: most of a short command is imports.

`python -m tests.warm` serves what is asked on the socket that is its stdin, until that ends; `Warm().run(words, …)` asks.
What forks cannot show (imports, start-up, an inherited stdout) is tested by tests/cli/test_fresh.py.
"""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from trainui.cli import VERBS, main

AT_BIRTH = ("PYTHON", "LC_", "LANG", "TZ", "COVERAGE", "MALLOC_")
"""Variables an interpreter heeds only when it starts."""
LONGEST = 1 << 17
"""Bytes of what is asked in one message."""


class Warm:
    """Starts the server, which ends when this process does, and runs commands by it."""

    def __init__(self) -> None:
        self._born = _at_birth(dict(os.environ))
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "tests.warm"], stdin=theirs, cwd=Path(__file__).parents[1]
            )

    def serves(self, env: dict[str, str]) -> bool:
        """Whether a command with these variables runs as it would in a fresh interpreter."""
        return _at_birth(env) == self._born

    def run(
        self, words: tuple[str, ...], *, cwd: Path, env: dict[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """As `subprocess.run` with `trainui WORDS`, stdin empty and the output captured."""
        asked = json.dumps({"words": words, "cwd": str(cwd), "env": env}).encode()
        assert len(asked) < LONGEST
        mine, theirs = socket.socketpair()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, mine:
            with theirs:
                socket.send_fds(self._line, [asked], [out.fileno(), err.fileno(), theirs.fileno()])
            mine.settimeout(timeout)
            answers = mine.makefile()
            pid = _number(answers.readline())
            try:
                code = _number(answers.readline())
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                raise subprocess.TimeoutExpired(words, timeout) from None
            texts = [_text(one) for one in (out, err)]
        return subprocess.CompletedProcess(["trainui", *words], code, texts[0], texts[1])


def _number(answer: str) -> int:
    assert answer, "the process that runs the commands is dead"
    return int(answer)


def _text(file: Any) -> str:
    file.seek(0)
    return io.TextIOWrapper(file, encoding="utf-8").read()


def _at_birth(env: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in env.items() if key.startswith(AT_BIRTH)}


def serve() -> int:
    """Answer until stdin ends; in a fork, the exit code of the command it ran."""
    for name in set(VERBS.values()):
        import_module(f"trainui.cli.{name}")
    assert len(os.listdir("/proc/self/task")) == 1, "a fork of threads may hang"
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for pytest, whose end is ours
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who answer
    with socket.socket(fileno=os.dup(0)) as line:
        while True:
            text, fds, _, _ = socket.recv_fds(line, LONGEST, 3)
            if not text:
                return 0
            if os.fork() == 0:
                break
            for fd in fds:
                os.close(fd)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        os.close(fds[2])
        return _become(json.loads(text), fds[:2])
    os.write(fds[2], b"%d\n" % pid)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.write(fds[2], b"%d\n" % code)
    os._exit(0)


def _become(asked: dict[str, Any], fds: list[int]) -> int:
    """Be `trainui WORDS` in its folder."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for mine, theirs in ((nothing, 0), (fds[0], 1), (fds[1], 2)):
        os.dup2(mine, theirs)
        os.close(mine)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    sys.argv[1:] = asked["words"]
    return main()


if __name__ == "__main__":
    sys.exit(serve())

"""HAND: tells people outside of the terminal, by a command of theirs or by the addresses apprise knows.

What is told goes to the command's stdin and into its environment, never through a shell: a gate's reason may hold
anything a job printed. Nobody waits for it: it runs by itself, and is killed when it takes too long.
`python -m trainui.core.acting.notify` sends what stdin says to the addresses that stdin names.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trainui.core.config import Notify

NO_APPRISE = "[notify] urls need apprise, which is not here: pip install 'trainui[notify]'"
MOST_CHARACTERS = 30_000
NOBODY = "nobody to tell: trainui.toml has no [notify]"


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What is told: a line for people, and the facts it was made of."""

    text: str
    facts: Mapping[str, str]
    """`run`, `gate`, `state`, `value`, `reason`… → what the command finds as TRAINUI_RUN, TRAINUI_GATE…"""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sending:
    process: subprocess.Popen[bytes]
    about: str
    until: float
    """Boot second at which it is killed."""


class Notifier:
    """Starts what tells people, and looks after it."""

    def __init__(self, folder: Path) -> None:
        """`folder`: where the commands run."""
        self._folder = folder
        self._sending: dict[int, _Sending] = {}
        self._troubles: list[str] = []

    def send(self, how: Notify, message: Message, *, boot: float) -> tuple[str, bool]:
        """Tell it: (what became of it, whether somebody is being told). `boot` is now, on the boot clock."""
        if not how.command and not how.urls:
            return NOBODY, False
        told, problems = [], []
        for argv, stdin in self._ways(how, message):
            try:
                if not argv:
                    raise OSError(0, NO_APPRISE)
                self._start(argv, stdin, message, until=boot + how.timeout_seconds)
            except OSError as error:
                problems.append(f"{argv[0]}: {error.strerror}" if argv else NO_APPRISE)
            else:
                told.append(Path(argv[0]).name if argv[0] != sys.executable else "apprise")
        return "; ".join([f"told by {' and '.join(told)}"] * bool(told) + problems), bool(told)

    def _ways(self, how: Notify, message: Message) -> list[tuple[list[str], str]]:
        ways = [(list(how.command), message.text)] if how.command else []
        if how.urls:
            has_apprise = importlib.util.find_spec("apprise") is not None
            argv = [sys.executable, "-m", "trainui.core.acting.notify"] if has_apprise else []
            ways.append((argv, json.dumps({"urls": how.urls, "text": message.text})))
        return ways

    def _start(self, argv: list[str], stdin: str, message: Message, *, until: float) -> None:
        told = os.memfd_create("trainui-notify")  # a pipe would have to be fed while it runs
        try:
            os.write(told, stdin.encode("utf-8", "replace"))
            os.lseek(told, 0, os.SEEK_SET)
            process = subprocess.Popen(
                argv,
                stdin=told,
                stdout=2,
                stderr=2,
                cwd=self._folder,
                env=_environment(message),
                start_new_session=True,
            )
        finally:
            os.close(told)
        self._sending[process.pid] = _Sending(process=process, about=argv[0], until=until)

    def attend(self, *, boot: float) -> list[str]:
        """Kill what takes too long; what went wrong since the last look, a sentence each."""
        for pid, one in list(self._sending.items()):
            if boot > one.until:
                del self._sending[pid]
                one.process.returncode = -signal.SIGKILL  # whoever reaps it does not ask here
                self._troubles.append(f"the notify command {one.about} took too long and was killed")
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
        troubles, self._troubles = self._troubles, []
        return troubles

    def ended(self, pid: int, code: int) -> None:
        """A child of this process was reaped; `code` is negative for a signal."""
        one = self._sending.pop(pid, None)
        if one is not None:
            one.process.returncode = code
            if code:
                how = f"exit {code}" if code > 0 else signal.Signals(-code).name
                self._troubles.append(f"the notify command {one.about} failed: {how}")


def _environment(message: Message) -> dict[str, str]:
    facts = {"text": message.text, **message.facts}
    told = {f"TRAINUI_{name.upper()}": _fitting(text) for name, text in facts.items()}
    return {key: value for key, value in os.environ.items() if not key.startswith("TRAINUI_")} | told


def _fitting(text: str) -> str:
    """What an environment can hold of a text: Linux starts nothing with a variable of 128 KiB."""
    return text[:MOST_CHARACTERS].replace("\0", "").encode("utf-8", "replace").decode()


def main() -> int:
    """Send `{"urls": [...], "text": "..."}` from stdin through apprise."""
    import apprise  # the optional extra trainui[notify]

    told = json.load(sys.stdin)
    sender = apprise.Apprise()
    for url in told["urls"]:
        sender.add(url)
    return 0 if sender.notify(title="trainui", body=told["text"]) else 1


if __name__ == "__main__":
    sys.exit(main())

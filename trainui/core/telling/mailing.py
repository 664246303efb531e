"""HAND: hands one message to the sendmail of this machine, as RFC 5322 wants it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.policy import default
from email.utils import formatdate
from typing import Any

from trainui.core.telling.posting import Answer

PLACES = ("/usr/sbin/sendmail", "/usr/lib/sendmail", "/usr/bin/msmtp")
NONE = "there is no sendmail here (install one, or say which in [notify.mail] sendmail)"
TEMPORARY = 75
"""How sendmail says that it may work later."""


def program(told: Sequence[str]) -> list[str]:
    """The sendmail to run; [] where there is none."""
    if told:
        return list(told)
    found = shutil.which("sendmail") or next((one for one in PLACES if os.access(one, os.X_OK)), "")
    return [found] if found else []


def mail(told: Mapping[str, Any], *, to: Sequence[str], sender: str, at: float) -> bytes:
    """A message as it goes to sendmail. What came from a job is in no header unless it is one line of plain text."""
    message = EmailMessage(policy=default)
    message["Subject"] = _line(str(told["title"]))
    message["To"] = ", ".join(to)
    if sender:
        message["From"] = sender
    message["Date"] = formatdate(at, localtime=True)
    message["Message-ID"] = f"<{told['id']}@{_line(socket.gethostname()) or 'trainui'}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Trainui-Id"] = str(told["id"])
    if told.get("critical"):
        message["Importance"] = "high"
    text = str(told["text"]).replace("\0", "").encode("utf-8", "replace").decode()
    message.set_content(text + "\n", charset="utf-8")
    return message.as_bytes()


def deliver(told: Mapping[str, Any], how: Mapping[str, Any], *, timeout: float) -> Answer:
    """Hand a message to sendmail. Raises subprocess.TimeoutExpired."""
    argv = program(how["sendmail"])
    if not argv:
        return Answer(is_sent=False, said=NONE)
    sender = str(how["sender"])
    words = [*argv, "-i", *(["-f", sender] if sender else []), "--", *how["to"]]
    body = mail(told, to=how["to"], sender=sender, at=time.time())
    try:
        done = subprocess.run(
            words, input=body, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=timeout
        )
    except OSError as error:
        return Answer(is_sent=False, said=f"{argv[0]}: {error.strerror}")
    if done.returncode == 0:
        return Answer(is_sent=True, said=f"{os.path.basename(argv[0])} took it")
    lines = done.stderr.decode("utf-8", "replace").split("\n")
    why = next((_line(line)[:120] for line in reversed(lines) if line.strip()), "")
    later = " (it may work later)" if done.returncode == TEMPORARY else ""
    return Answer(is_sent=False, said=f"{argv[0]}: exit {done.returncode}{later}{': ' if why else ''}{why}")


def _line(text: str) -> str:
    """One line of printable text, so that it can be a header."""
    plain = text.encode("utf-8", "replace").decode()
    return " ".join("".join(one if one.isprintable() else " " for one in plain).split())

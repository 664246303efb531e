"""HAND: what a child process is told to carry, and how it is started and heard."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trainui.core.config import Notify
from trainui.core.store.outbox import Message
from trainui.core.telling.words import Letter

VERSION = 1
"""Of the document that a webhook of form json gets."""


def order(
    channel: str, notify: Notify, letter: Letter, messages: Sequence[Message], *, number: str, project: Path
) -> dict[str, Any]:
    """What the child needs to know, as JSON takes it. `number`: the same for every try of the same messages."""
    return {
        "channel": channel,
        "timeout": notify.timeout_seconds,
        "folder": str(project),
        "how": _how(channel, notify),
        "env": _environment(messages),
        "told": {
            "version": VERSION,
            "id": number,
            "project": project.resolve().name,
            "host": socket.gethostname(),
            "title": letter.title,
            "text": letter.text,
            "critical": letter.is_critical,
            "maybe_again": letter.is_unsure,
            "messages": [
                {
                    "kind": one.kind,
                    "subject": one.subject,
                    "at": one.at,
                    "text": one.text,
                    "critical": one.is_critical,
                    "facts": dict(one.facts),
                }
                for one in messages
            ],
        },
    }


def number_of(origin: str, channel: str, messages: Sequence[Message]) -> str:
    """What these messages are called together through this channel; `origin` is of one runs.db alone."""
    text = f"{origin} {channel} {' '.join(str(one.id) for one in messages)}"
    return f"trainui-{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def _how(channel: str, notify: Notify) -> dict[str, Any]:
    hook, mail = notify.webhook, notify.mail
    if channel == "command":
        return {"command": notify.command}
    if channel == "urls":
        return {"urls": notify.urls}
    if channel == "mail" and mail is not None:
        return {"to": mail.to, "sender": mail.sender, "sendmail": mail.sendmail}
    if channel == "webhook" and hook is not None:
        return {
            "form": hook.form,
            "url": hook.url,
            "url_env": hook.url_env,
            "url_file": hook.url_file,
            "token_env": hook.token_env,
            "token_file": hook.token_file,
            "allow_http": hook.allow_http,
        }
    raise ValueError(channel)


def _environment(messages: Sequence[Message]) -> dict[str, str]:
    """What a command finds as TRAINUI_KIND, TRAINUI_RUN…; of several messages only how many there are."""
    if len(messages) == 1:
        (one,) = messages
        return {"count": "1", "run": one.subject.removeprefix("study:"), **one.facts, "kind": one.kind}
    return {"count": str(len(messages)), "kind": "digest"}


def start(told: Mapping[str, Any], outcome: str, *, folder: Path, stdout: int = 2) -> subprocess.Popen[bytes]:
    """Start the child in a session of its own. Raises OSError."""
    stdin = os.memfd_create("trainui-telling")  # a pipe would have to be fed while it runs
    try:
        os.write(stdin, json.dumps(told).encode())
        os.lseek(stdin, 0, os.SEEK_SET)
        return subprocess.Popen(
            [sys.executable, "-m", "trainui.core.telling.errand", outcome],
            stdin=stdin,
            stdout=stdout,
            stderr=2,
            cwd=folder,
            start_new_session=True,
        )
    finally:
        os.close(stdin)

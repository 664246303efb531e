"""HAND: sends a message at once and says what each channel answered; nothing is kept of it."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from trainui.core.config import Notify
from trainui.core.store.outbox import Message
from trainui.core.telling.order import order, start
from trainui.core.telling.posting import Answer
from trainui.core.telling.words import letter

TEXT = "this is a test: whoever reads it is told of what runs do"
GRACE = 10.0


def try_channels(notify: Notify, channels: Sequence[str], *, project: Path) -> dict[str, Answer]:
    """Send a test through each of these channels, all at once; channel → what it answered."""
    message = Message(id=0, at=time.time(), kind="test", subject="", text=TEXT)
    said = letter([message], project=project.resolve().name)
    children = {}
    for channel in channels:
        number = f"trainui-test-{secrets.token_hex(8)}"
        told = order(channel, notify, said, [message], number=number, project=project)
        children[channel] = start(told, "-", folder=project, stdout=subprocess.PIPE)
    until = time.monotonic() + notify.timeout_seconds + GRACE
    return {channel: _heard(child, until) for channel, child in children.items()}


def _heard(child: subprocess.Popen[bytes], until: float) -> Answer:
    try:
        out, _ = child.communicate(timeout=max(0.0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        return Answer(is_sent=False, said="it took too long and was killed", is_late=True)
    try:
        word = json.loads(out.decode("utf-8", "replace").strip().rpartition("\n")[2])
    except ValueError:
        return Answer(is_sent=False, said="its process broke")
    return Answer(is_sent=bool(word["is_sent"]), said=str(word["said"]))

"""HAND: what a terminal is told: its bell, and the sequences OSC 9 and OSC 777 that some show as a notification.

Inside tmux they reach the terminal only where its user lets them pass; GNU screen lets none pass.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

BELL, ESCAPE = "\a", "\x1b"
MOST = 200
"""Characters of a notification; terminals cut, or drop, what is longer."""
PATIENCE = 2.0
NO_TMUX = "tmux does not let it pass (set -g allow-passthrough on)"
NO_SCREEN = "screen does not let it pass"


def flat(text: str) -> str:
    """One short line without a control character, so that nothing in it ends the sequence or begins another."""
    plain = "".join(one if one.isprintable() else " " for one in text)
    line = " ".join(plain.split())
    return line if len(line) <= MOST else line[: MOST - 1] + "…"


def sequences(ways: Sequence[str], text: str, *, project: str, in_tmux: bool = False) -> str:
    """What is written to the terminal for `bell`, `osc 9`, `osc 777`."""
    title, body = flat(f"trainui {project}").replace(";", ","), flat(text)
    out = BELL if "bell" in ways else ""
    if "osc 9" in ways:  # `9;4;…` draws progress in some terminals: the text never begins with a number
        out += _through(f"{ESCAPE}]9;{title}: {body}{BELL}", in_tmux)
    if "osc 777" in ways:
        out += _through(f"{ESCAPE}]777;notify;{title};{body}{BELL}", in_tmux)
    return out


def _through(sequence: str, in_tmux: bool) -> str:
    return f"{ESCAPE}Ptmux;{sequence.replace(ESCAPE, ESCAPE * 2)}{ESCAPE}\\" if in_tmux else sequence


def why_not(env: Mapping[str, str]) -> str:
    """Why no sequence reaches the terminal; '' when it does. May ask tmux, which takes a moment."""
    if env.get("TMUX"):
        try:
            told = subprocess.run(
                ["tmux", "show", "-Apv", "allow-passthrough"],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, env=dict(env),
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return NO_TMUX
        return "" if told.stdout.strip() in ("on", "all") else NO_TMUX
    return NO_SCREEN if env.get("STY") else ""


def ring(ways: Sequence[str], text: str, *, project: str) -> str:
    """Tell the terminal of stdout; why it was not told of what is more than a bell, or ''."""
    env = os.environ
    refused = why_not(env) if any(way != "bell" for way in ways) else ""
    told = [way for way in ways if way == "bell"] if refused else ways
    sys.stdout.write(sequences(told, text, project=project, in_tmux=bool(env.get("TMUX"))))
    sys.stdout.flush()
    return refused

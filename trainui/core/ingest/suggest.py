"""Names for the numbers of a line, from the words before them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from trainui.core.ingest.dialects.names import PHASES, is_prose, metric_name
from trainui.core.ingest.fields import axis_of

GLUED_AXES = re.compile(
    r"(?<![^\W_])(?:(?P<epoch>epochs?|ep?)|(?P<step>steps?|iter(?:ation)?|it|s))[_-]?$", re.I
)
"""Letters right before a number that say where we are: `E3`, `step100`."""

_NAMED = re.compile(
    r"(?P<name>[A-Za-z_][\w@/.%+\-]*(?:[ ](?:[A-Za-z_][\w@/.%+\-]*|\([\w ]+\))){0,3})"
    r"[\"']?(?:\s+(?:is|was))?[\s:=~≈(\[<|*#]*$"
)
_LEVEL = re.compile(r"^(?:(?:DEBUG|INFO|WARNING|ERROR|train_inner)\b[\s:|\-]*)+")
_UNIT = re.compile(
    r"^(?:ms|us|s|secs?|seconds|mins?|h|hours?|it|[KMGkmg]i?B?|dB|Hz|BPC|bits?|nats|px|samples|tokens)\s+"
)
_SHORT_AXES = {"ep": "epoch", "e": "epoch", "it": "step", "itr": "step"}
_TOTALS = {"epoch": "total_epochs", "step": "total_steps"}
_OF = re.compile(r"\s*(?:/|of)\s*", re.I)
_LOOKED_BACK = 80


def suggestions(text: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    """A name for each number of `text` (start, end), "" where its words say nothing. No name comes twice.

    A name that comes twice belongs to the phase that was named before it: `train loss 1 acc 2 | val loss 3 acc 4`.
    """
    names: list[str] = []
    phases: list[str] = []
    end, phase = 0, ""
    for start, stop in spans:
        gap = text[max(end, start - _LOOKED_BACK) : start]
        last = names[-1] if names else ""
        if last in _TOTALS and _OF.fullmatch(gap):
            names.append(_TOTALS[last])
        elif end and not any(map(str.isalpha, gap)):
            names.append("")
        else:
            phase = _phase_in(gap) or phase
            names.append(_name(gap, is_first=not end))
        phases.append(phase)
        end = stop
    count = Counter(names)
    told: list[str] = []
    for name, phase in zip(names, phases, strict=True):
        full = f"{phase}/{name}" if count[name] > 1 and phase and "/" not in name else name
        told.append("" if full in told else full)
    return told


def _phase_in(gap: str) -> str:
    words = re.findall(r"[A-Za-z]+", gap)
    return next((PHASES[word.lower()] for word in reversed(words) if word.lower() in PHASES), "")


def _name(gap: str, *, is_first: bool) -> str:
    gap = _LEVEL.sub("", gap) if is_first else _UNIT.sub("", gap.lstrip())
    if (glued := GLUED_AXES.search(gap)) is not None:
        return str(glued.lastgroup)
    match = _NAMED.search(gap)
    if match is None:
        return ""
    words = match["name"]
    last = words.split()[-1].lower().strip("_.-/")
    if axis := axis_of(last) or _SHORT_AXES.get(last, ""):
        return axis
    parts = words.split()
    rests = (" ".join(parts[at:]) for at in range(len(parts)))
    return next((name for rest in rests if not is_prose(rest) and (name := metric_name(rest))), "")

"""Which way a metric should go, when nobody has said so."""

from __future__ import annotations

import re
from collections.abc import Mapping

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
FALLING = frozenset({"mae", "mse", "err", "wer", "cer", "der", "ppl", "eer"})
FALLING_PARTS = ("loss", "rmse", "error", "perplexity")


def default_goal(metric: str) -> str:
    """`min` for losses and error rates, else `max`. Short names count as whole words: `order` is no `der`."""
    lowered = metric.lower()
    if any(part in lowered for part in FALLING_PARTS):
        return "min"
    words = {word.lower() for word in WORD.findall(metric)}
    return "min" if words & FALLING else "max"


def goal_of(metric: str, goals: Mapping[str, str]) -> str:
    """What the spec says of `metric`, or what its name suggests."""
    return goals.get(metric) or default_goal(metric)

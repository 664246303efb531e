"""Rounds of boosted trees: XGBoost, LightGBM (`[10]\ttrain-rmse:0.5`) and CatBoost (`10:\tlearn: 0.5`)."""

from __future__ import annotations

import re

from trainui.core.ingest.dialects.found import Found
from trainui.core.ingest.dialects.names import metric_name
from trainui.core.ingest.numbers import NUMBER, float_of

_ROUND = re.compile(r"(?:\[(?P<n>\d+)\]|(?P<cat>\d+):(?=\t?\s*(?:learn|test)\b))\s+(?=[A-Za-z])")
_RESULT = re.compile(
    rf"(?P<name>[A-Za-z][\w@.\-]*(?:'s [\w@.\-]+(?: [\w@.\-]+)?)?)\s?:\s?(?P<value>{NUMBER})"
    rf"(?:\s?[±+]-?\s?{NUMBER})?(?:\s\(\d+\))?(?=\s|$)\s*"
)
_CLOCKS = re.compile(r"(?:total|remaining|passed):.*$")


def read_round(text: str) -> Found | None:
    """A round and its results, and nothing else on the line."""
    head = _ROUND.match(text)
    if head is None:
        return None
    found = Found(step=int(head["n"] or head["cat"]))
    rest = _CLOCKS.sub("", text[head.end() :]).rstrip()
    at = 0
    while match := _RESULT.match(rest, at):
        if name := _name(match["name"]):
            found.metrics[name] = float_of(match["value"])
        at = match.end()
    return found if found.metrics and at == len(rest) else None


def _name(words: str) -> str:
    data, mark, metric = words.partition("'s ")
    return f"{metric_name(data)}/{metric_name(metric)}" if mark else metric_name(words)

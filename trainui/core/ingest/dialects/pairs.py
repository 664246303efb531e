"""Names with values: `loss: 0.5 | acc=61.5%`, `train loss 12.65 BPC, val loss 12.64 BPC`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from trainui.core.ingest.dialects.names import PHASES, is_prose, metric_name
from trainui.core.ingest.numbers import NUMBER, float_of

_WORD = r"[A-Za-z_#@][\w@#%./+\-]{0,40}"
_NAME = rf"(?P<name>{_WORD}(?:[ ](?:{_WORD}|\([^()]{{1,30}}\))){{0,5}}?)"
_UNIT = (
    r"(?P<unit>\s?%|[A-Za-zµ°]{1,8}(?:/[A-Za-zµ]{1,8})?(?![\w(])"
    r"|\s(?:ms|us|s|secs?|seconds|mins?|h|hours?|it/s|[KMG]i?B|dB|Hz|BPC|bits?|nats|px)(?![\w/]|\s*[:=]))?"
)
# What comes after a number decides whether it was one: 2020-02-26, 7:58:20, 1.2.3.4, 579e621f are none.
_VALUE = rf"[~≈]?(?P<value>{NUMBER}){_UNIT}(?![\w])(?![-/:.]\d)(?:\s*\(\s*[^()]{{1,40}}\))?"
_RATIO = r"\d+\s*/\s*\d+\s*\(\s*(?P<percent>\d+(?:\.\d+)?)\s*%\s*\)"

_SEPARATED = re.compile(rf"(?<![\w/.]){_NAME}\s*(?:[:=]\s+|[:=](?!\.))(?:{_RATIO}|{_VALUE})")
_SPACED = re.compile(rf"{_NAME}(?:\s+is)?\s+{_VALUE}(?:\s+[A-Za-z%/]{{1,10}})?\s*")
_ROW = re.compile(rf"\s*{_NAME}\s+{_VALUE}(?=\s|$)")
_CUT = re.compile(r"\t|\||;|,(?!\d)|,(?=\d{4})|\s[-–—•·]\s|\s→\s")
_REST = re.compile(r"[\s.,:;!*|\[\]()<>=\-–—_]*")
_TITLE = re.compile(
    r"[\[(<]?\s*(?P<phase>[A-Za-z]+)\s*[\])>]?(?:\s+(?:set|results?|metrics|stats|phase|step))?\s*[:\-|\])>]+\s*"
)
_MAX_PAIRS = 200


class Pair(NamedTuple):
    """A name and its number; `is_precise` when the number is a decimal, a percentage, nan or inf."""

    words: str
    value: float
    is_precise: bool


def pairs_in(text: str) -> tuple[list[Pair], bool]:
    """The pairs of a text, and whether nothing but pairs was found in it."""
    pairs: list[Pair] = []
    clean = True
    segments = [segment for segment in map(_trimmed, _CUT.split(text)) if segment]
    for number, segment in enumerate(segments[:_MAX_PAIRS]):
        phase, segment = phase_of(segment)
        found, tidy = _in_segment(segment)
        if not found and not number and not any(map(str.isdigit, segment)) and len(segment.split()) <= 4:
            tidy = True  # a title: `End of training | test loss 4.01`
        clean = clean and tidy
        pairs += [pair._replace(words=f"{phase} {pair.words}") if phase else pair for pair in found]
    return pairs, clean


def phase_of(text: str) -> tuple[str, str]:
    """The phase a line or a bar is titled with (`[Val] …`, `Test set: …`), and what follows the title."""
    match = _TITLE.match(text)
    if match is not None and match["phase"].lower() in PHASES:
        return PHASES[match["phase"].lower()], text[match.end() :]
    return "", text


def metrics_of(pairs: Sequence[Pair], phase: str = "") -> dict[str, float]:
    """The pairs that are metrics. A name that comes twice belongs to the phase named before it:
    `Train Loss: 0.5, Acc: 61 | Val Loss: 0.6, Acc: 58`."""
    count = Counter(metric_name(pair.words, phase) for pair in pairs)
    metrics: dict[str, float] = {}
    carried = ""
    for pair in pairs:
        name = metric_name(pair.words, phase)
        folder = name.partition("/")[0]
        if folder in PHASES.values() and folder != name:
            carried = folder
        elif carried and count[name] > 1:
            name = metric_name(pair.words, carried)
        if name:
            metrics[name] = pair.value
    return metrics


def _in_segment(segment: str) -> tuple[list[Pair], bool]:
    if (spaced := _SPACED.fullmatch(segment)) is not None:
        return _unless_prose([spaced])
    separated = list(_SEPARATED.finditer(segment))
    if separated:
        ends = [0, *(match.end() for match in separated)]
        starts = [*(match.start() for match in separated), len(segment)]
        gaps = zip(ends, starts, strict=True)
        return [_pair(match) for match in separated], all(_REST.fullmatch(segment, *gap) for gap in gaps)
    if (row := list(_row(segment))) and row[-1].end() == len(segment):
        return _unless_prose(row)
    spaced = _SPACED.fullmatch(segment.rpartition(": ")[2])
    return _unless_prose([spaced]) if spaced is not None else ([], False)


def _row(segment: str) -> Iterator[re.Match[str]]:
    """Pairs with nothing but blanks between and within them: `loss 0.512  val_mae 91.2 ms  lr 1.0e-03`."""
    at = 0
    while match := _ROW.match(segment, at):
        yield match
        at = match.end()


def _unless_prose(matches: Sequence[re.Match[str]]) -> tuple[list[Pair], bool]:
    if any(is_prose(match["name"]) for match in matches):
        return [], False
    return [_pair(match) for match in matches], True


def _pair(match: re.Match[str]) -> Pair:
    groups = match.groupdict()
    if groups.get("percent"):
        return Pair(match["name"], float(match["percent"]), True)
    text = match["value"]
    return Pair(
        match["name"], float_of(text), not text.lstrip("+-").isdigit() or "%" in (match["unit"] or "")
    )


def _trimmed(segment: str) -> str:
    return segment.strip(" *\t")

"""Names with values: `loss: 0.5 | acc=61.5%`, `train loss 12.65 BPC, val loss 12.64 BPC`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trainui.core.ingest.dialects.found import Found
from trainui.core.ingest.dialects.names import PHASES, is_measure, is_phased, is_prose, metric_name
from trainui.core.ingest.fields import axis_of
from trainui.core.ingest.numbers import NUMBER, float_of

_WORD = r"[A-Za-z_#@][\w@#%./+\-]{0,40}"
_NAME = rf"(?P<name>{_WORD}(?:[ ](?:{_WORD}|\([^()]{{1,30}}\))){{0,5}}?)"
_UNIT = r"(?:\s?%|[A-Za-zµ°]{1,8}(?:/[A-Za-zµ]{1,8})?(?![\w(]))?"
# What comes after a number decides whether it was one: 2020-02-26, 7:58:20, 1.2.3.4, 579e621f are none.
_VALUE = rf"[~≈]?(?P<value>{NUMBER}){_UNIT}(?![\w])(?![-/:.]\d)(?P<average>\s*\(\s*[^()]{{1,40}}\))?"
_RATIO = r"\d+\s*/\s*\d+\s*\(\s*(?P<percent>\d+(?:\.\d+)?)\s*%\s*\)"

_SEPARATED = re.compile(rf"(?<![\w/.]){_NAME}\s*(?:[:=]\s+|[:=](?!\.))(?:{_RATIO}|{_VALUE})")
_SPACED = re.compile(rf"{_NAME}\s+{_VALUE}(?:\s+[A-Za-z%/]{{1,10}})?\s*")
_CUT = re.compile(r"\t|\||;|,(?!\d)|,(?=\d{4})|\s[-–—•·]\s|\s→\s")
_REST = re.compile(r"[\s.,:;!*|\[\]()<>=\-–—_]*")
_TITLE = re.compile(
    r"[\[(<]?\s*(?P<phase>[A-Za-z]+)\s*[\])>]?(?:\s+(?:set|results?|metrics|stats|phase|step))?\s*[:\-|\])>]+\s*"
)
_ETA = re.compile(r"\beta:?\s*(?:\d+ days?,\s*)?[\d:]+\s*,?", re.IGNORECASE)
_CODE = ("return ", "#", "+ ", "++ ", "assert ", "self.", "if ", "def ", "$ ")
_MAX_PAIRS = 200


def pairs_in(text: str) -> tuple[list[tuple[str, float, bool]], bool]:
    """Every (name, value, whether it has a decimal part), and whether nothing but pairs was found."""
    pairs: list[tuple[str, float, bool]] = []
    clean = True
    segments = [segment for segment in map(str.strip, _CUT.split(text)) if segment]
    for number, segment in enumerate(segments[:_MAX_PAIRS]):
        spaced = _SPACED.fullmatch(segment)
        if spaced is None and _SEPARATED.search(segment) is None:
            spaced = _SPACED.fullmatch(segment.rpartition(": ")[2])
        if spaced is not None:
            if not is_prose(spaced["name"]):
                pairs.append(_pair(spaced))
            else:
                clean = False
            continue
        end = 0
        for match in _SEPARATED.finditer(segment):
            clean = clean and _REST.fullmatch(segment, end, match.start()) is not None
            pairs.append(_pair(match))
            end = match.end()
        if end or number:
            clean = clean and _REST.fullmatch(segment, end) is not None
        elif any(map(str.isdigit, segment)) or len(segment.split()) > 4:
            clean = False
    return pairs, clean


def _pair(match: re.Match[str]) -> tuple[str, float, bool]:
    groups = match.groupdict()
    if groups.get("percent"):
        return match["name"], float(match["percent"]), True
    text = match["value"]
    return match["name"], float_of(text), not text.lstrip("+-").isdigit()


def phase_of(text: str) -> tuple[str, str]:
    """The phase a line or a bar is titled with (`[Val] …`, `Test set: …`), and what follows the title."""
    match = _TITLE.match(text)
    if match is not None and match["phase"].lower() in PHASES:
        return PHASES[match["phase"].lower()], text[match.end() :]
    return "", text


def metrics_in(text: str, phase: str = "") -> dict[str, float]:
    """All metrics of a text that is known to be a report."""
    return dict(_named(pairs_in(text)[0], phase))


def fill(found: Found, pairs: list[tuple[str, float, bool]]) -> None:
    """Put pairs into `found`: an axis among them (`… | epoch: 1`) where the head named none, the rest as metrics."""
    metrics = []
    for pair in pairs:
        words, value, _ = pair
        axis = axis_of(words.lower())
        if not axis:
            metrics.append(pair)
        elif axis == "epoch" and found.epoch is None and value - value == 0:
            found.epoch = value
        elif axis == "step" and found.step is None and value - value == 0 and value == int(value):
            found.step = int(value)
    found.metrics.update(_named(metrics, found.phase))


def _named(pairs: list[tuple[str, float, bool]], phase: str) -> Iterator[tuple[str, float]]:
    for words, value, _ in pairs:
        name = metric_name(words, phase)
        if name:
            yield name, value


def read_pairs(text: str, *, indented: bool, is_under_way: bool) -> Found | None:
    """A line that does not say where it belongs. It must be pairs and nothing else, and one of them a result.

    Before training is under way, settings are printed: then only what cannot be one is believed.
    """
    phase, rest = phase_of(text)
    if (indented and "=" in rest) or rest.startswith(_CODE):
        return None
    pairs, clean = pairs_in(_ETA.sub("", rest))
    pairs = [pair for pair in pairs if not is_prose(pair[0])]
    if not pairs or not clean:
        return None
    sure = is_under_way or bool(phase)
    if not any(
        is_measure(words) and (sure or is_decimal or is_phased(words)) for words, _, is_decimal in pairs
    ):
        return None
    found = Found(phase=phase)
    fill(found, pairs)
    return found if found.metrics else None

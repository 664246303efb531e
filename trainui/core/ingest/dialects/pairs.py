"""Names with values: `loss: 0.5 | acc=61.5%`, `train loss 12.65 BPC, val loss 12.64 BPC`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from trainui.core.ingest.dialects.names import PHASES, is_measure, is_prose, metric_name
from trainui.core.ingest.numbers import NUMBER, float_of

# A letter, or `3D`; thresholds stay in the name: `recall@thr=0.5: 0.9`.
_WORD = r"(?:[^\W\d]|[#@]|[1-4][dD](?=\s))[\w@#%./+\-]{0,40}(?:=[\d.:]{1,9}(?=:\s))?"
# Up to six words, among them `top 1` and `(8-bit)`; the last may have a remark: `F1(weighted)`.
_NAME = (
    rf"(?P<name>{_WORD}(?:[ ](?:{_WORD}|\([^()]{{1,30}}\)|\d{{1,3}}(?=\s[A-Za-z]))){{0,5}}?"
    r"(?:\([A-Za-z@\d _.\-]{1,20}\))?)"
)
_UNIT = (
    r"(?P<unit>\s?%|[A-Za-zµ°]{1,8}(?:/[A-Za-zµ]{1,8})?(?![\w(])"
    r"|\s(?:ms|us|s|secs?|seconds|mins?|h|hours?|it/s|[KMG]i?B|dB|Hz|BPC|bits?|nats|px)(?![\w/]|\s*[:=]))?"
)
# What comes after a number decides whether it was one: 2020-02-26, 7:58:20, 1.2.3.4, 579e621f, 0,95 are none.
_SPREAD = rf"(?:\s?(?:±|\+/-|\+-)\s?{NUMBER}\s?%?)?"
_VALUE = rf"[~≈$€£]?(?P<value>{NUMBER}){_UNIT}(?![\w])(?![-/:.,]\d){_SPREAD}(?:\s*\(\s*[^()]{{1,40}}\))?"
_RATIO = r"\d+\s*/\s*\d+\s*\(\s*(?P<percent>\d+(?:\.\d+)?)\s*%\s*\)"

_SEPARATED = re.compile(
    rf"(?<![\w/.]){_NAME}\s*(?:[:=≈]\s+|[:=≈](?!\.))(?:{_RATIO}|{_VALUE}(?!\s+[-+]?\d+\.\d))"
)
_SPACED = re.compile(rf"{_NAME}(?:\s+is)?\s+{_VALUE}(?:\s+[A-Za-z%/]{{1,10}})?\s*")
_ROW = re.compile(rf"\s*{_NAME}\s+{_VALUE}(?=\s|$)")
_FRACTION = re.compile(rf"(?:\s+{_NAME}\s+\d+/\d+)?\s*")  # `… valid acc 15/16`: of the whole, nobody knows
_CUT = re.compile(
    r"(\t|\||;|,(?!\d)|,(?=\d{4})|\s[-–—•·]\s|\s→\s|\.\s+(?=[A-Z])|(?:(?<=\d)|(?<=nan))/(?=[A-Za-z]\w*\s?[:=]))"
)
# Marks and emoji between and after pairs, and the remark that it was the best so far.
_REST = re.compile(r"[^\w'\"{}$\\]*(?:(?:new )?best[^\w'\"{}$\\]*)?", re.IGNORECASE)
_TITLE = re.compile(
    rf"[\[(<*]*\s*(?:evaluating\s+(?:on\s+)?(?=[a-z]+\s?:))?(?P<phase>{'|'.join(PHASES)})\b\s*[\])>]?"
    r"(?:\s+(?:set|results?|metrics|stats|statistics|phase|step|summary|performance|completed?|finished"
    r"|net output #\d+)"
    r"|\s+on '\w+' subset|\s+\[\d+ \w+\](?=\s)|(?P<info>\s+info\s))?"
    r"\s*(?:[:\-|\])>]+\s*|\.\s+(?=[A-Z])|(?<=\])|(?(info)(?=\w)|(?!)))",
    re.IGNORECASE,
)
_HEADING = re.compile(
    r"[*\s\[]*(?:\w{1,20}\s+){0,3}"
    r"(?:stats|statistics|results?|metrics|summary|performance|scores?|complete[d!]*|done|finished)\s*[:!,.\-\]]>?\s*(?=[^\W\d])(?!nan|inf)",
    re.IGNORECASE,
)
_GROUP = re.compile(r"\b(?P<name>[A-Za-z]\w*)\[(?P<inside>[A-Za-z]\w*=[^\[\]]{0,400})\]")
_DICT = re.compile(r"\b(?P<name>[A-Za-z]\w*)\s?[=:]\s?\{(?P<inside>['\"][^{}]{0,1500})\}")
_ITEM = re.compile(r"""['"](?P<key>[\w@./\-]{1,60})['"]\s*:\s*""")
_SHORT = re.compile(rf"\b({'|'.join(PHASES)}|avg)\.(?=\s+[A-Za-z])", re.IGNORECASE)
_ALIGNED = re.compile(rf"[\W_]*(?:{'|'.join(PHASES)})\b(?P<gap>[ ]{{2,8}})(?=[A-Za-z])", re.IGNORECASE)
_FIELDS = re.compile(r"([A-Za-z]\w*)=")
_ANY = re.compile(r"\d|\b(?:nan|inf)", re.IGNORECASE)
_FOLDERS = frozenset(PHASES.values())
_LONE = re.compile(rf"{_VALUE}\W*")
_MAX_PAIRS = 200


class Pair(NamedTuple):
    """A name and its number; `is_precise` when the number is a decimal, a percentage, nan or inf.

    `part` counts the parts of the line between bars: a phase that is named holds to the end of its part.
    """

    words: str
    value: float
    is_precise: bool
    part: int = 0


def pairs_in(text: str, *, strictly: bool = False) -> tuple[list[Pair], bool]:
    """The pairs of a text; and, when asked `strictly`, whether nothing else is in it: it stops where something is."""
    pairs: list[Pair] = []
    clean = True
    part, held, seen = 0, "", False
    if "[" in text:
        text = _GROUP.sub(_ungrouped, text)
    if "={'" in text or ": {'" in text:
        text = _DICT.sub(_flattened, text)
    if "←" in text:
        text = text.partition("←")[0]
    if ". " in text:
        text = _SHORT.sub(r"\1", text)
    if "   " in text and (aligned := _ALIGNED.match(text)) is not None:
        text = (
            text[: aligned.start("gap") + 1] + text[aligned.end() :]
        )  # `Val   Loss: 0.5` under `Train Loss: 0.4`
    pieces = _CUT.split(text)
    for number in range(0, min(len(pieces), 2 * _MAX_PAIRS), 2):
        part += number > 0 and pieces[number - 1] in "|;\t"
        segment = pieces[number].strip(" *\t")
        if not segment:
            continue
        is_first, seen = not seen, True
        is_bracketed = segment[0] == "["
        phase, segment = phase_of(segment)
        if phase and is_bracketed:
            held = phase
        if phase and segment[:1].isdigit() and (lone := _LONE.fullmatch(segment)) and "." in lone["value"]:
            pairs.append(Pair(phase, float_of(lone["value"]), True, part))  # `Train: 0.75 | Test: 0.5`
            continue
        found, tidy = _in_segment(segment, strictly)
        if (
            not found
            and is_first
            and pieces[number + 1 : number + 2] != [". "]
            and not any(map(str.isdigit, segment))
            and len(segment.split()) <= 4
        ):
            tidy = True  # a title: `End of training | test loss 4.01`
        clean = clean and tidy
        if strictly and not clean:
            return pairs, False
        phase = phase or held
        if phase or part:
            found = [
                Pair(f"{phase} {words}" if phase else words, value, is_precise, part)
                for words, value, is_precise, _ in found
            ]
        pairs += found
    return pairs, clean


def _ungrouped(match: re.Match[str]) -> str:
    """`loss[loss=0.5, ctc=0.7], tot_loss[loss=0.6]` → `loss=0.5, ctc=0.7, tot_loss/loss=0.6`."""
    inside = match["inside"]
    if inside.startswith(match["name"] + "="):
        return inside
    return _FIELDS.sub(rf"{match['name']}/\1=", inside)


def _flattened(match: re.Match[str]) -> str:
    """`train={'loss': 0.5, 'kl': 0.1}` → `train/loss=0.5, train/kl=0.1`."""
    return _ITEM.sub(rf"{match['name']}/\g<key>=", match["inside"])


def phase_of(text: str) -> tuple[str, str]:
    """The phase a line or a bar is titled with (`[Val] …`, `Test set: …`), and what follows the title."""
    match = _TITLE.match(text)
    if match is not None:
        return PHASES[match["phase"].lower()], text[match.end() :]
    return "", text


def without_heading(text: str) -> str:
    """`text` without a title that says no more than that results follow: `Averaged stats: lr: 0.1 loss: 0.5`."""
    match = _HEADING.match(text)
    return text if match is None else text[match.end() :]


def metrics_of(pairs: Sequence[Pair], phase: str = "") -> dict[str, float]:
    """The pairs that are metrics. A result without a phase belongs to the one named before it in its part of
    the line, and a name that comes twice to the last one named: `Train Loss: 0.5, Acc: 61 | Val Loss: 0.6`."""
    names = [metric_name(pair.words, phase) for pair in pairs]
    metrics: dict[str, float] = {}
    carried, part = "", 0
    for pair, name in zip(pairs, names, strict=True):
        folder, slash, _ = name.partition("/")
        if slash and folder in _FOLDERS:
            carried, part = folder, pair.part
        elif carried and (names.count(name) > 1 or (pair.part == part and is_measure(pair.words))):
            name = metric_name(pair.words, carried)
        if name:
            metrics[name] = pair.value
    return metrics


def _in_segment(segment: str, strictly: bool) -> tuple[list[Pair], bool]:
    if _ANY.search(segment) is None:
        return [], False
    if ":" in segment or "=" in segment or "≈" in segment:
        pairs: list[Pair] = []
        clean, at = True, 0
        for match in _SEPARATED.finditer(segment):
            clean = clean and strictly and _REST.fullmatch(segment, at, match.start()) is not None
            pairs.append(_pair(match))
            at = match.end()
        if pairs:
            return pairs, clean and _REST.fullmatch(segment, at) is not None
    elif (spaced := _SPACED.fullmatch(segment)) is not None:
        return _unless_prose([spaced])
    if row := list(_row(segment)):
        is_whole = _FRACTION.fullmatch(segment, row[-1].end()) is not None
        if is_whole or (not strictly and is_measure(row[0]["name"])):
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
    if is_prose(matches[0]["name"]):
        return [], False
    return [_pair(match) for match in matches if not is_prose(match["name"])], True


def _pair(match: re.Match[str]) -> Pair:
    text = match["value"]
    if text is None:
        return Pair(match["name"], float(match["percent"]), True)
    return Pair(
        match["name"], float_of(text), not text.lstrip("+-").isdigit() or "%" in (match["unit"] or "")
    )

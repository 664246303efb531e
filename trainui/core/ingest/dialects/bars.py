"""Progress bars that carry numbers: tqdm, Lightning, Keras."""

from __future__ import annotations

import re
from itertools import pairwise

from trainui.core.ingest.dialects.found import Found
from trainui.core.ingest.dialects.heads import read_head
from trainui.core.ingest.dialects.names import PHASES, is_measure
from trainui.core.ingest.dialects.pairs import metrics_of, pairs_in
from trainui.core.ingest.dialects.prefixes import without_prefix
from trainui.core.ingest.dialects.tables import read_row

_TQDM = re.compile(
    r"(?P<title>.*?):?\s*\d{1,3}%\|[^|]*\|\s*(?P<n>[\d.]+)(?P<unit>[kMGT]?)/(?P<of>[\d.]+)[kMGT]?"
    r"\s*(?:\[(?P<inside>[^\]]*)\]?)?(?P<after>.*)"
)
_ULTRALYTICS = re.compile(
    r"(?P<title>.*?):?\s{0,20}\d{1,3}%\s[━╸╺─]+\s(?P<n>\d+)(?P<unit>)/(?P<of>\d+)(?P<inside>)(?P<after>)"
)
_BARE = re.compile(
    r"(?P<title>[^\[\]]{0,60}?):?(?:\s*\d{1,3}%)?\s*\b(?P<n>\d+)(?P<unit>)(?:/(?P<of>\d+)|(?:it|steps|batch(?:es)?)\b)\s*"
    r"\[(?P<inside>\d+:\d\d[^\]]*)\](?P<after>.*)"
)
_END = re.compile(r"\[[\d:]+<[^\]]*\](?=\s*[^\s,|:])")
_EPOCHS = frozenset({"epoch", "epochs", "training epochs", "train epochs"})
_VERB = re.compile(r"training(?: progress| loop| model| steps?)?", re.IGNORECASE)
_EPOCH_LAST = re.compile(r"\bepochs?\s?[:=]?\s?\[?(?P<n>\d{1,6})(?:/(?P<of>\d{1,6}))?\]?\W*$", re.IGNORECASE)
_CLOCKS = re.compile(r"\s*[\d:?]+<[^,]*,[^,]*(?:,\s*)?|\s*[\d:]+(?: •[^,]*)?(?:,\s*|$)")
_KERAS = re.compile(
    r"(?P<n>\d+)/(?P<of>\d+|Unknown)\s*(?:\[[=>.\s]*\]|[━╸╺─]+|(?=-\s*\d+m?s\b))\s*-?\s*(?P<rest>.*)"
)
_REACH = 4000
_KERAS_TIMES = re.compile(
    r"(?:ETA:\s*[\d:]+s?|\d+s(?:/(?:step|epoch))?|[\d.]+[mµu]?s/(?:step|epoch|sample)|\d+m?s)(?=\s|$)\s*-?\s*"
)


def pieces_of(text: str) -> list[str]:
    """A line that begins with a bar which was not ended, cut where the bar ends: `… 9.58it/s]Epoch 2 loss 0.5`."""
    ends = [match.end() for match in _END.finditer(text, 0, _REACH)]
    return [text[start:end] for start, end in pairwise([0, *ends, len(text)])] if ends else [text]


def read_bar(text: str, columns: list[str]) -> Found | None:
    """One state of a bar; `columns` are those of the last table, of which a bar's title may be a row.

    A bar without numbers still says how far its epoch is; one without either may count anything.
    """
    if "%|" in text:
        return _tqdm(_TQDM.match(text), columns)
    if "% ━" in text or "% ─" in text:
        return _tqdm(_ULTRALYTICS.match(text), columns)
    if "it/s" in text or "s/it" in text:
        return _tqdm(_BARE.match(text), columns)
    match = _KERAS.match(text)
    if match is None:
        return None
    found = Found(step=int(match["n"]), within=True)
    found.steps = int(match["of"]) if match["of"].isdigit() else None
    found.metrics = _metrics(_KERAS_TIMES.sub("", match["rest"]))
    return found


def _tqdm(match: re.Match[str] | None, columns: list[str]) -> Found | None:
    if match is None:
        return None
    title = match["title"].strip()
    row = read_row(title, columns) if columns and title else None
    found = row or _titled(title)
    phase = found.phase
    found.metrics |= _metrics(_CLOCKS.sub("", match["inside"] or "", count=1), phase)
    found.metrics |= _metrics(match["after"], phase)
    is_whole = not match["unit"] and match["n"].isdigit() and (match["of"] or "").isdigit()
    if row is not None and is_whole and int(match["n"]) < int(match["of"]):
        found.metrics = {}  # a row of a table shows means of the epoch so far: it counts when the epoch is done
    if not found.metrics and found.epoch is None:
        found = Found(is_silent=not title)
    elif title.lower().rstrip(":") in _EPOCHS:
        found.epoch, found.epochs = float(match["n"]), int(match["of"]) if is_whole else None
        return found
    if (updates := found.metrics.pop("num_updates", None)) is not None and updates.is_integer():
        found.step = int(updates)  # fairseq: the step of the run
        return found
    if is_whole and (found.metrics or found.epoch is not None or found.is_silent):
        found.step, found.steps, found.within = int(match["n"]), int(match["of"]), True
    elif match["of"] is None and found.metrics and match["n"].isdigit():
        found.step, found.within = int(match["n"]), True
    else:
        found.step = None
    return found


def _titled(title: str) -> Found:
    """What a bar's title says: `Validating`, `Train epoch 3`, `Epoch 2 [Val]`, `[Val] loss 0.53`."""
    title = without_prefix(title)
    words = title.split(maxsplit=1)
    phase = PHASES.get(words[0].lower().strip("[]():"), "") if words else ""
    if _VERB.fullmatch(title) is not None:
        return Found()  # what is done, as in `Training: 5%|…`; beside it stands `step 100: train loss 0.5`
    if phase:
        title = words[1] if len(words) > 1 else ""
    found, rest = read_head(title)
    bare = rest.strip("[](): -").lower()
    found.phase = phase or PHASES.get(bare, "") or found.phase
    if found.epoch is None and (epoch := _EPOCH_LAST.search(rest)) is not None:
        found.epoch, found.epochs = float(epoch["n"]), int(epoch["of"]) if epoch["of"] else None
    pairs = [pair for pair in pairs_in(rest)[0] if pair.is_precise or is_measure(pair.words)]
    found.metrics = metrics_of(pairs, found.phase)
    return found


def _metrics(text: str, phase: str = "") -> dict[str, float]:
    return metrics_of(pairs_in(text)[0], phase)

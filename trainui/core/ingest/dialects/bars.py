"""Progress bars that carry numbers: tqdm, Lightning, Keras."""

from __future__ import annotations

import re

from trainui.core.ingest.dialects.found import Found
from trainui.core.ingest.dialects.heads import read_head, without_prefix
from trainui.core.ingest.dialects.names import PHASES
from trainui.core.ingest.dialects.pairs import metrics_of, pairs_in
from trainui.core.ingest.dialects.tables import read_row

_TQDM = re.compile(
    r"(?P<title>.*?):?\s*\d{1,3}%\|[^|]*\|\s*(?P<n>[\d.]+)(?P<unit>[kMGT]?)/(?P<of>[\d.]+)[kMGT]?"
    r"\s*(?:\[(?P<inside>[^\]]*)\]?)?(?P<after>.*)"
)
_CLOCKS = re.compile(r"\s*[\d:?]+<[^,]*,[^,]*(?:,\s*)?|\s*[\d:]+(?: •[^,]*)?(?:,\s*|$)")
_KERAS = re.compile(
    r"(?P<n>\d+)/(?P<of>\d+|Unknown)\s*(?:\[[=>.\s]*\]|[━╸╺─]+|(?=-\s*\d+m?s\b))\s*-?\s*(?P<rest>.*)"
)
_KERAS_TIMES = re.compile(
    r"(?:ETA:\s*[\d:]+s?|\d+s(?:/(?:step|epoch))?|[\d.]+[mµu]?s/(?:step|epoch|sample)|\d+m?s)(?=\s|$)\s*-?\s*"
)


def read_bar(text: str, columns: list[str]) -> Found | None:
    """One state of a bar; `columns` are those of the last table, of which a bar's title may be a row.

    A bar without numbers still says how far its epoch is; one without either may count anything.
    """
    if "%|" in text:
        return _tqdm(text, columns)
    match = _KERAS.match(text)
    if match is None:
        return None
    found = Found(step=int(match["n"]), within=True)
    found.steps = int(match["of"]) if match["of"].isdigit() else None
    found.metrics = _metrics(_KERAS_TIMES.sub("", match["rest"]))
    return found


def _tqdm(text: str, columns: list[str]) -> Found | None:
    match = _TQDM.match(text)
    if match is None:
        return None
    row = read_row(match["title"], columns) if columns else None
    found = row or _titled(match["title"])
    phase = found.phase
    found.metrics |= _metrics(_CLOCKS.sub("", match["inside"] or "", count=1), phase)
    found.metrics |= _metrics(match["after"], phase)
    if not found.metrics and found.epoch is None:
        return Found()
    if not match["unit"] and match["n"].isdigit() and match["of"].isdigit():
        found.step, found.steps, found.within = int(match["n"]), int(match["of"]), True
    else:
        found.step = None
    return found


def _titled(title: str) -> Found:
    """What a bar's title says: `Validating`, `Train epoch 3`, `[Val] loss 0.53`."""
    title = without_prefix(title)
    words = title.split(maxsplit=1)
    phase = PHASES.get(words[0].lower().strip("[]():"), "") if words else ""
    if phase:
        title = words[1] if len(words) > 1 else ""
    found, rest = read_head(title)
    found.phase = phase or found.phase
    found.metrics = _metrics(rest, found.phase)
    return found


def _metrics(text: str, phase: str = "") -> dict[str, float]:
    return metrics_of(pairs_in(text)[0], phase)

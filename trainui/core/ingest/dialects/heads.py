"""How a line begins: what a logger put before it, and the step or epoch it names."""

from __future__ import annotations

import re

from trainui.core.ingest.dialects.found import Found
from trainui.core.ingest.dialects.names import PHASES

_PHASE_WORDS = "|".join(PHASES)
_LEAD = re.compile(
    rf"[^\w#]*#*[\s\[(]*(?:(?:end of|start(?:ing)?(?: of)?|begin(?:ning)?|going into|finished|completed|after|current"
    rf"|learning|data(?=\s+epoch)|saving dict for|summary (?:of|for)|logging at|metrics (?:at|for)"
    rf"|(?:{_PHASE_WORDS})(?: results?| loss| set| metrics)?(?: \([\w ]{{1,20}}\))?(?: at| for| after| in)?"
    rf"|results? (?:at|for|after|of))\b[\s|:>\])\-]+[#\[(]*)*",
    re.IGNORECASE,
)
_EPOCH = re.compile(
    rf"#?(?:epochs?|ep\.?)(?:\s*[(\[]\s*(?P<phase>{_PHASE_WORDS})\s*[)\]])?"
    r"(?:\s*(?:[:=#]|no\.?|num(?:ber)?:?)\s*|\s*[-_]\s?(?=\d)|\s*)[\[(]?\s*#?(?P<n>\d+(?:\.\d+)?)(?:st|nd|rd|th)?"
    r"(?:\s*(?:/|of|out of)\s*(?P<of>\d+))?\s*[\])]?(?![\w.]*\w)",
    re.IGNORECASE,
)
_STEP = re.compile(
    r"#?(?:(?:global|train(?:ing)?)?[_ \-]?steps?|episodes?|iter(?:ation)?[ _]steps?|iter(?:ation)?s?"
    r"|(?:num_)?timesteps?(?==)|num_updates?|its?|updates?|up\.|batch(?:es|_idx|_id)?|s(?=:\d))"
    rf"(?:\s*[(\[]\s*(?P<phase>{_PHASE_WORDS})\s*[)\]])?"
    r"(?:\s*[:=#]\s*|\s*)[\[(]?\s*(?P<n>\d[\d,]*)(?:st|nd|rd|th)?"
    r"(?:\s*(?:/|of|out of)\s*(?P<of>\d[\d,]*\b))?\s*[\])]?(?![\w.]*\w)",
    re.IGNORECASE,
)
_WITHIN = re.compile(
    r"\[?\s*(?P<n>\d+)\s*/\s*(?P<of>\d+)\s*(?:\(\s*\d+(?:\.\d+)?%\s*\))?\s*(?:batches|steps|iters)?\]?(?!\S*\w)"
)
_ALONE = re.compile(r"\[\s*(?P<n>\d+)\s*\]")
_TUTORIAL = re.compile(r"\[\s*(?P<epoch>\d+)\s*,\s*(?P<step>\d+)\s*\]")
_COUNTS = re.compile(
    r"(?:\[\s*(?P<epoch>\d+)(?:\s*/\s*(?P<epochs>\d+))?\s*\]\s*|(?P<plain>\d+)\s+(?=\[))?"
    r"\[\s*(?P<n>\d+)\s*/\s*(?P<of>\d+)\s*(?:\(\s*\d+(?:\.\d+)?%\s*\))?\s*\]"
)
_ESPNET = re.compile(r"(?P<n>\d+)epoch(?::(?P<phase>[a-z]+):\d+-(?P<at>\d+)batch| results?):\s*")
_GAP = re.compile(
    r"(?:[\s|,:;\-\])>/]|(?:of|in)\s(?=epoch\b)|\[(?=\s*(?:iter|step|batch|epoch))|\(\s*\d+(?:\.\d+)?\s*%\s*\))*",
    re.IGNORECASE,
)
_FULLER = ("global", "update")
_MAY_BEGIN = re.compile(
    r"(?:epoch|\bep\b|\bep\.|step|iter|\bits?\b|\bs:|update|\bup\.|batch|episode|\[\s*\d)", re.IGNORECASE
)
_REACH = 90


def read_head(text: str) -> tuple[Found, str]:
    """The place a line names at its beginning, and the rest of the line. An empty Found when it names none."""
    found = Found()
    if _MAY_BEGIN.search(text, 0, _REACH) is None:
        return found, text
    lead = _LEAD.match(text)
    at = lead.end() if lead else 0
    words = text[:at].lower().split()
    found.phase = next((PHASES[word] for word in map(_bare, words) if word in PHASES), "")
    if "dict" in words:
        found.phase = "eval"  # TensorFlow estimators: Saving dict for global step 200: loss = 0.3
    tutorial = _TUTORIAL.match(text)
    if tutorial is not None:
        found.epoch, found.step = float(tutorial["epoch"]), int(tutorial["step"])
        return found, text[tutorial.end() :]
    if found.phase and (counts := _COUNTS.match(text, text.find("[") if text[at - 1 : at] == "[" else at)):
        return _counted(found, counts), text[counts.end() :]
    if (espnet := _ESPNET.match(text)) is not None:
        found.epoch, found.phase = float(espnet["n"]), PHASES.get((espnet["phase"] or "").lower(), "")
        found.step, found.within = int(espnet["at"]) if espnet["at"] else None, True
        return found, text[espnet.end() :]
    at = _places(text, at, found)
    return (found, text[at:]) if found.is_headed else (Found(), text)


def _places(text: str, at: int, found: Found) -> int:
    """Take what stands at `at`: an epoch, a step, a count within the epoch, each once. Returns where it ends."""
    for _ in range(4):
        if found.epoch is None and (match := _EPOCH.match(text, at)):
            found.epoch = float(match["n"])
            found.epochs = int(match["of"]) if match["of"] else None
            found.phase = PHASES[match["phase"].lower()] if match["phase"] else found.phase
        elif (match := _STEP.match(text, at)) and (
            found.step is None or _is_fuller(match) or _is_inner(match, found)
        ):
            if _is_inner(match, found) and found.step is not None:
                found.epoch, found.within = float(found.step), True  # `iteration:1 step:100/23196`
            found.step = int(match["n"].replace(",", ""))
            found.steps = int(match["of"].replace(",", "")) if match["of"] else None
            found.within = (
                found.within
                or match["phase"] is not None
                or (found.steps is not None and "batch" in match[0].lower())
            )
            found.phase = PHASES[match["phase"].lower()] if match["phase"] else found.phase
        elif found.epoch is not None and found.step is None and (match := _WITHIN.match(text, at)):
            found.step, found.steps, found.within = int(match["n"]), int(match["of"]), True
        elif found.epoch is not None and found.step is None and (match := _ALONE.match(text, at)):
            found.step, found.within = int(match["n"]), True
        else:
            break
        gap = _GAP.match(text, match.end())
        at = gap.end() if gap else match.end()
    return at


def _is_fuller(match: re.Match[str]) -> bool:
    return match[0].lower().lstrip("#").startswith(_FULLER)


def _is_inner(match: re.Match[str], found: Found) -> bool:
    """Whether steps of a total stand within what was named before, of which no total is known."""
    return match["of"] is not None and found.step is not None and found.epoch is None and found.steps is None


def _counted(found: Found, counts: re.Match[str]) -> Found:
    """`Train: [0/300][10/1251]`, `Train: 0 [ 10/1251 (1%)]`, `Test: [10/50]`."""
    epoch = counts["epoch"] or counts["plain"]
    found.epoch = float(epoch) if epoch else None
    found.epochs = int(counts["epochs"]) if counts["epochs"] else None
    found.step, found.steps, found.within = int(counts["n"]), int(counts["of"]), True
    return found


def _bare(word: str) -> str:
    return word.strip("[](<>|:")

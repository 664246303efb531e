"""How a line begins: what a logger put before it, and the step or epoch it names."""

from __future__ import annotations

import re

from trainui.core.ingest.dialects.found import Found
from trainui.core.ingest.dialects.names import PHASES

_LEVEL = r"(?:DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL)"
_CLOCK = r"\d\d?:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
_PREFIX = re.compile(
    rf"(?:\[[^\]]*(?:\d\d:\d\d|{_LEVEL}|[rR]ank[ :]?\d+)[^\]]*\]:?"
    rf"|\d{{4}}[-/]\d\d[-/]\d\d[T ]{_CLOCK}:?"
    rf"|{_CLOCK}:?"
    rf"|[IWEFD]\d{{4}} {_CLOCK}[^\]]*\]"
    rf"|{_LEVEL}:[\w.]+:"
    rf"|{_LEVEL}\b:?"
    rf"|[\w.]+:[\w.<>]+:\d+(?=\s)"
    rf"|[\w.]+(?=\s+-\s+{_LEVEL}\b)"
    rf"|(?:wandb|root|main|__main__):(?=\s)"
    rf"|[a-z_]\w*(?:\.\w+)+\s*[:|\-](?=\s)"
    rf"|train_inner\b"
    rf"|\([\w. ]*pid=\d+[^)]*\)"
    rf"|\[[a-z_]+\](?!\s*[:=])"
    r")[\s|:>\-]*"
)
_PHASE_WORDS = "|".join(PHASES)
_LEAD = re.compile(
    rf"[\s|*=#\-\[(<>:]*(?:(?:end of|start(?:ing)?(?: of)?|begin|going into|finished|completed|after|current"
    rf"|(?:{_PHASE_WORDS})(?: results?)?(?: at| for| after)?|results? (?:at|for|after))[\s|:>\])\-]+[#\[(]*)*",
    re.IGNORECASE,
)
_EPOCH = re.compile(
    r"#?(?:epochs?|ep)(?:\s*[:=#]\s*|\s*[-_]\s?(?=\d)|\s*)[\[(]?\s*(?P<n>\d+(?:\.\d+)?)"
    r"(?:\s*(?:/|of)\s*(?P<of>\d+))?\s*[\])]?(?![\w.]*\w)",
    re.IGNORECASE,
)
_STEP = re.compile(
    r"#?(?:(?:global|train(?:ing)?)?[_ ]?steps?|episodes?|iter(?:ation)?s?|its?|update|batch|s(?=:\d))"
    r"(?:\s*[:=#]\s*|\s*)[\[(]?\s*(?P<n>\d[\d,]*)"
    r"(?:\s*(?:/|of)\s*(?P<of>\d+))?\s*[\])]?(?![\w.]*\w)",
    re.IGNORECASE,
)
_WITHIN = re.compile(
    r"\[?\s*(?P<n>\d+)\s*/\s*(?P<of>\d+)\s*(?:\(\s*\d+(?:\.\d+)?%\s*\))?\s*(?:batches)?\]?(?!\S*\w)"
)
_TUTORIAL = re.compile(r"\[\s*(?P<epoch>\d+)\s*,\s*(?P<step>\d+)\s*\]")
_ETA = re.compile(r"\beta:?\s*(?:\d+ days?,\s*)?[\d:]+\s*,?\s*", re.IGNORECASE)
_GAP = re.compile(r"(?:[\s|,:;\-\])>]|\(\s*\d+(?:\.\d+)?\s*%\s*\))*")


def without_prefix(text: str) -> str:
    """`text` without time stamps, levels, logger names, ranks and the time that is left."""
    for _ in range(6):
        match = _PREFIX.match(text)
        if match is None or not match.end():
            break
        text = text[match.end() :]
    return _ETA.sub("", text, count=1)


def read_head(text: str) -> tuple[Found, str]:
    """The place a line names at its beginning, and the rest of the line. An empty Found when it names none."""
    found = Found()
    lead = _LEAD.match(text)
    at = lead.end() if lead else 0
    tutorial = _TUTORIAL.match(text)
    if tutorial is not None:
        found.epoch, found.step = float(tutorial["epoch"]), int(tutorial["step"])
        return found, text[tutorial.end() :]
    for _ in range(3):
        if found.epoch is None and (match := _EPOCH.match(text, at)):
            found.epoch = float(match["n"])
            found.epochs = int(match["of"]) if match["of"] else None
        elif found.step is None and (match := _STEP.match(text, at)):
            found.step = int(match["n"].replace(",", ""))
            found.steps = int(match["of"]) if match["of"] else None
            found.within = found.steps is not None and "batch" in match[0].lower()
        elif found.epoch is not None and found.step is None and (match := _WITHIN.match(text, at)):
            found.step, found.steps, found.within = int(match["n"]), int(match["of"]), True
        else:
            break
        gap = _GAP.match(text, match.end())
        at = gap.end() if gap else match.end()
    if not found.is_headed:
        return found, text
    words = text[: lead.end()].lower().split() if lead else []
    found.phase = next(
        (PHASES[word.strip("[](<>|:")] for word in words if word.strip("[](<>|:") in PHASES), ""
    )
    return found, text[at:]

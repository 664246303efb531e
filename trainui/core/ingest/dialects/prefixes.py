"""What loggers put before a message: time stamps, levels, names, ranks, source lines."""

from __future__ import annotations

import re

_LEVEL = r"(?:DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL)"
_CLOCK = r"\d\d?:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
_PLACES = r"(?:iteration|iter|epoch|step|batch|train|valid|validation|val|test|eval|loss|best|starting)"
_PREFIX = re.compile(
    rf"(?:\[[^\]]*(?:\d\d:\d\d|{_LEVEL}|[rR]ank[ :]?\d+|\w\.py:\d+)[^\]]*\]:?"
    rf"|(?:\d{{4}}[-/]\d\d[-/]\d\d|\d\d[-/]\d\d(?:[-/]\d\d(?:\d\d)?)?)[T_ ,-]\s?{_CLOCK}(?:\s[AP]M\b)?:?"
    rf"|(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?(?:\d\d? )?"
    rf"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* +(?:\d\d? |\d{{4}} )?{_CLOCK}(?: \d{{4}})?:?"
    rf"|{_CLOCK}:?(?!\d)"
    r"|\[[\w.\-]{1,60}\](?=\s\d{4}-\d\d-\d\d\s)"
    r"|-*>?\s*TIME:(?=\s\d{4}-)"
    rf"|[IWEFD]\d{{4}} {_CLOCK}[^\]]*\]"
    rf"|{_LEVEL}:[\w.\-]+:"
    rf"|{_LEVEL}\b(?!\s*=):?"
    rf"|[\w.]+:[\w.<>]+:\d+(?=\s)"
    rf"|[\w./]+:\d+(?=\s+-\s)"
    rf"|[\w./]+\.py:\d+:?(?=\s)"
    rf"|[\w.\-\\/]+(?=\s+-\s+{_LEVEL}\b)"
    rf"|[A-Z]?\d+\s+(?={_LEVEL}\b)|[\w.\-]+\s+(?={_LEVEL}:\s)|[\w.\-]+\s+-\s+[A-Z]{{4,9}}(?=\s+-\s)"
    rf"|(?:wandb|root|main|__main__):(?=\s)"
    rf"|[a-z_]\w*(?:\.\w+)+\s*[:|\-](?=\s)"
    rf"|__\w+__\s*[:|\-](?=\s)"
    rf"|train_inner\b"
    rf"|\([\w. ]*pid=\d+[^)]*\)"
    rf"|\([\w./]+(?::|\.py )\d+\):?"
    rf"|\d{{1,4}}:\s+(?=\[?{_PLACES}\b)"
    rf"|>\s+(?=\w)"
    rf"|\[[a-z_]+\](?!\s*[:=])"
    rf"|\[(?!(?i:\s*(?:{_PLACES}|ep)\b))[A-Za-z][^\[\]:=]{{0,40}}\](?=[\s\[|\-:]*(?i:{_PLACES}))"
    r")[\s|:>\-]*"
)
_RANK = re.compile(r"\(\d{1,4}/\d{1,4}\)\s+")
_ETA = re.compile(
    r"\b(?:eta|remaining(?: time)?):?\s*(?:\d+ days?,\s*)?\d+:\d\d(?::\d\d)?\s*,?\s*", re.IGNORECASE
)
_PLAIN = re.compile(
    r"[|*=\s]*(?:\[(?:train|training|val|valid|validation|test|eval|dev)\]"
    r"|(?:epoch|step|iter|train|val|valid|test|eval|loss|acc)(?:[\s:=\[]|(?:ation|ing|idation)\b))",
    re.IGNORECASE,
)


def without_prefix(text: str) -> str:
    """`text` without time stamps, levels, logger names, ranks and the time that is left."""
    begun = text
    for _ in range(6):
        if _PLAIN.match(text):
            break
        match = _PREFIX.match(text)
        if match is None or not match.end():
            break
        text = text[match.end() :]
    if text is not begun and (rank := _RANK.match(text)) is not None:
        text = text[rank.end() :]
    return _ETA.sub("", text, count=1) if "eta" in text or "ETA" in text or "emaining" in text else text

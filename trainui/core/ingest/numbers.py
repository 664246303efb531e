"""Numbers as people print them: `30.1%`, `1,024`, `5.20ms`, `nan`, `1e999`."""

from __future__ import annotations

import re

NUMBER = (
    r"[-+]?(?:"
    r"(?:[1-9]\d{0,2}(?:,\d{3})+(?![\d,])|\d+)(?:\.\d*)?(?:[eE][-+]?\d+)?"
    r"|\.\d+(?:[eE][-+]?\d+)?"
    r"|(?:[nN]a[nN]|NAN|[iI]nf(?:inity)?|INF)(?![A-Za-z])"
    r")"
)
"""What a number may look like: digits with or without thousands, an exponent, nan, inf."""

FARTHEST = 2**62
"""No run comes so far: a step beyond is none."""
EXACT_DIGITS = 19
"""A whole number with fewer digits is smaller than 2^63."""

_NUMBER = re.compile(NUMBER)


def number_in(text: str) -> float | None:
    """The number that `text` begins with; a percent sign, unit or punctuation after it is dropped."""
    match = _NUMBER.match(text.lstrip(" \t~≈$([{:="))
    return float_of(match[0]) if match else None


def float_of(text: str) -> float:
    """The value of a text that NUMBER matched; what is too large is infinite."""
    return float(text.replace(",", ""))


def whole_of(digits: str) -> float | int | None:
    """The whole number of a row of digits: as a float beyond what a database integer holds, None beyond that too."""
    if len(digits) < EXACT_DIGITS:
        return int(digits)
    value = float(digits)
    return value if value - value == 0 else None

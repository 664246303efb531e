"""Hours, sums and moments, as people say them."""

from __future__ import annotations

import math
from datetime import datetime

from trainui.core.money.amounts import sign
from trainui.core.money.cap import CENTURY

FAR = 18 * 3600
"""Seconds from now beyond which a moment is told with its day."""


def hours(value: float) -> str:
    """`5.2 h`, `14 min`, `40 s`."""
    if value >= 1:
        return f"{value:.1f} h" if value < 100 else f"{value:.0f} h"
    return f"{value * 60:.0f} min" if value * 3600 >= 90 else f"{value * 3600:.0f} s"


def money(value: float, currency: str = "USD") -> str:
    """`6.70 $`, `0.0012 $`, `3.10 €`."""
    digits = 2 if value == 0 or abs(value) >= 0.1 else min(6, 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f} {sign(currency)}"


def moment(at: float, now: float) -> str:
    """`03:40`; with its day when it is far from `now`. Unix seconds, local time."""
    if at - now > CENTURY:
        return "in more than a hundred years"
    return datetime.fromtimestamp(at).strftime("%H:%M" if abs(at - now) < FAR else "%m-%d %H:%M")

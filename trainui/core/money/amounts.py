"""RULE: sums of money as integers. Pure."""

from __future__ import annotations

import math

MICRO = 1_000_000
"""Micro-dollars in a dollar."""
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}


def micro_usd(usd: float) -> int:
    """Dollars as integer micro-dollars."""
    return round(usd * MICRO)


def sign(currency: str) -> str:
    """How a currency is written behind a sum: `$`, `€`, `£`, or its three letters."""
    return _SIGNS.get(currency, currency)


def shown(micro: int, currency: str = "USD") -> str:
    """A sum for people: two decimals, or as many as a small one needs to be seen: `6.70 $`, `0.0012 $`, `3.10 €`."""
    is_small = 0 < abs(micro) < MICRO / 10
    decimals = min(6, 1 - math.floor(math.log10(abs(micro) / MICRO))) if is_small else 2
    return f"{micro / MICRO:.{decimals}f} {sign(currency)}"

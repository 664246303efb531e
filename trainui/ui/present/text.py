"""Numbers, times and sums as short text."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable

from trainui.core.money.amounts import sign as sign

GIB = 1 << 30
MIB = 1 << 20
NONE = "–"


def number(value: float | None, decimals: int | None = None) -> str:
    """A metric's value: four digits that count, or exactly `decimals` after the point."""
    if value is None:
        return NONE
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    if value == 0:
        return "0" if not decimals else f"{0:.{decimals}f}"
    size = abs(value)
    if size < 1e-4 or size >= 1e7:
        return f"{value:.1e}"
    return f"{value:.{_decimals(size) if decimals is None else decimals}f}"


def _decimals(size: float) -> int:
    return max(0, min(6, 3 - math.floor(math.log10(size)))) if size < 1000 else 0


def decimals_for(values: Iterable[float | None]) -> int | None:
    """How many decimals a column needs so that its largest value shows four digits and its points align.

    None where its smallest would then show one digit or none: each value needs decimals of its own.
    """
    sizes = [abs(v) for v in values if v is not None and math.isfinite(v) and 1e-4 <= abs(v) < 1e7]
    if not sizes:
        return 0
    decimals = _decimals(max(sizes))
    return decimals if decimals == 0 or min(sizes) >= 10 ** (1 - decimals) else None


def whole(value: float | None) -> str:
    """A step or epoch: no decimals where there are none."""
    if value is None or not math.isfinite(value):
        return NONE
    if abs(value) >= 1e15:
        return f"{value:.4g}"
    return str(int(value)) if value == int(value) else f"{value:.1f}"


def duration(seconds: float | None) -> str:
    """`45 s`, `31 min`, `1:12 h`, `5.2 d`."""
    if seconds is None or not math.isfinite(seconds):
        return NONE
    seconds = max(0.0, seconds)
    if seconds < 60:
        return f"{int(seconds)} s"
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 100 * 60:
        return f"{minutes // 60}:{minutes % 60:02d} h"
    return f"{minutes / 1440:.1f} d"


def countdown(seconds: float) -> str:
    """What is left, to the second: `45 s`, `4:59 min`, `1:04:59 h`."""
    left = max(0, int(seconds))
    if left < 60:
        return f"{left} s"
    if left < 3600:
        return f"{left // 60}:{left % 60:02d} min"
    return f"{left // 3600}:{left // 60 % 60:02d}:{left % 60:02d} h"


def clock(at: float, now: float | None = None) -> str:
    """`02:10` local time; with the weekday or date when it is not the day of `now`."""
    there = time.localtime(at)
    short = time.strftime("%H:%M", there)
    if now is None or time.localtime(now)[:3] == there[:3]:
        return short
    return (
        f"{time.strftime('%a', there)} {short}"
        if abs(at - now) < 6 * 86400
        else time.strftime("%d %b", there)
    )


def usd(value: float | None) -> str:
    """Dollars with cents; the unit stands in the head."""
    return NONE if value is None else f"{value:.2f}"


def money(value: float | None, currency: str = "USD") -> str:
    """`4.12 $`; four decimals where two would show nothing."""
    tiny = value is not None and 0 < abs(value) < 0.005
    return f"{f'{value:.4f}' if tiny else usd(value)} {sign(currency)}"


def fine(value: float) -> str:
    """A sum or amount that may be small: two decimals, or two digits that count."""
    size = abs(value)
    return (
        f"{value:.2f}"
        if size >= 0.1 or size == 0
        else f"{value:.{min(6, 1 - math.floor(math.log10(size)))}f}"
    )


def percent(fraction: float | None) -> str:
    """`68 %`; a job that says 100 % and still runs is told as 99 %."""
    return NONE if fraction is None else f"{int(max(0.0, fraction) * 100 + 1e-9)} %"


def gib(size: int) -> str:
    """Bytes in GiB, a decimal only below 20."""
    amount = size / GIB
    return f"{amount:.1f}" if amount < 20 and amount != int(amount) else f"{amount:.0f}"


def bar(fraction: float | None, cells: int) -> str:
    """`▓▓▓░░`: full only when it is."""
    full = 0 if fraction is None else int(max(0.0, min(1.0, fraction)) * cells + 1e-9)
    return "▓" * full + "░" * (cells - full)


def spark(fractions: Iterable[float]) -> str:
    """One block per value between 0 and 1."""
    return "".join("▁▂▃▄▅▆▇█"[round(max(0.0, min(1.0, f)) * 7)] for f in fractions)


def plural(count: int, noun: str, many: str = "") -> str:
    """`1 run`, `3 runs`, `2 processes`."""
    return f"{count} {noun}" if count == 1 else f"{count} {many or noun + 's'}"

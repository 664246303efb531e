"""RULE: times as people write them, on the wall clock of this place: `22:00`, `2h`, `yesterday`. Pure.

`zone` is for who asks about another place; None is where this machine says it is. A day is a day of the calendar: it
has 23 or 25 hours where the clock is changed.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, tzinfo

from trainui.core.errors import UserError

FORMS = "22:00, 2h, 3d, today, yesterday, 2026-11-20, 2026-11-20 22:00"
_SPANS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
_SPAN = re.compile(r"(\d+(?:\.\d+)?) ?(s|min|m|h|d|w)(?: ago)?")
_CLOCK = re.compile(r"(?:(today|yesterday) )?(\d{1,2}):(\d{2})(?::(\d{2}))?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
MIDNIGHT = time()


def local(at: float, zone: tzinfo | None = None) -> datetime:
    """A moment on the wall clock."""
    return datetime.fromtimestamp(at, zone)


def on(day: date, clock: time, zone: tzinfo | None = None) -> float:
    """The Unix second at which a day's clock shows a time; one that is skipped is the moment after the skip's begin."""
    return datetime.combine(day, clock, tzinfo=zone).timestamp()


def next_at(clock: time, after: float, zone: tzinfo | None = None) -> float:
    """When the clock shows a time next, later than a moment."""
    day = local(after, zone).date()
    found = on(day, clock, zone)
    return found if found > after else on(day + timedelta(days=1), clock, zone)


def last_at(clock: time, before: float, zone: tzinfo | None = None) -> float:
    """When the clock showed a time last, not later than a moment."""
    day = local(before, zone).date()
    found = on(day, clock, zone)
    return found if found <= before else on(day - timedelta(days=1), clock, zone)


def is_within(at: float, start: time, end: time, zone: tzinfo | None = None) -> bool:
    """Whether a moment is from `start` to before `end` on the clock, over midnight where `end` is the earlier."""
    clock = local(at, zone).time()
    return start <= clock < end if start < end else clock >= start or clock < end


def moment(text: str, now: float, zone: tzinfo | None = None) -> float:
    """The moment in the past that a text means, Unix seconds. Raises UserError."""
    words = " ".join(text.replace("T", " ").split()).lower()
    found = _meant(words, now, zone)
    if found is None or not _is_shown(found, zone):
        raise UserError(f"{text!r} is no time", hint=FORMS)
    if found > now:
        raise UserError(f"{text!r} is still to come", hint=FORMS)
    return found


def _is_shown(at: float, zone: tzinfo | None) -> bool:
    """Whether a calendar has a day for a moment."""
    try:
        local(at, zone)
    except (OverflowError, OSError, ValueError):
        return False
    return True


def _meant(words: str, now: float, zone: tzinfo | None) -> float | None:
    today = local(now, zone).date()
    days = {"today": today, "yesterday": today - timedelta(days=1), "now": None}
    if words in days:
        day = days[words]
        return now if day is None else on(day, MIDNIGHT, zone)
    if span := _SPAN.fullmatch(words):
        return now - float(span[1]) * _SPANS[span[2]]
    if clock := _CLOCK.fullmatch(words):
        try:
            shown = time(int(clock[2]), int(clock[3]), int(clock[4] or 0))
        except ValueError:
            return None
        day = days[clock[1]] if clock[1] else None
        return last_at(shown, now, zone) if day is None else on(day, shown, zone)
    try:
        if _DATE.fullmatch(words):
            return on(date.fromisoformat(words), MIDNIGHT, zone)
        told = datetime.fromisoformat(words.upper())
    except (ValueError, OverflowError):
        return None
    return (told if told.tzinfo else told.replace(tzinfo=zone)).timestamp()


def day_words(at: float, now: float, zone: tzinfo | None = None) -> str:
    """`22:00`, `yesterday 22:00`, `Fri 22:00`, `2026-11-20 22:00`: as short as it is clear."""
    then, today = local(at, zone), local(now, zone).date()
    away = (then.date() - today).days
    if away == 0:
        return f"{then:%H:%M}"
    if away in (-1, 1):
        return f"{'yesterday' if away < 0 else 'tomorrow'} {then:%H:%M}"
    return f"{then:%a %H:%M}" if -6 <= away <= 6 else f"{then:%Y-%m-%d %H:%M}"

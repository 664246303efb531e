"""RULE: which of the messages that wait for one channel go now, alone or together, and when to look again. Pure.

Times are Unix seconds: a message may wait for hours, and over a restart of the machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time, tzinfo

from trainui.core.walltime import is_within, next_at

FIRST_DELAY, LONGEST_DELAY = 30.0, 4 * 3600.0
LONGEST = 86400.0
"""Seconds after the first try at which a message that nobody took is given up."""
STALE = 60.0
"""Seconds after which what waited goes together with what else waits: something held it back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Manners:
    """How often people want to be told."""

    digest: float = 0.0
    """Seconds for which facts wait for one another."""
    most: int | None = None
    """Messages in `window` seconds; None: as many as there are."""
    window: float = 3600.0
    quiet: tuple[time, time] | None = None
    zone: tzinfo | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A message that waits for a channel."""

    id: int
    at: float
    is_critical: bool = False
    tries: int = 0
    next_at: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What goes now, in order; where that is nothing, when to look again."""

    now: tuple[int, ...] = ()
    look_at: float | None = None


def choose(waiting: Sequence[Waiting], manners: Manners, sent: Sequence[float], *, now: float) -> Choice:
    """The messages for the next try of a channel. `sent`: when it was told something in the last window, oldest first.

    What is critical goes at once and alone: neither quiet hours nor a limit hold it. The rest waits for those that
    failed before it: the channel does not work. What comes late comes together.
    """
    loud = [one for one in waiting if one.is_critical and one.next_at <= now]
    if loud:
        return Choice(now=(loud[0].id,))
    later = [one.next_at for one in waiting if one.is_critical]
    calm = [one for one in waiting if not one.is_critical]
    if not calm:
        return Choice(look_at=min(later, default=None))
    held = _held_until(calm, [one for one in waiting if one.tries], manners, sent, now)
    if held > now:
        return Choice(look_at=min([held, *later]))
    is_late = any(one.tries or now - one.at > STALE for one in calm)
    return Choice(now=tuple(one.id for one in (calm if manners.digest or is_late else calm[:1])))


def _held_until(
    calm: Sequence[Waiting], failed: Sequence[Waiting], manners: Manners, sent: Sequence[float], now: float
) -> float:
    """When the next that is not critical may go."""
    held = max([one.next_at for one in failed], default=now)
    if manners.digest and not any(one.tries for one in calm):
        held = max(held, min(one.at for one in calm) + manners.digest)
    recent = [at for at in sent if at > now - manners.window]
    if manners.most is not None and len(recent) >= manners.most:
        held = max(held, recent[-manners.most] + manners.window)
    held = max(held, now)
    if manners.quiet is not None and is_within(held, *manners.quiet, manners.zone):
        held = next_at(manners.quiet[1], held, manners.zone)
    return held


def next_try(tries: int, first_at: float, *, now: float, asked: float | None = None) -> float | None:
    """When a message is tried again that failed for the `tries`th time; None: it is given up.

    `asked`: seconds for which the other end wants to be left alone.
    """
    if now - first_at >= LONGEST:
        return None
    delay = min(FIRST_DELAY * 2.0 ** min(tries - 1, 20), LONGEST_DELAY)
    return min(now + max(delay, asked or 0.0), max(now + FIRST_DELAY, first_at + LONGEST))

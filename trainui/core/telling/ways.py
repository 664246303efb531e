"""RULE: from what trainui.toml says to how a channel is used. Pure."""

from __future__ import annotations

from trainui.core.config import Notify
from trainui.core.config.notifying import quiet_of, rate_of
from trainui.core.telling.plan import Manners


def manners_of(notify: Notify) -> Manners:
    """How often people want to be told."""
    rate = rate_of(notify.at_most)
    return Manners(
        digest=60 * notify.digest_minutes,
        most=rate[0] if rate else None,
        window=rate[1] if rate else 3600.0,
        quiet=quiet_of(notify.quiet),
    )

"""What is told of a stretch of time. Times are Unix seconds, sums are in the project's currency."""

from __future__ import annotations

from msgspec import Struct, field

from trainui.core.store.moneyviews import SpentLately


class Ended(Struct, frozen=True, kw_only=True):
    """A run that ended."""

    run: str
    at: float
    result: str
    cause: str = ""
    seconds: float = 0.0
    usd: float = 0.0
    """All it cost, also before the stretch began."""
    metric: str = ""
    best: float | None = None
    followed_by: str = ""
    """The run that was queued after it, to try again."""


class Verdict(Struct, frozen=True, kw_only=True):
    """A gate that came to tripped or failed, passed, or asks."""

    subject: str
    """A run, or `study:NAME`."""
    gate: str
    verdict: str
    reason: str
    at: float
    action: str = ""
    severity: str = "warning"


class Need(Struct, frozen=True, kw_only=True):
    """What waits for a person, and what to type."""

    kind: str
    """`question`, `remedy`, `held`, `countdown`, `budget`, `config`, `messages`."""
    subject: str
    text: str
    command: str = ""


class Going(Struct, frozen=True, kw_only=True):
    """A run that is live."""

    run: str
    status: str
    progress: float | None = None
    """0 to 1."""
    ends_at: float | None = None
    usd: float = 0.0
    metric: str = ""
    best: float | None = None
    has_begun_since: bool = False
    """Whether it was started meanwhile."""


class Away(Struct, frozen=True, kw_only=True):
    """Everything that is told."""

    since: float
    until: float
    currency: str = "USD"
    ended: tuple[Ended, ...] = ()
    """In the order of their ends."""
    verdicts: tuple[Verdict, ...] = ()
    needs: tuple[Need, ...] = ()
    going: tuple[Going, ...] = ()
    queued: int = 0
    spending: SpentLately = field(default_factory=SpentLately)
    left_usd: float | None = None
    """None without a budget."""
    lasts_until: float | None = None
    idle_since: float | None = None
    """Since when the machine costs and nothing makes progress; None while something does."""
    told: tuple[tuple[float, str], ...] = ()
    """What else happened to the machine and the money, oldest first: idle time, steps of the ladder, trainui.toml."""

    @property
    def is_news(self) -> bool:
        """Whether there is anything that a person has not seen."""
        begun = any(one.has_begun_since for one in self.going)
        return bool(self.ended or self.verdicts or self.needs or self.told or begun)

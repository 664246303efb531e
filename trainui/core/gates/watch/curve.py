"""A loss that should fall: whether it explodes or spikes, told from its own noise and its own progress.

Both limits have two sides. Beside its level (a quarter up) a loss near zero would always seem to explode, beside its
progress (start to best) one that never fell would: a rise counts when it is large beside both, and beside the noise.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, islice, pairwise
from operator import sub

from trainui.core.gates.primitives.spike import deviation
from trainui.core.gates.units import shown
from trainui.core.gates.verdict import State
from trainui.core.gates.watch.medians import MEDIAN_OF, lowest, median, medians, noise

WINDOW = 50
LEAST = 20
"""Values before a spike can be told from a rough start."""
SPIKE_MADS, SPIKE_RISE, SPIKE_LOST = 10.0, 0.25, 0.10
"""A spike is so many deviations, such a share of the median, and such a share of the progress away."""
SPIKE_TRIPS = 1.0
"""A spike that takes all of the progress back trips; a smaller one warns."""
OFTEN = 3
"""But so many of them within one window trip as well."""
RISES = ((0.25, 0.15), (0.15, 0.40))
"""(Share of the best value, share of the progress): an excursion is beyond both of one pair."""
HELD_OUT_RISES = ((0.50, 1.00),)
"""The same for a validation loss that stands alone: it rises by overfitting too, but seldom to where it began."""
LEAST_RISE = min(rise for rise, _ in RISES)
HUGE = (1.0, 0.5)
"""Beyond both of these, fewer in a row are enough."""
NOISE = 5.0
"""And so many standard deviations of one value."""
WARN_AFTER, TRIP_AFTER, TRIP_HUGE_AFTER = 5, 10, 5
NO_PROGRESS = 0.5
"""A loss that never fell has this share of its best value to lose."""
NOISE_EVERY = 10
FLIPS = 2
"""A loss may cross zero on its way down, and jump back over it."""
SURE = 0.999
"""What is known of all windows at once must clear a limit by more than rounding can hide."""


@dataclass(kw_only=True, slots=True)
class Ahead:
    """Where a curve will stand behind values of which nothing is to be said."""

    together: list[float]
    """The window it stands at, and those values."""
    best: float
    noise: float
    at_noise: int


class Curve:
    """The newest values of one loss, where it began, and its best."""

    __slots__ = (
        "_at_noise", "_hit", "_huge", "_least_lost", "_newest", "_noise", "_order", "_queue", "_rises", "_spikes",
        "_streak", "best", "count", "exploding", "middle", "spike", "start", "why_exploding", "why_spike",
    )  # fmt: skip

    def __init__(self, rises: Sequence[tuple[float, float]] = RISES) -> None:
        self._rises = rises
        self._least_lost = min(lost for _, lost in rises)
        self.exploding = State.OK
        self.spike = State.OK
        self.why_exploding = self.why_spike = ""
        self.restart()

    def restart(self) -> None:
        """The run begins anew in the same file."""
        self._queue: deque[float] = deque()
        self._order: list[float] = []
        self._newest: deque[float] = deque(maxlen=MEDIAN_OF)
        self.count = 0
        self.start = self.best = self.middle = 0.0
        self._streak = self._huge = 0
        self._hit = -WINDOW
        self._spikes = 0
        self._noise = 0.0
        self._at_noise = -NOISE_EVERY

    @property
    def least(self) -> float:
        """The smallest value of the window."""
        return self._order[0] if self._order else 0.0

    @property
    def recent(self) -> tuple[float, ...]:
        """At most eight newest values."""
        return tuple(self._queue)[-8:]

    def see(self, value: float) -> bool:
        """Take in a finite value; whether `exploding` or `spike` changed."""
        order, queue = self._order, self._queue
        was_exploding, was_spike = self.exploding, self.spike
        held = len(order)
        if held >= LEAST:
            middle = order[held // 2]
            if value - middle > SPIKE_RISE * abs(middle):
                self._jump(value, middle)
            elif self.spike is State.WARN and self.count - self._hit > WINDOW:
                self.spike = State.OK
                self.why_spike = f"had no more of them for {WINDOW} values"
        self.count += 1
        queue.append(value)
        insort(order, value)
        if held >= WINDOW:
            del order[bisect_left(order, queue.popleft())]
        newest = self._newest
        newest.append(value)
        if self.count >= MEDIAN_OF:
            self.middle = now = sorted(newest)[MEDIAN_OF // 2]
            if self.count == MEDIAN_OF:
                self.start = self.best = now
            elif now <= self.best:
                self.best = now
                self._calm()
            elif now - self.best > LEAST_RISE * abs(self.best):
                self._rise(now)
            elif self._streak:
                self._calm()
        return was_exploding is not self.exploding or was_spike is not self.spike

    def foresee(self, values: list[float]) -> Ahead | None:
        """Where it will stand behind these finite values; None if one of them might change `exploding` or `spike`.

        It knows by bounds over all windows at once: hundreds cost what some do. Nothing is taken in.
        """
        if len(self._order) < WINDOW or self._streak or State.WARN in (self.exploding, self.spike):
            return None
        together = [*self._queue, *values]
        low, high = min(self._order[0], min(values)), max(values)
        if high - low > SPIKE_RISE * low and not self._has_no_spike(values, high):
            return None
        return self._foresee_rises(together, low)

    def take(self, ahead: Ahead) -> None:
        """Stand where `foresee` said."""
        queue = ahead.together[-WINDOW:]
        self._queue = deque(queue)
        self._order = sorted(queue)
        self._newest.extend(queue[-MEDIAN_OF:])
        self.middle = median(queue[-MEDIAN_OF:])
        self.count += len(ahead.together) - WINDOW
        self.best, self._noise, self._at_noise = ahead.best, ahead.noise, ahead.at_noise

    def _has_no_spike(self, values: list[float], high: float) -> bool:
        """Whether none of the next values, `high` being the highest, jumps out of the window before it."""
        ordered = sorted(self._order + values)
        low, top = ordered[WINDOW // 2], ordered[WINDOW // 2 + len(values)]  # between them are all medians
        away = high - low
        least = min(abs(low), abs(top)) if low > 0 or top < 0 else 0.0
        if away <= SPIKE_RISE * least or away <= SPIKE_LOST * (self.start - self.best):
            return True
        # A window has half of its values within one deviation: no two deviations hold as many of these.
        spread: float = min(map(sub, islice(ordered, WINDOW // 2 - 1, None), ordered)) / 2
        return away <= SURE * SPIKE_MADS * spread < math.inf

    def _foresee_rises(self, together: list[float], low: float) -> Ahead | None:
        """`low`: the lowest of them."""
        newest = together[WINDOW + 1 - MEDIAN_OF :]
        ahead = Ahead(together=together, best=self.best, noise=self._noise, at_noise=self._at_noise)
        off = max(newest) - min(low, self.best)
        if self._has_no_rise(off, min(low, self.best)):
            ahead.best = lowest(newest, self.best)
            return ahead
        if low <= 0:
            return None
        return ahead if self._foresee_noise(ahead, newest, off) else None

    def _foresee_noise(self, ahead: Ahead, newest: list[float], off: float) -> bool:
        """Whether each median that may be an excursion lies within the noise that is measured at it."""
        at = self._at_noise + NOISE_EVERY - self.count - 1
        if at > 0 and off > NOISE * self._noise:
            return False
        count, first, best = len(newest) + 1 - MEDIAN_OF, max(at, 0), self.best
        middles: list[float] | None = None
        bests: list[float] | None = None
        if lowest(newest, best) < best:
            middles = medians(newest)
            bests = list(accumulate(middles, min, initial=best))[1:]
            ahead.best = bests[-1]
        together = ahead.together
        steps = list(map(abs, map(sub, islice(together, first + 2, None), islice(together, first + 1, None))))
        at = first
        while at < count:
            now = middles[at] if middles else median(newest[at : at + MEDIAN_OF])
            best = bests[at] if bests else best
            if now - best > LEAST_RISE * abs(best) and self._is_excursion(*self._shares(now, best)):
                ahead.noise = noise(steps[at - first : at - first + WINDOW - 1])
                ahead.at_noise = self.count + at + 1
                if off > NOISE * ahead.noise:
                    return False
                at += NOISE_EVERY
                continue
            if middles is None:
                middles = medians(newest)
            if self._has_no_rise(max(middles[at:]) - ahead.best, ahead.best):
                return True
            at += 1
        return True

    def _has_no_rise(self, off: float, low: float) -> bool:
        """Whether a median that is at most `off` above the best, which is at least `low`, is no excursion."""
        return off <= LEAST_RISE * low or off <= SURE * self._least_lost * (self.start - self.best)

    def is_leaving(self) -> bool:
        """Whether its newest values, finite as they were, were on their way up: it rose until it was no number."""
        if self.count < MEDIAN_OF or self._hovers():
            return False
        low, usual = self._order[0], self._order[len(self._order) // 2]
        newest = min(self.middle, self._queue[-1])
        return newest - low > RISES[0][0] * abs(low) and newest >= usual

    def _progress(self, best: float) -> float:
        return max(self.start - best, NO_PROGRESS * abs(best))

    def _shares(self, now: float, best: float) -> tuple[float, float]:
        """How far `now` is above the best, as a share of that and of the progress."""
        off, progress = now - best, self._progress(best)
        return (off / abs(best) if best else math.inf), (off / progress if progress else math.inf)

    def _is_excursion(self, rise: float, lost: float) -> bool:
        return any(rise > least and lost > share for least, share in self._rises)

    def _hovers(self) -> bool:
        """Losses that change their sign often (of policies, say) are about zero, where shares of them mean nothing."""
        if self._order[0] >= 0 or self._order[-1] <= 0:
            return False
        return sum((one > 0) is not (other > 0) for one, other in pairwise(self._queue)) > FLIPS

    def _jump(self, value: float, middle: float) -> None:
        away, progress, order = value - middle, self._progress(self.best), self._order
        if away <= SPIKE_LOST * progress:
            return
        aside = len(order) // 4  # half of the values are no nearer to the middle than the nearer of these two
        if away <= SPIKE_MADS * min(middle - order[aside], order[-1 - aside] - middle):
            return
        if away <= SPIKE_MADS * deviation(order, middle) or self._hovers():
            return
        if order[0] > 0 and not self._is_far_by_factor(value, middle):
            return
        self._spikes = self._spikes + 1 if self.count - self._hit <= WINDOW else 1
        self._hit = self.count
        if self.spike is not State.TRIPPED:
            self.spike = (
                State.TRIPPED if away > SPIKE_TRIPS * progress or self._spikes >= OFTEN else State.WARN
            )
            self.why_spike = (
                f"is {shown(value)}, beside a median of {shown(middle)} in the last {WINDOW} values"
            )

    def _is_far_by_factor(self, value: float, middle: float) -> bool:
        """The same beside the logarithms: losses of few samples are skewed, and their large values are no spikes."""
        level = math.log(middle)
        return math.log(value) - level > SPIKE_MADS * deviation([math.log(one) for one in self._order], level)

    def _rise(self, now: float) -> None:
        rise, lost = self._shares(now, self.best)
        if not self._is_excursion(rise, lost) or self._hovers():
            self._calm()
            return
        if not self._streak and self.count - self._at_noise >= NOISE_EVERY:
            self._at_noise = self.count
            steps = map(abs, map(sub, islice(self._queue, 1, None), self._queue))
            self._noise = noise(list(steps))
        if now - self.best <= NOISE * self._noise:
            self._calm()
            return
        self._streak += 1
        self._huge = self._huge + 1 if rise > HUGE[0] and lost > HUGE[1] else 0
        if self.exploding is State.TRIPPED:
            return
        if self._streak >= TRIP_AFTER or self._huge >= TRIP_HUGE_AFTER:
            self.exploding = State.TRIPPED
        elif self._streak >= WARN_AFTER:
            self.exploding = State.WARN
        rose = f"rose to {shown(now)} (median of {MEDIAN_OF}) from a best of {shown(self.best)}"
        self.why_exploding = f"{rose}, {self._streak} in a row"

    def _calm(self) -> None:
        self._streak = self._huge = 0
        if self.exploding is State.WARN:
            self.exploding = State.OK
            self.why_exploding = f"is back at {shown(self.middle)}"

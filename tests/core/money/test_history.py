"""The rules of money against a plain simulation of whole histories: to the micro-dollar.

The simulation shares no code with the rules: it walks from event to event with fractions of a micro-dollar, knows
every GPU by itself, and never rounds before the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from trainui.core.money.lease import Lease, accrued, billed, committed
from trainui.core.money.shares import Charges, Owed, Span, charges

HOUR = 3_600_000
GPUS = ("g0", "g1", "g2")


@dataclass
class History:
    """What happened on one machine, on a clock of milliseconds."""

    lives: list[tuple[str, int, int, tuple[str, ...]]]
    """(run, from, to, GPUs it held)."""
    leases: list[tuple[int, int, int, str, int]]
    """(from, to, rate, share, GPUs)."""
    settled: list[int]
    """When the books were brought up to date."""
    use: dict[str, float] = field(default_factory=dict)


@st.composite
def histories(draw) -> History:
    """Runs that begin and end, hold GPUs or none; a rate that changes; settlements at any moment."""
    end = draw(st.integers(1, 30_000_000))
    moments = st.integers(0, end)
    lives = []
    for name in draw(st.lists(st.sampled_from("abcdef"), unique=True, max_size=6)):
        begin, until = sorted((draw(moments), draw(moments)))
        held = tuple(sorted(draw(st.sets(st.sampled_from(GPUS), max_size=2))))
        lives.append((name, begin, until, held))
    share = draw(st.sampled_from(["time", "equal", "use"]))
    gpus = draw(st.integers(0, 4))
    edges = [0, *sorted(draw(st.sets(moments, max_size=3))), end]
    leases = [
        (left, right, draw(st.integers(0, 50_000_000)), share, gpus)
        for left, right in pairwise(edges)
        if left < right
    ]
    use = {name: draw(st.integers(0, 1000)) / 1000 for name, *_ in lives if draw(st.booleans())}
    return History(lives=lives, leases=leases, settled=sorted(draw(st.lists(moments, max_size=8))), use=use)


def simulated(history: History) -> dict[str | None, tuple[Fraction, Fraction]]:
    """Bearer → (micro-dollars, GPU-milliseconds), exactly."""
    owes: dict[str | None, tuple[Fraction, Fraction]] = {}

    def bear(who: str | None, micro: Fraction, gpu: Fraction) -> None:
        so_far = owes.get(who, (Fraction(0), Fraction(0)))
        owes[who] = (so_far[0] + micro, so_far[1] + gpu)

    for begin, end, rate, share, gpus in history.leases:
        cuts = {begin, end} | {t for _, a, b, _ in history.lives for t in (a, b) if begin < t < end}
        cuts |= {
            t for t in history.settled if begin < t < end
        }  # how many GPUs there are is seen at settlements
        cuts_sorted = sorted(cuts)
        stretches = sorted({begin, end, *(t for t in history.settled if begin < t < end)})
        for left, right in pairwise(cuts_sorted):
            of = max(t for t in stretches if t <= left)
            to = min(t for t in stretches if t >= right)
            known = [life for life in history.lives if life[1] < to and life[2] > of]
            seen = {gpu for *_, held in known for gpu in held}
            count = max(gpus, len(seen))
            live = [(name, held) for name, a, b, held in history.lives if a <= left and b >= right]
            micro, time = Fraction(rate * (right - left), HOUR), right - left
            if share == "equal" or not live:
                for who in [name for name, _ in live] or [None]:
                    bear(who, micro / max(len(live), 1), Fraction(count * time, max(len(live), 1)))
                continue
            rows = [[name for name, held in live if gpu in held] for gpu in sorted(seen)]
            rows += [[] for _ in range(max(count, 1) - len(rows))]
            for row in rows:
                piece, clock = micro / len(rows), Fraction(count * time, len(rows))
                payers: list[tuple[str | None, Fraction]]
                if not row:
                    free: list[str | None] = [name for name, held in live if not held]
                    payers = [(who, Fraction(1, len(free or [None]))) for who in free or [None]]
                else:
                    measured = [round(1000 * history.use[name]) for name in row if name in history.use]
                    if share == "use" and len(measured) == len(row) and sum(measured):
                        payers = [(n, Fraction(m, sum(measured))) for n, m in zip(row, measured, strict=True)]
                    else:
                        payers = [(name, Fraction(1, len(row))) for name in row]
                for who, weight in payers:
                    bear(who, piece * weight, clock * weight)
    return owes


@dataclass
class Books:
    """The rules, used as the manager uses them: settle by settle, and what is owed goes through a float."""

    micro: dict[str | None, int] = field(default_factory=dict)
    gpu_ms: dict[str | None, int] = field(default_factory=dict)
    lines: list[tuple[str | None, int, int]] = field(default_factory=list)
    rest: list[int] = field(default_factory=list)
    """Of each lease, what is in no line."""

    def keep(self, history: History) -> None:
        for number, (begin, end, rate, share, gpus) in enumerate(history.leases):
            lease = Lease(id=number, machine="m", rate=rate, share=share, gpus=gpus, start=begin / 1000)
            owed: dict[str | None, Owed] = {}
            before = sum(self.micro.values())
            moments = sorted({begin, end, *(t for t in history.settled if begin < t < end)})
            for left, right in pairwise(moments):
                spans = [
                    Span(run=name, start=a / 1000, end=b / 1000, gpus=held)
                    for name, a, b, held in history.lives
                    if a < right and b > left
                ]
                made = charges(spans, lease, start=left / 1000, end=right / 1000, owed=owed, use=history.use)
                self._write(made)
                owed = {
                    who: Owed(micro=float(one.micro), gpu_ms=float(one.gpu_ms))
                    for who, one in made.owed.items()
                }
            self.rest.append(accrued(lease, end / 1000) - (sum(self.micro.values()) - before))

    def _write(self, made: Charges) -> None:
        for who, part in made.parts.items():
            self.micro[who] = self.micro.get(who, 0) + part.micro
            self.gpu_ms[who] = self.gpu_ms.get(who, 0) + part.gpu_ms
            self.lines.append((who, part.micro, part.gpu_ms))


@settings(max_examples=400, deadline=None)
@given(histories())
def test_everybody_is_charged_his_share_to_the_micro_dollar(history):
    books, exact = Books(), simulated(history)
    books.keep(history)
    leases = len(history.leases)
    for who, (micro, gpu_ms) in exact.items():
        assert abs(books.micro.get(who, 0) - micro) <= leases  # a fraction is left in each lease
        assert abs(books.gpu_ms.get(who, 0) - gpu_ms) <= leases
    assert set(books.micro) <= set(exact) | {None}
    assert all(micro >= 0 and gpu_ms >= 0 for _, micro, gpu_ms in books.lines)


@settings(max_examples=200, deadline=None)
@given(histories())
def test_what_the_lines_leave_of_a_lease_is_less_than_one_for_each_bearer(history):
    books = Books()
    books.keep(history)
    bearers = len(books.micro)
    assert all(0 <= rest <= bearers for rest in books.rest)
    total = sum(Fraction(rate * (end - begin), HOUR) for begin, end, rate, *_ in history.leases)
    assert abs(sum(books.micro.values()) + sum(books.rest) - total) <= len(history.leases)


@settings(max_examples=200, deadline=None)
@given(histories(), st.lists(st.integers(0, 30_000_000), max_size=20))
def test_how_often_the_books_are_settled_changes_nothing(history, more):
    """Unless the machine does not tell its GPUs: then they are counted as far as somebody holds them."""
    seldom, often = Books(), Books()
    known = [(a, b, rate, share, max(gpus, len(GPUS))) for a, b, rate, share, gpus in history.leases]
    seldom.keep(History(history.lives, known, [], history.use))
    often.keep(History(history.lives, known, sorted({*history.settled, *more}), history.use))
    for who in {*seldom.micro, *often.micro}:
        assert abs(seldom.micro.get(who, 0) - often.micro.get(who, 0)) <= len(known)


moments = st.integers(0, 20_000_000).map(lambda ms: ms / 1000)


@given(
    st.sampled_from(["second", "minute", "hour"]),
    st.integers(1, 50_000_000),
    moments,
    st.lists(moments, min_size=1, max_size=6),
)
def test_what_is_committed_is_never_less_than_what_is_owed_and_steps_are_whole(billing, rate, start, times):
    lease = Lease(machine="m", rate=rate, billing=billing, start=start)
    step = {"second": 0.001, "minute": 60, "hour": 3600}[billing]
    for now in sorted(start + one for one in times):
        assert billed(lease, now) >= accrued(lease, now)
        assert billed(lease, now) - accrued(lease, now) <= rate * step / 3600 + 1
        assert committed(lease, now, now) == billed(lease, now) - accrued(lease, now)

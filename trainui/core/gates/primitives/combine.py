"""all, any: other gates together. A flag counts when it has tripped, a criterion when it has passed; `!` turns it."""

from __future__ import annotations

from dataclasses import dataclass, field

from trainui.core.gates.rule import PASSES_ON, Ending, Grade, Primitive, Standing
from trainui.core.gates.table import GateTable
from trainui.core.gates.verdict import Point, State

DECIDED = (State.PASSED, State.FAILED)


@dataclass(frozen=True, kw_only=True, slots=True)
class CombineRule:
    """`all` or `any` of the gates named."""

    mode: str
    of: tuple[str, ...]
    metrics: tuple[str, ...] = field(default=())
    threshold: float | None = None

    @property
    def text(self) -> str:
        """`all(stable, !diverged)`."""
        return f"{self.mode}({', '.join(self.of)})"

    @property
    def members(self) -> tuple[str, ...]:
        """The gates named, without `!`."""
        return tuple(name.lstrip("!") for name in self.of)

    def test(self) -> CombineTest:
        """A fresh test; `bind` must follow."""
        return CombineTest(self)


class CombineTest:
    """Looks at where its members stand."""

    latches = False
    needs_finish = False

    def __init__(self, rule: CombineRule) -> None:
        self._rule = rule
        self._standing: Standing | None = None
        self._is_flag = False

    def bind(self, standing: Standing, *, is_flag: bool) -> None:
        """Say where members are found, and whether this gate is itself a flag: then being true trips it."""
        self._standing = standing
        self._is_flag = is_flag

    def see(self, point: Point) -> bool:
        """It watches gates, not points."""
        del point
        return False

    def grade(self) -> Grade:
        """For a criterion, true is good; for a flag, true is what should not be."""
        truths = [self._truth(name) for name in self._rule.of]
        decisive = self._rule.mode == "any"
        if decisive in truths:
            truth: bool | None = decisive
        else:
            truth = None if None in truths else not decisive
        if truth is None:
            return Grade.WAIT
        return Grade.GOOD if truth != self._is_flag else Grade.BAD

    def final(self, ending: Ending) -> Grade:
        """As now: the members have had their final word."""
        del ending
        return self.grade()

    def settled(self) -> bool:
        """Whether members that cannot change decide it."""
        fixed = [self._truth(name) for name in self._rule.of if self._state(name) in DECIDED]
        return (self._rule.mode == "any") in fixed or len(fixed) == len(self._rule.of)

    def value(self) -> float | None:
        """There is no number."""
        return None

    def reason(self) -> str:
        """`stable passed, diverged ok`."""
        return ", ".join(f"{name} {self._state(name)}" for name in self._rule.members)

    def window(self) -> tuple[float, ...]:
        """There are no numbers."""
        return ()

    def missing(self) -> str:
        """Nothing is watched, so nothing is missing."""
        return ""

    def _look(self, name: str) -> tuple[bool, State]:
        assert self._standing is not None, "bind() comes before the first look"
        return self._standing(name.lstrip("!"))

    def _state(self, name: str) -> State:
        return self._look(name)[1]

    def _truth(self, name: str) -> bool | None:
        is_flag, state = self._look(name)
        undecided = (
            (State.PENDING, State.UNKNOWN)
            if is_flag
            else (State.PENDING, State.UNKNOWN, State.OK, State.WARN)
        )
        if state in undecided:
            return None
        return (state is PASSES_ON[is_flag]) != name.startswith("!")


def read_all(table: GateTable) -> CombineRule:
    """The keys of an all gate."""
    return _read(table, "all")


def read_any(table: GateTable) -> CombineRule:
    """The keys of an any gate."""
    return _read(table, "any")


def _read(table: GateTable, mode: str) -> CombineRule:
    of = table.texts("of")
    if not of:
        table.wrong("of names no gate")
    return CombineRule(mode=mode, of=of)


ALL = Primitive(required=("of",), read=read_all, counts=False)
ANY = Primitive(required=("of",), read=read_any, counts=False)

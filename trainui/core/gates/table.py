"""Reading one [[gate]] table: typed looks at its keys that fail with a sentence naming gate and key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn, TypeVar

from trainui.core.errors import SpecError, nearest
from trainui.core.gates.goal import goal_of
from trainui.core.gates.quantity import METERS, Quantity, read_quantity
from trainui.core.gates.units import Amount, Span, is_number, read_amount, read_span

T = TypeVar("T")


class GateTable:
    """The keys of one gate, as written."""

    def __init__(self, gate: str, keys: Mapping[str, Any], goals: Mapping[str, str]) -> None:
        self.gate = gate
        self.keys = keys
        self._goals = dict(goals)
        if "goal" in keys:
            self._own_goal = self.choice("goal", ("min", "max"))
        else:
            self._own_goal = ""

    def wrong(self, sentence: str, *, hint: str = "") -> NoReturn:
        """Raise a SpecError that names the gate."""
        raise SpecError(f"gate {self.gate!r}: {sentence}", hint=hint)

    def goal(self, metric: str) -> str:
        """`min` or `max`: the gate's own word, else the spec's, else what the name suggests."""
        return self._own_goal or goal_of(metric, self._goals)

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        return key in self.keys

    def text(self, key: str, default: str = "") -> str:
        """A string."""
        raw = self.keys.get(key, default)
        if not isinstance(raw, str):
            self.wrong(f"{key} should be a string, not {raw!r}")
        return raw

    def texts(self, key: str) -> tuple[str, ...]:
        """A string or a list of strings."""
        raw = self.keys.get(key, ())
        words = (raw,) if isinstance(raw, str) else raw
        if not isinstance(words, list | tuple) or not all(isinstance(word, str) and word for word in words):
            self.wrong(f"{key} should be a list of strings, not {raw!r}")
        return tuple(words)

    def flag(self, key: str, default: bool = False) -> bool:
        """A truth value."""
        raw = self.keys.get(key, default)
        if not isinstance(raw, bool):
            self.wrong(f"{key} should be true or false, not {raw!r}")
        return raw

    def choice(self, key: str, known: Iterable[str], default: str = "") -> str:
        """One of the known words."""
        word = self.text(key, default)
        if word not in (words := list(known)):
            self.wrong(f"{key} {word!r} is not known", hint=nearest(word, words))
        return word

    def number(self, key: str, default: float | None = None) -> float:
        """A finite number."""
        raw = self.keys.get(key, default)
        if not is_number(raw):
            self.wrong(f"{key} should be a number, not {raw!r}")
        return float(raw)

    def positive(self, key: str, default: float) -> float:
        """A number above zero."""
        number = self.number(key, default)
        if number <= 0:
            self.wrong(f"{key} should be above 0, not {number:g}")
        return number

    def count(self, key: str, default: int) -> int:
        """A whole number from 1."""
        number = self.number(key, default)
        if number < 1 or number != int(number):
            self.wrong(f"{key} should be a whole number from 1, not {number:g}")
        return int(number)

    def pairs(self, key: str, second: Callable[[Any], bool], shape: str) -> tuple[tuple[float, Any], ...]:
        """A list of [number, something] pairs."""
        raw = self.keys.get(key, [])
        if not isinstance(raw, list | tuple) or not all(
            isinstance(pair, list | tuple) and len(pair) == 2 and is_number(pair[0]) and second(pair[1])
            for pair in raw
        ):
            self.wrong(f"{key} should be a list like {shape}")
        return tuple((float(pair[0]), pair[1]) for pair in raw)

    def span(self, key: str, default: Span | None = None) -> Span | None:
        """A span: 8, "8 epochs", "2m"."""
        return self._read(key, read_span) if key in self.keys else default

    def amount(self, key: str, default: Amount | None = None) -> Amount:
        """An amount: 0.3, "8 points", "1%"."""
        if key not in self.keys and default is not None:
            return default
        return self._read(key, read_amount)

    def metric(self, key: str) -> str:
        """A metric's name; a meter must be a known one."""
        return self.known_meter(key, self.text(key))

    def known_meter(self, key: str, name: str) -> str:
        """The name, or an error when it is empty or an unknown meter."""
        if not name:
            self.wrong(f"{key} names no metric")
        if name.startswith("@") and name not in METERS:
            self.wrong(f"meter {name!r} is not known", hint=nearest(name, METERS))
        return name

    def quantity(self, key: str) -> Quantity:
        """A quantity: `best(val/mae)`."""
        self.text(key)
        return self._read(key, read_quantity)

    def _read(self, key: str, read: Callable[[Any], T]) -> T:
        raw = self.keys.get(key)
        try:
            return read(raw)
        except ValueError as error:
            self.wrong(f"{key} = {raw!r}: {error}")

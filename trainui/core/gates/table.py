"""Reading one [[gate]] table: typed looks at its keys that fail with a sentence naming gate and key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn, TypeVar

from trainui.core.errors import SpecError, nearest
from trainui.core.gates.goal import goal_of
from trainui.core.gates.quantity import CALL, METERS, REDUCERS, Quantity, read_quantity
from trainui.core.gates.units import Amount, Span, is_number, read_amount, read_span
from trainui.core.gates.words import Words

T = TypeVar("T")
PLAIN = Words()


class GateError(SpecError):
    """A gate that cannot be judged. The message begins `gate 'ID': `; whoever read the file adds the line."""

    def __init__(self, message: str, *, hint: str = "", number: int, key: str) -> None:
        super().__init__(message, hint=hint)
        self.number = number
        """Which [[gate]] table of the file, from 1."""
        self.key = key
        """The key of it that is wrong, `on.tripped` too; empty for the table as a whole."""


class GateTable:
    """The keys of one gate, as written; `used` gathers the metrics that are read from them."""

    def __init__(
        self,
        gate: str,
        keys: Mapping[str, Any],
        goals: Mapping[str, str],
        words: Mapping[str, Words] | None = None,
        number: int = 1,
    ) -> None:
        self.gate = gate
        self.keys = keys
        self.place = number
        self.used: dict[str, None] = {}
        self._goals = dict(goals)
        self._words = dict(words or {})
        self.has_words = words is not None
        """Whether it is known at all what is said of metrics."""
        self._own_goal = self.choice("goal", ("min", "max")) if "goal" in keys else ""

    def wrong(self, sentence: str, *, hint: str = "", key: str = "") -> NoReturn:
        """Raise a GateError that names the gate, and the key: by itself the one the sentence begins with."""
        first = re.match(r"on\.\w+|[\w-]+", sentence)
        key = key or (first[0] if first else "")
        raise GateError(
            f"gate {self.gate!r}: {sentence}",
            hint=hint,
            number=self.place,
            key=key if key.partition(".")[0] in self.keys else "",
        )

    def goal(self, metric: str, *, needed: bool = True) -> str:
        """`min` or `max`: the gate's own word, else the spec's, else what the name suggests.

        A metric that was declared to have none is refused, or `none` where that need not be known.
        """
        goal = self._own_goal or goal_of(metric, self._goals)
        if needed and goal == "none":
            self.wrong(
                f"it needs to know whether {metric} should fall or rise, and its goal is none",
                hint='say goal = "min" or "max" in this gate',
                key=next((key for key, raw in self.keys.items() if metric in str(raw)), ""),
            )
        return goal

    def words(self, metric: str) -> Words:
        """What the spec says of a metric."""
        return self._words.get(metric, PLAIN)

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
            self.wrong(f"{key} names no metric", key=key)
        if (call := CALL.match(name)) and call[2] in REDUCERS:
            hint = f"did you mean {call[3].strip()!r}?"
            self.wrong(f"{key} {name!r} should name a metric, not a quantity", hint=hint, key=key)
        if name.startswith("@") and name not in METERS:
            self.wrong(f"meter {name!r} is not known", hint=nearest(name, METERS), key=key)
        self.used[name] = None
        return name

    def quantity(self, key: str) -> Quantity:
        """A quantity: `best(val/mae)`."""
        self.text(key)
        quantity = self._read(key, read_quantity)
        self.used[quantity.metric] = None
        return quantity

    def _read(self, key: str, read: Callable[[Any], T]) -> T:
        raw = self.keys.get(key)
        try:
            return read(raw)
        except ValueError as error:
            self.wrong(f"{key} = {raw!r}: {error}")

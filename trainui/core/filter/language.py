"""RULE: the words of a filter, and what they ask of named values. Pure.

    mlp                     a part of any of the names; with * or ? the whole of one
    status:running,queued   one of these; a part of a longer text
    usd>2  best<=100ms      numbers; with s, m, h, d for times, k and M, % and $
    lr=1e-4  arch=mlp       equal; != not equal; ~ a regular expression
    a b      a or b      -a      (a or b) c      "two words"

Words side by side must all hold. Letters are alike whether small or capital.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from trainui.core.errors import UserError, nearest

Value = str | float | bool | None | Collection[str]
Values = Mapping[str, Value]
"""Name → what it is; a name that is not there asks for nothing and is never equal to anything."""
Filter = Callable[[Values], bool]

NAMES = ""
"""Under this name stand the texts that a bare word is looked for in."""
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "%": 0.01, "$": 1.0, "k": 1e3}
_TIMES = frozenset({"s", "m", "min", "h", "d"})
_COUNTED_IN = {"minutes": 60.0, "hours": 3600.0, "days": 86400.0}
"""The last word of a name that is not counted in seconds → how many of them one is: `hours<30m`, `max_hours=2d`."""
MOST_NESTED = 100
"""Of ( and not in one filter: each is a step deeper."""
_JOINING = {"or": "or", "|": "or", "||": "or", "and": "and", "&": "and", "&&": "and", "not": "not"}
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<paren>[()])
    | (?P<not>-(?=[^\s\d.])|!(?!=))
    | (?P<word>(?:"[^"]*"|[^\s()"])+)
    )""",
    re.VERBOSE,
)
_CONDITION = re.compile(r'(?P<name>[^\s:=<>!~"]+)(?P<op><=|>=|!=|[:=<>~])(?P<value>.*)', re.DOTALL)
_NUMBER = re.compile(
    r"(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|[-+]?inf)(?P<unit>[a-z%$]*)", re.IGNORECASE
)


class FilterError(UserError):
    """A filter that means nothing; `at` is the place of the mistake, counted from 0."""

    def __init__(self, message: str, *, at: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.at = at


class _Token(Struct, frozen=True):
    kind: str
    text: str
    at: int


def parse_filter(text: str, *, known: Collection[str] = ()) -> Filter:
    """What a filter asks. Raises FilterError. `known`: the names there are; empty: any name may be there."""
    tokens = list(_tokens(text))
    if not tokens:
        return lambda values: True
    inner = [one for one in tokens if one.kind == "not" or one.text == "("]
    if len(inner) > MOST_NESTED:
        raise FilterError(f"this holds more than {MOST_NESTED} of ( and not", at=inner[MOST_NESTED].at)
    found, rest = _either(tokens, frozenset(known))
    if rest:
        raise FilterError("this ) closes nothing", at=rest[0].at, hint="take it away, or open it with (")
    return found


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            place = text.index('"', at)
            raise FilterError('this " is not closed', at=place, hint='end the words with another "')
        group = str(found.lastgroup)
        kind = _JOINING.get(found[group].lower(), group) if group == "word" else group
        yield _Token(kind, found[group], found.start(group))
        at = found.end()


def _either(tokens: Sequence[_Token], known: frozenset[str]) -> tuple[Filter, Sequence[_Token]]:
    ways: list[Filter] = []
    while True:
        all_of, rest = _all(tokens, known)
        ways.append(all_of)
        if not rest or rest[0].kind != "or":
            return (ways[0] if len(ways) == 1 else _any_of(ways)), rest
        tokens = _after(rest, "or")


def _all(tokens: Sequence[_Token], known: frozenset[str]) -> tuple[Filter, Sequence[_Token]]:
    asked: list[Filter] = []
    rest = tokens
    while rest and rest[0].kind != "or" and rest[0].text != ")":
        if rest[0].kind == "and":
            rest = _after(rest, "and")
            continue
        one, rest = _one(rest, known)
        asked.append(one)
    if not asked:
        at = rest[0].at if rest else 0
        raise FilterError("something is missing here", at=at, hint="for example: mlp or status:running")
    return (asked[0] if len(asked) == 1 else _all_of(asked)), rest


def _after(tokens: Sequence[_Token], what: str) -> Sequence[_Token]:
    if len(tokens) < 2:
        raise FilterError(f"after {what!r} something is missing", at=tokens[0].at + len(tokens[0].text))
    return tokens[1:]


def _one(tokens: Sequence[_Token], known: frozenset[str]) -> tuple[Filter, Sequence[_Token]]:
    first = tokens[0]
    if first.kind == "not":
        found, rest = _one(_after(tokens, first.text), known)
        return (lambda values: not found(values)), rest
    if first.text == "(":
        found, rest = _either(_after(tokens, "("), known)
        if not rest:
            raise FilterError("this ( is not closed", at=first.at, hint="end it with )")
        return found, rest[1:]
    return _condition(first, known), tokens[1:]


def _any_of(ways: Sequence[Filter]) -> Filter:
    return lambda values: any(way(values) for way in ways)


def _all_of(asked: Sequence[Filter]) -> Filter:
    return lambda values: all(one(values) for one in asked)


def _condition(token: _Token, known: frozenset[str]) -> Filter:
    parts = _CONDITION.fullmatch(token.text)
    if parts is None:
        return _word(token.text.replace('"', ""))
    name, op, value = parts["name"], parts["op"], parts["value"].replace('"', "")
    if known and name not in known:
        raise FilterError(f"nothing is called {name!r}", at=token.at, hint=nearest(name, sorted(known)))
    if not value:
        raise FilterError(f"{name}{op} what?", at=token.at + len(token.text), hint=f"for example {name}{op}1")
    if op == "~":
        return _matches(name, value, token)
    if op in (":", "="):
        return _is(name, value, whole=op == "=")
    if op == "!=":
        equal = _is(name, value, whole=True)
        return lambda values: not equal(values)
    return _compares(name, op, value, token)


def _word(word: str) -> Filter:
    def holds(values: Values) -> bool:
        return any(_has(text, word) for text in _texts(values.get(NAMES)))

    return holds


def _is(name: str, value: str, *, whole: bool) -> Filter:
    """Whether it is one of these: a number as a number, a text as a part (or `whole`), or as a pattern with * and ?."""
    wanted = [one for one in value.split(",") if one]
    numbers = [_number(one, name) for one in wanted]

    def holds(values: Values) -> bool:
        found = values.get(name)
        if isinstance(found, bool):
            return any(_truth(one) is found for one in wanted)
        if isinstance(found, int | float):
            return any(one is not None and _same(float(found), one) for one in numbers)
        texts = _texts(found)
        return any(_equal(text, one) if whole else _has(text, one) for text in texts for one in wanted)

    return holds


def _matches(name: str, value: str, token: _Token) -> Filter:
    try:
        pattern = re.compile(value, re.IGNORECASE)
    except re.error as error:
        raise FilterError(f"{value} is no regular expression: {error}", at=token.at) from error
    return lambda values: any(pattern.search(text) for text in _texts(values.get(name)))


def _compares(name: str, op: str, value: str, token: _Token) -> Filter:
    limit = _number(value, name)
    if limit is None:
        raise FilterError(f"{value} is not a number", at=token.at, hint=f"for example {name}{op}10")

    def holds(values: Values) -> bool:
        found = values.get(name)
        if isinstance(found, bool) or not isinstance(found, int | float):
            return False
        return {
            "<": found < limit,
            "<=": found <= limit,
            ">": found > limit,
            ">=": found >= limit,
        }[op]

    return holds


def _texts(value: Value) -> Iterator[str]:
    if value is None:
        return
    if isinstance(value, str):
        yield value
    elif isinstance(value, bool | int | float):
        yield f"{value:g}" if isinstance(value, float) else str(value)
    else:
        yield from value


def _has(text: str, word: str) -> bool:
    return _equal(text, word) if "*" in word or "?" in word else word.lower() in text.lower()


def _equal(text: str, word: str) -> bool:
    return fnmatchcase(text.lower(), word.lower().replace("[", "[[]"))


def _truth(word: str) -> bool | None:
    return {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}.get(word.lower())


def _same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12) or (math.isinf(one) and one == other)


def _number(word: str, name: str) -> float | None:
    """A number as what is called so counts, with its unit taken in; None when it is none."""
    found = _NUMBER.fullmatch(word.removeprefix("$"))
    if found is None:
        return None
    unit = found["unit"]
    size = 1e6 if unit == "M" else _UNITS.get(unit.lower())
    if unit.lower() == "ms":
        size = 1.0  # metrics in milliseconds are written so
    if size is not None and unit.lower() in _TIMES:
        size /= _COUNTED_IN.get(name.lower().rsplit("_", 1)[-1], 1.0)
    return None if size is None else float(found["number"]) * size

"""A trainui.toml with new answers in it: every comment, table and key that a person wrote stays. Pure."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from trainui.core.config.places import Path, Places
from trainui.core.config.said import DOLLARS, PLAIN

HEAD = (
    "# What the machine costs and what may be spent. `trainui budget` shows both; an edit applies at once.\n"
)
"""What a new file begins with."""

NO_PLACE = "no place was found in it for the answers"

LATER = ("studies", "ladder", "on_cap", "on_idle")
"""Tables within tables: below the keys, in this order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """What is to stand in the file, by the keys of Config; None takes a key out, what is not there stays as it was."""

    currency: str = DOLLARS
    is_plain: bool = False
    """Whether sums have the keys without `usd`."""
    budget: Mapping[str, Any] = field(default_factory=dict)
    idle: Mapping[str, Any] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)
    """With its name. One that is not in the file is put before the others: it is the one that is billed."""


def drafted(text: str, answers: Answers) -> str:
    """The text of the file with these answers. Raises ValueError where there is no place for them."""
    is_windows = "\r\n" in text
    draft = text.replace("\r\n", "\n") or HEAD
    if not draft.endswith("\n"):
        draft += "\n"
    wanted = tomllib.loads(draft)
    for path, value in [*_flat(answers.budget, ("budget",)), *_flat(answers.idle, ("idle",))]:
        path = (*path[:-1], _written(str(path[-1]), answers))
        _want(wanted, path, value)
        draft = _put(draft, path, value)
    if answers.machine:
        draft = _put_machine(draft, wanted, answers)
    if not _says(draft, wanted):
        raise ValueError(NO_PLACE)
    return draft.replace("\n", "\r\n") if is_windows else draft


def _says(draft: str, wanted: dict[str, Any]) -> bool:
    try:
        return bool(_full(tomllib.loads(draft)) == _full(wanted))
    except tomllib.TOMLDecodeError:
        return False


def _full(value: Any) -> Any:
    """Tables without those that hold nothing."""
    if not isinstance(value, dict):
        return value
    return {key: inner for key, one in value.items() if (inner := _full(one)) != {}}


def _flat(values: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, Any]]:
    """Each key with its path; keys come before tables."""
    for key in sorted(values, key=lambda one: LATER.index(one) if one in LATER else -1):
        if isinstance(values[key], Mapping):
            yield from _flat(values[key], (*path, key))
        else:
            yield (*path, key), values[key]


def _written(key: str, answers: Answers) -> str:
    return PLAIN.get(key, key) if answers.is_plain else key


def _put_machine(draft: str, wanted: dict[str, Any], answers: Answers) -> str:
    """The machine of that name with its new values, or a new one before the others; in `wanted` too."""
    values = {_written(key, answers): value for key, value in answers.machine.items()}
    known = wanted.get("machine", [])
    if not isinstance(known, list) or not all(isinstance(one, dict) for one in known):
        raise ValueError(NO_PLACE)
    for number, one in enumerate(known):
        if one.get("name") == values["name"]:
            for key, value in values.items():
                _want(wanted, ("machine", number, key), value)
                draft = _put(draft, ("machine", number, key), value)
            return draft
    table = {key: value for key, value in values.items() if value is not None}
    wanted["machine"] = [copy.deepcopy(table), *known]
    block = "".join(f"{_key(key)} = {_value(value)}\n" for key, value in table.items())
    first = Places(draft).table(("machine", 0))
    if first is None:
        return f"{draft}\n[[machine]]\n{block}"
    at = _above_comments(draft, first[0])
    return f"{draft[:at]}[[machine]]\n{block}\n{draft[at:]}"


def _put(draft: str, path: Path, value: Any) -> str:
    """The text with one key set, or taken out."""
    places = Places(draft)
    span = places.span(path)
    if value is None:
        return _without(draft, places, path)
    if span is not None:
        old = tomllib.loads(f"x = {draft[span[1] : span[2]]}")["x"]
        same = old == value and isinstance(old, bool) == isinstance(value, bool)
        return draft if same else draft[: span[1]] + _value(value) + draft[span[2] :]
    line = f"{_key(str(path[-1]))} = {_value(value)}\n"
    inline = places.span(path[:-1])
    if inline is not None and draft[inline[1]] == "{":
        inside = draft[inline[1] + 1 : inline[2] - 1].rstrip()
        comma = "," if inside.strip() else ""
        return f"{draft[: inline[1] + 1]}{inside}{comma} {line.rstrip()} {draft[inline[2] - 1 :]}"
    table = places.table(path[:-1])
    if table is not None:
        at = draft.index("\n", table[1]) + 1
        return draft[:at] + line + draft[at:]
    header = ".".join(_key(str(part)) for part in path[:-1])
    family = places.family_end(path[:1])
    at = len(draft) if family is None else draft.index("\n", family) + 1
    return f"{draft[:at]}\n[{header}]\n{line}{draft[at:]}"


def _without(draft: str, places: Places, path: Path) -> str:
    """The text without a key, or without a table and all its keys."""
    table, span = places.table(path), places.span(path)
    if span is not None:
        return draft[: _line_start(draft, span[0])] + draft[draft.index("\n", span[2]) + 1 :]
    if table is not None:
        return draft[: _line_start(draft, table[0])] + draft[draft.index("\n", table[1]) + 1 :].lstrip("\n")
    return draft


def _want(tables: dict[str, Any], path: Path, value: Any) -> None:
    """What tomllib should read, in the tables it read before."""
    table: Any = tables
    for part, after in pairwise(path):
        if isinstance(part, str) and part not in table:
            if value is None:
                return
            table[part] = {}
        table = table[part]
        if not isinstance(table, dict if isinstance(after, str) else list):
            raise ValueError(NO_PLACE)
    if value is None:
        table.pop(path[-1], None)
    else:
        table[path[-1]] = value


def _line_start(draft: str, at: int) -> int:
    return draft.rfind("\n", 0, at) + 1


def _above_comments(draft: str, at: int) -> int:
    """Where the comments begin that stand right above a header."""
    at = _line_start(draft, at)
    while at and draft[_line_start(draft, at - 1) : at].lstrip().startswith("#"):
        at = _line_start(draft, at - 1)
    return at


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def _value(value: Any) -> str:
    """A value as TOML has it."""
    if isinstance(value, list):
        return f"[{', '.join(_value(one) for one in value)}]"
    return json.dumps(value, ensure_ascii=False)

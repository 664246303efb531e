"""Reading trainui.toml, and what is wrong with it: the file, the line, what to do."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from trainui.core.config.check import check
from trainui.core.config.exporting import Export
from trainui.core.config.model import Budget, Config, Countdown, Idle, Ladder, Machine, Queue
from trainui.core.config.notifying import Mail, Notify, Webhook
from trainui.core.config.places import Places
from trainui.core.config.said import NEVER, PLAIN, MistakeError, Said
from trainui.core.errors import SpecError, nearest

NAME = "trainui.toml"

_KINDS = {
    "str": "text", "bool": "true or false", "object": "a table", "array": "a list", "int": "a number",
    "float": "a number", "datetime": "a date", "date": "a date", "time": "a time",
}  # fmt: skip
"""What msgspec calls a value → what people do."""

_STRUCTS: dict[tuple[str, ...], type[msgspec.Struct]] = {
    (): Config, ("budget",): Budget, ("budget", "ladder"): Ladder, ("budget", "on_cap"): Countdown, ("idle",): Idle,
    ("idle", "on_idle"): Countdown, ("machine",): Machine, ("queue",): Queue, ("notify",): Notify,
    ("notify", "webhook"): Webhook, ("notify", "mail"): Mail, ("export",): Export,
}  # fmt: skip


def load_config(project: Path) -> Config:
    """Read trainui.toml; a project without one has no budget and costs nothing. Raises SpecError."""
    path = project / NAME
    if path.exists() and not path.is_file():  # a pipe in its place would keep us waiting
        raise SpecError(f"{path}:1: is not a file", hint="move it away")
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Config()
    except (UnicodeDecodeError, OSError) as error:
        raise SpecError(f"{path}:1: cannot be read: {error}") from error
    return read_config(text, path)


def read_config(text: str, path: Path) -> Config:
    """What the text of a trainui.toml says; `path` is named in complaints. Raises SpecError."""
    try:
        said = Said(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        last = text.rstrip().count("\n") + 1
        raise SpecError(f"{path}:{line[1] if line else last}: not valid TOML: {error}") from error
    except MistakeError as mistake:
        raise _error(path, Places(text).line(mistake.path), mistake) from mistake
    try:
        config = msgspec.convert(said.tables, Config)
        check(config, said)
    except msgspec.ValidationError as error:
        found = _in_words(said, str(error))
        raise _error(path, said.line(found.path), found) from error
    except MistakeError as mistake:
        raise _error(path, said.line(mistake.path), mistake) from mistake
    return config


def _error(path: Path, line: int, mistake: MistakeError) -> SpecError:
    return SpecError(f"{path}:{line}: {mistake.message}", hint=mistake.hint)


def _in_words(said: Said, message: str) -> MistakeError:
    """What msgspec complains of, with its place in the file."""
    where = re.search(r" - at `\$(.*)`$", message)
    steps = re.findall(r"\.(\w+)|\[(\d+|\.\.\.)\]", where[1]) if where else []
    path: tuple[str | int, ...] = ()
    for key, place in steps:
        path = (*path, key or (int(place) if place != "..." else _first_no_number(said, path)))
    tables = tuple(str(part) for part in path if isinstance(part, str))
    if unknown := re.search(r"unknown field `(.*?)`", message):
        return _unknown(said, path, tables, unknown[1])
    if missing := re.search(r"missing required field `(.*?)`", message):
        return MistakeError(path, f"[[machine]] needs {missing[1]!r}", 'for example name = "a100"')
    return _of_another_kind(said, path, message)


def _of_another_kind(said: Said, path: tuple[str | int, ...], message: str) -> MistakeError:
    table = ".".join(str(part) for part in path)
    name = said.name(path) if path else "the file"
    value = _value(said.tables, path)
    kinds = re.match(r"Expected `(.*?)`, got `(.*?)`", message)
    if kinds is None and "out of range" in message:
        return MistakeError(path, f"{name} is more than can be counted")
    if kinds is None:
        return MistakeError(path, f"{name}: {message[0].lower()}{message[1:].partition(' - at ')[0]}")
    wanted, got = kinds[1].removesuffix(" | null"), kinds[2]
    if (wanted, got) == ("array", "object"):
        return MistakeError(path, f"{table} should be a list of tables", f"write [[{table}]]")
    if wanted == "object":
        return MistakeError(path, f"{table} should be a table", f"write [{table}]")
    if isinstance(path[-1], int):
        name = f"{said.name(path[:-1])}[{path[-1]}]"
    if wanted == "array":
        return MistakeError(
            path, f"{name} should be a list of words, not {_KINDS[got]}", 'as ["sudo", "poweroff"]'
        )
    if wanted == "str":
        return MistakeError(path, f"{name} should be text in quotes, not {value}")
    if wanted == "bool":
        return MistakeError(path, f"{name} should be true or false, not {_KINDS[got]}")
    what = "a whole number" if wanted == "int" else "a number"
    hint = "without quotes" if got == "str" else "or false, for never" if path in NEVER else ""
    shown = f"{value!a:.40}" if got in ("str", "int", "float") else str(value).lower()[:40]
    return MistakeError(path, f"{name} should be {what}, not {shown}", hint)


def _unknown(said: Said, path: tuple[str | int, ...], tables: tuple[str, ...], word: str) -> MistakeError:
    known = [said.key(name) for name in _STRUCTS[tables].__struct_encode_fields__]
    plain = {bare: usd for usd, bare in PLAIN.items()}
    shown = "[[machine]]" if tables == ("machine",) else f"[{'.'.join(tables)}]" if tables else NAME
    hint = nearest(word, known)
    if word in plain and plain[word] in known:
        hint = f"write {plain[word]}"
    return MistakeError((*path, word), f"{shown} has no key {word!r}", hint)


def _first_no_number(said: Said, path: tuple[str | int, ...]) -> str:
    """The key below `path` whose value is no number; msgspec does not say which."""
    table = _value(said.tables, path)
    return next(
        (key for key, one in table.items() if isinstance(one, bool) or not isinstance(one, int | float)), ""
    )


def _value(tables: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        tables = tables[part]
    return tables

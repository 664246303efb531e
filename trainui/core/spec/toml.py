"""Where things stand in a TOML text: its tables and keys by line, which tomllib does not keep."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trainui.core.errors import SpecError

HEADER = re.compile(r"\s*\[\[?\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
PART = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*(?:\.|$)""")
LONG = re.compile(r"\"\"\"|" + r"'''")


class TomlText:
    """A TOML file: its tables, and where they are."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tables: dict[str, Any] = tomllib.loads(text)
        self._rows = text.splitlines()
        self._heads: list[tuple[int, tuple[str, ...], bool]] = []
        """(row from 0, the parts of the name, whether it is one table of a list), in the order of the file."""
        quoted = ""
        self._free: list[bool] = []
        for number, row in enumerate(self._rows):
            self._free.append(not quoted)
            if not quoted and (header := HEADER.match(row)):
                parts = tuple(next(filter(None, part), "") for part in PART.findall(header[1]))
                self._heads.append((number, parts, row.lstrip().startswith("[[")))
            for mark in LONG.findall(row):
                quoted = "" if quoted == mark else quoted or mark

    def line(self, word: str = "", table: Sequence[str] = (), number: int = 1) -> int:
        """The line (from 1) of `word` as a key or value in the `number`-th table of that name; else of the table.

        A name such as ("gate",) stands for its sub-tables too. Without a table: anywhere.
        """
        first, last = self._part(tuple(table), number)
        rows = [(at, self._rows[at]) for at in range(first, last) if self._free[at]]
        bare = re.escape(word)
        key = re.compile(rf"""\s*(?:\[.*\.\s*|[\w-]+\s*\.\s*)?["']?{bare}["']?\s*[.=\]]""")
        inline = re.compile(rf"""[{{,]\s*["']?{bare}["']?\s*[.=]""")
        for test in (
            key.match,
            inline.search,
            lambda row: f'"{word}"' in row or f"'{word}'" in row,
            lambda row: word in row,
        ):
            for at, row in rows if word else ():
                if test(row):
                    return at + 1
        return first + 1

    def _part(self, name: tuple[str, ...], number: int) -> tuple[int, int]:
        """The rows that a table takes: from its header to the next that is none of its sub-tables."""
        if not name:
            return 0, len(self._rows)
        begun = [place for place, (_, parts, _) in enumerate(self._heads) if parts == name]
        if len(begun) < number:  # written in one line, or by its sub-tables only
            below = [place for place, (_, parts, _) in enumerate(self._heads) if parts[: len(name)] == name]
            if not below or number > 1:
                return 0, len(self._rows)
            begun, number = below, 1
        place = begun[number - 1]
        ends = (
            at
            for at, parts, is_list in self._heads[place + 1 :]
            if parts[: len(name)] != name or (is_list and parts == name)
        )
        return self._heads[place][0], next(ends, len(self._rows))


def read_toml(path: Path) -> TomlText:
    """Read a TOML file. Raises SpecError, beginning `file:line`."""
    if path.exists() and not path.is_file():  # a pipe in its place would keep us waiting
        raise SpecError(f"{path}:1: is not a file", hint="move it away")
    try:
        return TomlText(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise SpecError(f"{path}:{line[1] if line else 1}: not valid TOML: {error}") from error
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}:1: not UTF-8 text", hint="save it as UTF-8") from error
    except OSError as error:
        raise SpecError(f"{path}:1: cannot be read: {error.strerror}") from error


def in_words(message: str, table: Sequence[str]) -> str:
    """What msgspec says of the value at `table`, with the form it should have where that is a list."""
    said = message.split(" - at ")[0]
    if said == "Expected `array`, got `object`":
        return f"it should be a list of tables: write [[{'.'.join(table)}]]"
    if said == "Expected `array`, got `str`":
        return f"it should be a list, {table[-1]} = [...], and not a string"
    if said.startswith("Expected `float | array"):
        return "it should be a number or [low, high]"
    return f"{said[0].lower()}{said[1:]}"

"""Where each key and value of a TOML text stands, by its path; tomllib does not keep that. Pure."""

from __future__ import annotations

import re
import tomllib

Path = tuple[str | int, ...]
"""Keys and places in lists, from 0: ("machine", 1, "usd_per_hour")."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE = re.compile(r"[\w-]+")
_SIMPLE = re.compile(r"""[^,\]}#\n]*""")
_STRINGS = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r'"""(?:\\.|[^\\])*?"""(?!")',
        r"'''.*?'''(?!')",
        r'"(?:\\.|[^"\\])*"',
        r"'[^']*'",
    )
)


class Places:
    """The line of every key, value and table of a TOML text that tomllib has read."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self._lines: dict[Path, int] = {}
        self._lists: dict[Path, int] = {}
        """Lists of tables → how many tables they have so far."""
        self._spans: dict[Path, tuple[int, int, int]] = {}
        self._tables: dict[Path, tuple[int, int]] = {}
        self._document()

    def line(self, path: Path) -> int:
        """The line (from 1) at which `path` was first said, or else what it is a part of."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def is_said(self, path: Path) -> bool:
        """Whether the text has this key, table or value."""
        return path in self._lines

    def span(self, path: Path) -> tuple[int, int, int] | None:
        """(where the key begins, where its value begins, where it ends) in the text; None where it has no value."""
        return self._spans.get(path)

    def table(self, path: Path) -> tuple[int, int] | None:
        """(where a table's header begins, where its last value ends, or the header); None without a header."""
        return self._tables.get(path)

    def family_end(self, path: Path) -> int | None:
        """Where the last table ends that begins with `path`; None when no header does."""
        return max(
            (end for name, (_, end) in self._tables.items() if name[: len(path)] == path), default=None
        )

    def _document(self) -> None:
        table: Path = ()
        while self._skip() < len(self._text):
            begun = self._at
            if self._takes("[["):
                table = self._table(self._key("]]"), begun, is_list=True)
            elif self._takes("["):
                table = self._table(self._key("]"), begun, is_list=False)
            else:
                self._pair(table)
                begun = self._tables[table][0] if table in self._tables else begun
            self._tables[table] = begun, self._at

    def _table(self, parts: list[str], begun: int, *, is_list: bool) -> Path:
        path: Path = ()
        for place, part in enumerate(parts):
            path = (*path, part)
            self._note(path, begun)
            if is_list and place == len(parts) - 1:
                self._lists[path] = self._lists.get(path, 0) + 1
            if path in self._lists:
                path = (*path, self._lists[path] - 1)
                self._note(path, begun)
        return path

    def _pair(self, table: Path) -> None:
        begun = self._at
        path = table
        for part in self._key("="):
            path = (*path, part)
            self._note(path, begun)
        start = self._skip()
        self._value(path)
        self._spans[path] = begun, start, self._at

    def _value(self, path: Path) -> None:
        """Past a value, at whose beginning this stands."""
        self._note(path, self._at)
        if self._takes("["):
            place = 0
            while self._skip() < len(self._text) and not self._takes("]"):
                self._value((*path, place))
                place += 1
                self._skip()
                self._takes(",")
        elif self._takes("{"):
            while self._skip() < len(self._text) and not self._takes("}"):
                self._pair(path)
                self._skip()
                self._takes(",")
        elif not self._string():
            found = _SIMPLE.match(self._text, self._at)
            self._at += max(len(found[0].rstrip()) if found else 0, 1)

    def _key(self, end: str) -> list[str]:
        """The parts of a dotted key, and past the `end` that follows it."""
        parts: list[str] = []
        while self._skip() < len(self._text) and not self._takes(end):
            if quoted := self._string():
                parts.append(_unquoted(quoted))
            elif bare := _BARE.match(self._text, self._at):
                parts.append(bare[0])
                self._at = bare.end()
            else:
                self._at += 1  # the dot
        return parts

    def _string(self) -> str:
        for pattern in _STRINGS:
            if found := pattern.match(self._text, self._at):
                self._at = found.end()
                return found[0]
        return ""

    def _skip(self) -> int:
        """Past blanks and comments; where that is."""
        found = _BLANK.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at

    def _takes(self, mark: str) -> bool:
        if not self._text.startswith(mark, self._at):
            return False
        self._at += len(mark)
        return True

    def _note(self, path: Path, at: int) -> None:
        self._lines.setdefault(path, self._text.count("\n", 0, at) + 1)


def _unquoted(text: str) -> str:
    """A quoted key as it is meant."""
    return next(iter(tomllib.loads(f"{text} = 0")))

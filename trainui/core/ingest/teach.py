"""From one printed line and names for its numbers to the pattern that reads all lines like it. Pure.

Words and signs of the line stay as they are; numbers, times, hashes, bars and blanks may be any. No two parts
of a pattern that may be long can share a character, so that a hostile line cannot make it slow.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from trainui.core.errors import UserError
from trainui.core.ingest.fields import clean_name
from trainui.core.ingest.numbers import NUMBER, float_of
from trainui.core.ingest.patterns import Pattern, compile_patterns
from trainui.core.ingest.suggest import GLUED_AXES, suggestions
from trainui.core.ingest.text import strip_escapes

MAX_LINE = 4000
"""Characters of a line that are looked at, as the reader of printed lines does."""
MAX_NUMBERS = 200
ANY = "*"
"""Given as the name of a number: it may be any, and is not kept."""
_MAX_AROUND = 300
"""Characters kept before the first named number and after the last; what is farther away says little."""

_TOKEN = re.compile(
    r"(?P<blank>\s+)"
    r"|(?P<bar>(?<=%)\|[^|]*\||\[[=>.\-#\s]{4,}\]|[━╸╺█▏▎▍▌▋▊▉]+)"
    r"|(?P<mark>(?<!\w)(?:0x[0-9a-fA-F]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|(?=[0-9a-f]{0,40}[0-9])(?=[0-9a-f]{0,40}[a-f])[0-9a-f]{7,40})(?!\w))"
    r"|(?P<date>(?<![\w.])(?:\d{4}(?:-\d\d-|/\d\d/)\d\d(?!\d)|\d+(?:\.\d+){2,}))"
    r"|(?P<clock>(?<![\w.])\d+:\d\d(?::\d\d)*(?:[.,]\d+)?(?![\d:]))"
    rf"|(?P<number>(?<!\w)(?:[-+]?\d+(?=\.[^\W\d])|{NUMBER}))"  # `158.ckpt`: the point is not the number's
    r"|(?P<glued>\d+(?:\.\d+)*)"
    r"|(?P<text>[^\W\d]+|.)"
)
_SIGNS = r"-+.\deEnaNif"
"""Characters of numbers as programs print them, for a character class."""
_EXACT = r"(?:\d+(?:,\d{3})*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|nan|NaN|inf"
_OPENS = "[({:=|/<>"
_CLOSES = "])}|/%,;"
_SPECIAL = re.compile(r"[\\.^$*+?{}\[\]|()]")
_GROUP = re.compile(r"\W+", re.ASCII)
# Digits that belong to a word keep their value where the word names the next number: `top1: 0.5`, `fold 2`.
_NAMES_NEXT = re.compile(r"[\w@%/]*(?:[ ][^\W\d][\w@%/]*)?\s*[:=]?\s*(?=[-+.]{0,2}(?:\d|[nN]a[nN]|inf)|$)")


class Token(NamedTuple):
    """A piece of a line: `kind` is a group of the scanner."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """A number of a line that may be given a name.

    Attributes:
        place: from 1, left to right.
        start, end: where it stands in the line, in characters.
        suggested: a name from the words before it, or "".
    """

    place: int
    start: int
    end: int
    text: str
    value: float
    suggested: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Taught:
    """A pattern made from a line."""

    line: str
    regex: str
    rename: Mapping[str, str] = field(default_factory=dict)

    def table(self) -> dict[str, object]:
        """What stands under `[[metrics.pattern]]`."""
        return {"regex": self.regex, **({"rename": dict(self.rename)} if self.rename else {})}

    def toml(self) -> str:
        """The table, to be pasted into a spec file."""
        lines = ["[[metrics.pattern]]", f"regex = {_quoted(self.regex)}"]
        if self.rename:
            pairs = ", ".join(f"{group} = {_quoted(name)}" for group, name in self.rename.items())
            lines.append(f"rename = {{ {pairs} }}")
        return "\n".join(lines) + "\n"

    def pattern(self) -> Pattern:
        """Ready to be tried."""
        return compile_patterns([self.table()])[0]


def line_text(line: bytes | str) -> str:
    """A line as patterns see it: what stands after the last carriage return, without escapes."""
    data = line.encode("utf-8", "replace") if isinstance(line, str) else line
    return next((text for piece in reversed(data.split(b"\r")) if (text := piece_text(piece))), "")


def piece_text(piece: bytes) -> str:
    """The same for what stands between two carriage returns."""
    return strip_escapes(piece[:MAX_LINE]).strip()


def tokens_of(text: str) -> Iterator[Token]:
    """The line in pieces, none left out."""
    for match in _TOKEN.finditer(text):
        yield Token(match.lastgroup or "text", match[0], match.start(), match.end())


def numbers_in(text: str) -> tuple[Number, ...]:
    """The numbers of a line that can be named, at most 200. Times, dates, versions and hashes are none."""
    found = [token for token in tokens_of(text) if _is_nameable(token, text)][:MAX_NUMBERS]
    names = suggestions(text, [(token.start, token.end) for token in found])
    return tuple(
        Number(
            place=place,
            start=token.start,
            end=token.end,
            text=token.text,
            value=float_of(token.text),
            suggested=name,
        )
        for place, (token, name) in enumerate(zip(found, names, strict=True), start=1)
    )


def _is_nameable(token: Token, text: str) -> bool:
    if token.kind == "number":
        return True
    if token.kind != "glued" or token.text.count(".") > 1:
        return False
    return "." in token.text or GLUED_AXES.search(text, max(0, token.start - 12), token.start) is not None


def teach(text: str, names: Mapping[int, str]) -> Taught:
    """The pattern that reads `text`, and lines like it, by these names (place → name).

    A place without a name may be any number. Raises UserError where no number is named, a place has no
    number, or two numbers have one name.
    """
    numbers = {number.place: number for number in numbers_in(text)}
    for place in names:
        if place not in numbers:
            told = ", ".join(f"{number.place}: {number.text}" for number in list(numbers.values())[:8])
            raise UserError(f"the line has no number {place}", hint=told or "there is no number in it")
    chosen = {numbers[place].start: clean_name(name) for place, name in names.items() if clean_name(name)}
    kept = [name for name in chosen.values() if name != ANY]
    if not kept:
        raise UserError("no number of the line has a name", hint="name at least one, like loss")
    if twice := next((name for name in kept if kept.count(name) > 1), ""):
        raise UserError(f"two numbers are called {twice}", hint="each needs a name of its own")
    groups = _groups(kept)
    tokens = list(tokens_of(text))
    places = [index for index, token in enumerate(tokens) if chosen.get(token.start, ANY) != ANY]
    first, last = places[0], places[-1]
    while first > 0 and tokens[places[0]].start - tokens[first - 1].start <= _MAX_AROUND:
        first -= 1
    while last + 1 < len(tokens) and tokens[last + 1].end - tokens[places[-1]].end <= _MAX_AROUND:
        last += 1
    parts = ["^"] if first == 0 else []
    for index in range(first, last + 1):
        name = chosen.get(tokens[index].start, "")
        parts.append(_part(tokens, index, text, name, groups.get(name, "")))
    if last + 1 == len(tokens) and len(text) < MAX_LINE - 100:
        parts.append("$")
    rename = {group: name for name, group in groups.items() if group.replace("__", "/") != name}
    return Taught(line=text, regex="".join(parts), rename=rename)


def _groups(names: list[str]) -> dict[str, str]:
    """Name → group, each its own and an identifier."""
    groups: dict[str, str] = {}
    for name in names:
        group = _GROUP.sub("_", name).strip("_") or "value"
        group = f"n{group}" if group[0].isdigit() else group
        base, number = group, 1
        while group in groups.values():
            number += 1
            group = f"{base}_{number}"
        groups[name] = group
    return groups


def _part(tokens: list[Token], index: int, text: str, name: str, group: str) -> str:
    token = tokens[index]
    after = text[token.end : token.end + 1]
    before = text[token.start - 1 : token.start] if token.start else ""
    if token.kind == "text":
        return _escaped(token.text)
    if token.kind == "blank":
        is_number_next = index + 1 < len(tokens) and tokens[index + 1].kind == "number"
        may_miss = (is_number_next and before in _OPENS) or (before.isdigit() and after in _CLOSES)
        return r"\s*" if may_miss else r"\s+"
    if token.kind == "bar":
        ends = token.text[0] + token.text[-1]
        return {"||": r"\|[^|]*\|", "[]": r"\[[^\]]*\]"}.get(ends, r"[^\w\s|]+")
    if token.kind == "mark":
        return "0x[0-9a-fA-F]+" if token.text.startswith("0x") else "[-0-9a-f]+"
    if token.kind == "clock":
        return r"[\d:]+(?:[.,]\d+)?"
    if token.kind == "date":
        return _digits(token.text)
    if token.kind == "glued" and not name:
        is_part_of_name = len(token.text) <= 2 and _NAMES_NEXT.match(text, token.end) is not None
        return _escaped(token.text) if is_part_of_name else _digits(token.text)
    number = _number(token.text, after)
    pad = r"\s*" if before and before in _OPENS else ""
    return pad + (f"(?P<{group}>{number})" if group else number)


def _number(text: str, after: str) -> str:
    """What a number may look like where `after` follows: any of its signs, unless the next could be one too."""
    word = "".join(char for char in dict.fromkeys(text) if char.isalpha() and char not in _SIGNS)  # INF, NAN
    if (after and re.match(rf"[{_SIGNS}]", after)) or (after == "," and "," in text):
        return rf"[-+]?(?:{_EXACT}{'|' + text.strip('+-') if word else ''})"
    return rf"[{_SIGNS}{word}]+" if after == "," else rf"[{_SIGNS}{word},]+"


def _digits(text: str) -> str:
    return re.sub(r"\d+", r"\\d+", _escaped(text))


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)


def _quoted(text: str) -> str:
    """A TOML string: as it is between single quotes where it can be."""
    return json.dumps(text, ensure_ascii=False) if "'" in text else f"'{text}'"

"""RULE: a page that is written by trainui and by people. Between marks it is ours, everywhere else it is theirs.

    <!-- trainui:begin run mlp-1 #0f3a9c21bb04 -->   the digest of what we wrote up to the end mark
    <!-- trainui:end run mlp-1 -->
    <!-- trainui:skip run mlp-2 -->                  nothing is wanted here of mlp-2

What was edited between marks stays as it stands and is told. A page whose marks cannot be understood is refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from trainui.core.errors import UserError

_MARK = re.compile(r"<!-- trainui:(begin|end|skip)((?: [^\s#>]\S*)*?)(?: #([0-9a-f]+))? -->[ \t]*")
_ALIKE = re.compile(r"trainui:\s*(?:begin|end|skip)\b")
_CODE = re.compile(r"`[^`]*`")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"#{1,2}\s")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One block that is to stand in the page."""

    name: str
    """`study`, `next`, `run mlp-1`."""
    body: str
    slots: str = ""
    """What is put below it once, for people to fill in."""
    below: str = ""
    """The heading under which it goes when it is new and no block of its kind is there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """What stands between two marks; lines are counted from 0."""

    name: str
    begin: int
    end: int
    is_edited: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A page, understood."""

    lines: tuple[str, ...]
    """As they stand, less their line feeds."""
    blocks: tuple[Block, ...]
    skipped: frozenset[str]


class MarkError(UserError):
    """Marks that cannot be understood. Nothing was written."""


def merged(text: str, wanted: Sequence[Wanted], *, name: str = "NOTES.md") -> tuple[str, list[str]]:
    """(the page with its blocks renewed, what was not renewed and why, in sentences). Raises MarkError."""
    end = "\r" if text.count("\r\n") * 2 > text.count("\n") else ""
    complaints = []
    for one in wanted:
        page = understood(text, name)
        if one.name in page.skipped:
            continue
        block = next((block for block in page.blocks if block.name == one.name), None)
        lines = list(page.lines)
        if block is None:
            at, heading = _place(page, one)
            new = [*heading, *_framed(one), *(["", *one.slots.split("\n")] if one.slots else [])]
            new += [""] if at == len(lines) or lines[at].strip() else []
            if at and lines[at - 1].strip() and new[0]:
                new.insert(0, "")
            lines[at:at] = [line + end for line in new]
        elif block.is_edited:
            complaints.append(
                f"{name}:{block.begin + 1}: what trainui wrote of {one.name} was edited, and stays as it is"
            )
            continue
        else:
            lines[block.begin : block.end + 1] = [line + end for line in _framed(one)]
        text = "\n".join(lines)
    return text, complaints


def understood(text: str, name: str = "NOTES.md") -> Page:
    """The blocks of a page. Raises MarkError for marks that are damaged, nested or there twice."""
    lines = tuple(text.split("\n"))
    blocks: list[Block] = []
    skipped: set[str] = set()
    begun: tuple[str, int, str] | None = None
    for number, line in enumerate(lines):
        mark = _MARK.fullmatch(line.removesuffix("\r"))
        if mark is None:
            if _looks_like_one(line):
                raise _wrong(name, number, "a mark of trainui is damaged")
            continue
        kind, subject, digest = mark[1], unquote(mark[2].strip()), mark[3] or ""
        if kind == "skip":
            skipped.add(subject)
        elif kind == "begin":
            if begun is not None:
                raise _wrong(name, number, f"the block of {subject} begins within that of {begun[0]}")
            if not subject or any(block.name == subject for block in blocks):
                raise _wrong(
                    name,
                    number,
                    f"there is a second block of {subject}" if subject else "a block has no name",
                )
            begun = subject, number, digest
        else:
            if begun is None:
                raise _wrong(
                    name, number, f"a block{' of ' + subject if subject else ''} ends that has not begun"
                )
            if subject not in ("", begun[0]):
                raise _wrong(name, number, f"the block of {begun[0]} ends as one of {subject}")
            is_edited = digest_of(lines[begun[1] + 1 : number]) != begun[2]
            blocks.append(Block(name=begun[0], begin=begun[1], end=number, is_edited=is_edited))
            begun = None
    if begun is not None:
        raise _wrong(name, begun[1], f"the block of {begun[0]} has no end mark")
    return Page(lines=lines, blocks=tuple(blocks), skipped=frozenset(skipped))


def _looks_like_one(line: str) -> bool:
    """Whether a line that is no mark was one, or was to be one; what stands in backticks is talk of marks."""
    bare = _CODE.sub("", line)
    return bool(_ALIKE.search(bare)) and ("<!" in bare or "-->" in bare)


def _wrong(name: str, number: int, what: str) -> MarkError:
    hint = "mend the mark, or take away both marks of the block to keep it as your own text; trainui writes it anew"
    return MarkError(f"{name}:{number + 1}: {what}, so nothing was written", hint=hint)


def digest_of(lines: Sequence[str]) -> str:
    """What a begin mark keeps of the lines after it; blanks at their ends do not count."""
    text = "\n".join(line.rstrip() for line in lines).strip("\n")
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def _framed(one: Wanted) -> list[str]:
    body, name = one.body.strip("\n").split("\n"), quote(one.name, safe=" -_.:/@+~")
    return [f"<!-- trainui:begin {name} #{digest_of(body)} -->", *body, f"<!-- trainui:end {name} -->"]


def _place(page: Page, one: Wanted) -> tuple[int, list[str]]:
    """(the line before which a new block goes, the heading it needs): after the last of its kind and what people wrote
    to that, else under its heading."""
    kind = one.name.partition(" ")[0]
    alike = [block for block in page.blocks if block.name.partition(" ")[0] == kind]
    if alike:
        return _end_of(page, max(block.end for block in alike) + 1), []
    fenced = _fenced(page.lines)
    under = (
        n for n, line in enumerate(page.lines) if one.below and line.strip() == one.below and not fenced[n]
    )
    found = next(under, None)
    if found is not None:
        return _end_of(page, found + 1), []
    if not one.below:  # it goes to the top
        has_title = bool(page.lines and page.lines[0].lstrip("\ufeff").startswith("# "))
        return int(has_title), [""] if has_title else []
    at = len(page.lines)
    while at and not page.lines[at - 1].strip():
        at -= 1
    return at, ["", one.below, ""]


def _end_of(page: Page, start: int) -> int:
    """Where the part that line `start` is in ends: at the next heading, block, or the end of the page."""
    fenced, begins = _fenced(page.lines), {block.begin for block in page.blocks}
    for number in range(start, len(page.lines)):
        if number in begins or (_HEADING.match(page.lines[number]) and not fenced[number]):
            return number
    return len(page.lines)


def _fenced(lines: Sequence[str]) -> list[bool]:
    """Whether each line stands in a fence of code."""
    found, fence = [], ""
    for line in lines:
        mark = _FENCE.match(line)
        is_closing = bool(fence and mark and mark[1].startswith(fence) and line.strip() == mark[1])
        found.append(bool(fence))
        if not fence and mark:
            fence = mark[1]
        elif is_closing:
            fence = ""
    return found

"""Cells of a table: how a row falls into them, and which number one of them holds."""

from __future__ import annotations

import csv
import re

from trainui.core.ingest.numbers import NUMBER, float_of, whole_of

BLANKS = " "
"""The delimiter of a table whose columns stand apart by any number of blanks."""

_PLAIN = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_UNIT = re.compile(rf"(?P<value>{NUMBER})\s?(?:%|[KMGT]i?B?|[num]?s|x)?")
_WRAPPED = re.compile(
    rf"(?:tensor|np\.float\d*|float\d*|array)?[(\[]+\s*(?P<value>{NUMBER})\s*(?:,\s*[a-z]\w*=.*)?[)\]]+"
)
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+(?:[eE][-+]?\d+)?")
_HASH = re.compile(r"\d{2,}[eE]\d+")
"""`579e621` is the beginning of a commit: nobody prints a number with two digits before the exponent and no point."""
_PLACE = re.compile(r"(?:[A-Za-z]+\s)?(?P<n>\d+)(?:/(?P<of>\d+))?")
_EMPTY = frozenset({"", "-", "--", "none", "null", "na", "n/a", "<na>", "nat", "nil"})


def delimiter_of(text: str) -> str:
    """The delimiter of the table whose first row this is."""
    bare = re.sub(r'"[^"]*"', "", text)
    if "\t" in bare:
        return "\t"
    commas, semicolons = bare.count(","), bare.count(";")
    if semicolons > commas:
        return ";"
    return "," if commas else BLANKS


def cells_of(text: str, delimiter: str) -> list[str]:
    """The cells of a row without the blanks around them; none when a quote is not closed."""
    if delimiter == BLANKS and '"' not in text:
        return text.split()
    if '"' not in text:
        return [cell.strip() for cell in text.split(delimiter)]
    try:
        rows = list(csv.reader([text], delimiter=delimiter, skipinitialspace=True, strict=True))
    except csv.Error:
        return []
    return [cell.strip() for cell in rows[0]] if rows else []


def is_empty(cell: str) -> bool:
    """Whether a cell says that there is no value."""
    return cell.lower() in _EMPTY


def value_of(cell: str, *, has_commas: bool = False) -> float | None:
    """The number a cell holds, `3.2%`, `11.8G` and `tensor(0.5)` too; None for words, lists and hashes.

    `has_commas`: whether a comma stands for the decimal point, as in a table with semicolons.
    """
    if _PLAIN.fullmatch(cell):
        return None if _HASH.fullmatch(cell) else float(cell)
    if has_commas and _DECIMAL_COMMA.fullmatch(cell):
        return float(cell.replace(",", "."))
    match = _UNIT.fullmatch(cell) or _WRAPPED.fullmatch(cell)
    return float_of(match["value"]) if match else None


def place_of(cell: str) -> tuple[float | int | None, float | int | None]:
    """The step or epoch a cell holds and of how many: `12`, `0/299`, `epoch 3`; (None, None) when it holds none."""
    if match := _PLACE.fullmatch(cell):
        return whole_of(match["n"]), whole_of(match["of"]) if match["of"] else None
    value = value_of(cell)
    if value is None or value - value != 0:
        return None, None
    return value, None

"""Reading a spec file: strictly, and with complaints that begin with `file:line` and say what to do."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from trainui.core.errors import SpecError, nearest
from trainui.core.gates import GateError
from trainui.core.retry import Retry
from trainui.core.spec.check import WrongValueError, check, settle
from trainui.core.spec.estimate import Estimate
from trainui.core.spec.model import Job, Limits, Metrics, MetricWords, Remedy, Resources, Spec, Watch
from trainui.core.spec.remedies import check_sets
from trainui.core.spec.toml import TomlText, in_words, read_toml


def load_spec(path: Path) -> Spec | None:
    """Read a spec file; None when it has no [job] table. Raises SpecError."""
    text = read_toml(path)
    if "job" not in text.tables:
        return None
    try:
        spec = settle(msgspec.convert(text.tables, Spec), text.tables)
        check(spec)
        check_sets(spec)
    except msgspec.ValidationError as error:
        raise _explain(path, text, error) from error
    except SpecError as error:
        raise SpecError(f"{path}:{_line_of(text, error)}: {error.message}", hint=error.hint) from error
    return spec


def _line_of(text: TomlText, error: SpecError) -> int:
    if isinstance(error, GateError):
        return text.line(error.key.rpartition(".")[2], ("gate",), error.number)
    if isinstance(error, WrongValueError):
        return text.line(error.near, error.table, error.number)
    if remedy := re.match(r"remedy '([^']*)': (\w+)", error.message):
        tables = text.tables.get("remedy", [])
        number = next((at for at, one in enumerate(tables, 1) if one.get("id") == remedy[1]), 1)
        key = remedy[2] if number <= len(tables) and remedy[2] in tables[number - 1] else "set"
        return text.line(key, ("remedy",), number)
    named = re.match(r"(?:gate|pattern) '([^']*)'", error.message)
    return text.line(named[1] if named else "")


def _explain(path: Path, text: TomlText, error: msgspec.ValidationError) -> SpecError:
    """msgspec's complaint with a line number and the nearest known key."""
    message = str(error)
    where = re.search(r" - at `\$(.*)`$", message)
    steps = re.findall(r"\.(\w+)(?:\[(\d+)\])?", where[1]) if where else []
    table = [name for name, _ in steps]
    number = next((int(place) + 1 for _, place in steps if place), 1)
    unknown = re.search(r"unknown field `(.*?)`", message)
    if unknown:
        known = _known_keys(table)
        place = f"[{'.'.join(table)}]" if table else "a spec"
        line = _line_in(text, unknown[1], table, number)
        return SpecError(f"{path}:{line}: {place} has no key {unknown[1]!r}", hint=nearest(unknown[1], known))
    missing = re.search(r"missing required field `(.*?)`", message)
    if missing:
        line = _line_in(text, "", table, number)
        return SpecError(f"{path}:{line}: [{'.'.join(table)}] needs {missing[1]!r}")
    line = _line_in(text, table[-1] if table else "", table[:-1], number)
    return SpecError(f"{path}:{line}: {'.'.join(table) or 'the file'}: {in_words(message, table)}")


def _line_in(text: TomlText, word: str, table: list[str], number: int) -> int:
    if table[:1] != ["metric"]:
        return text.line(word, table, number)
    for name, said in text.tables["metric"].items():  # msgspec does not say which
        try:
            msgspec.convert(said, MetricWords)
        except msgspec.ValidationError:
            return text.line(word, ("metric", name))
    return text.line(word, ("metric",))


def _known_keys(table: list[str]) -> tuple[str, ...]:
    structs: dict[str, type[msgspec.Struct]] = {
        "job": Job, "resources": Resources, "metrics": Metrics, "limits": Limits, "remedy": Remedy,
        "retry": Retry, "metric": MetricWords, "watch": Watch, "estimate": Estimate,
    }  # fmt: skip
    return tuple(structs.get(table[0] if table else "", Spec).__struct_encode_fields__)

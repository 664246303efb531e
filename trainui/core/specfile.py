"""Reading a spec file: strictly, and with complaints that begin with `file:line` and say what to do."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from trainui.core.errors import SpecError, nearest
from trainui.core.remedies import check_remedies
from trainui.core.retry import ALLOWED, UNCHANGED, Retry
from trainui.core.spec import Job, Limits, Metrics, MetricWords, Remedy, Resources, Spec, Watch

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What a job may be called: it becomes a folder name and is typed on a command line."""

PLACES = ("run", "run_dir")
"""Placeholders in the names of `files`."""
LONGEST_DELAY = 30 * 86400.0
"""Seconds a try may wait."""
STOP_SIGNALS = ("SIGTERM", "SIGINT", "SIGUSR1", "SIGUSR2", "SIGHUP", "SIGQUIT")


def load_spec(path: Path) -> Spec | None:
    """Read a spec file; None when it has no [job] table. Raises SpecError."""
    if path.exists() and not path.is_file():  # a pipe in its place would keep us waiting
        raise SpecError(f"{path}:1: is not a file", hint="move it away")
    try:
        text = path.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise SpecError(f"{path}:{line[1] if line else 1}: not valid TOML: {error}") from error
    except UnicodeDecodeError as error:
        raise SpecError(f"{path}:1: not UTF-8 text", hint="save it as UTF-8") from error
    except OSError as error:
        raise SpecError(f"{path}:1: cannot be read: {error.strerror}") from error
    if "job" not in tables:
        return None
    try:
        spec = msgspec.convert(tables, Spec)
        _check(spec)
        check_remedies(spec)
    except msgspec.ValidationError as error:
        raise _explain(path, text, error) from error
    except SpecError as error:
        where = re.match(r"(?:gate|pattern|remedy) '([^']*)'", error.message)
        near = error.near if isinstance(error, _WrongValueError) else where[1] if where else ""
        raise SpecError(f"{path}:{_line_of(text, near)}: {error.message}", hint=error.hint) from error
    return spec


class _WrongValueError(SpecError):
    """A value that cannot be; `near` is the key to look for in the file."""

    def __init__(self, near: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.near = near


def _check(spec: Spec) -> None:
    job = spec.job
    if not NAME.fullmatch(job.name):
        hint = "letters, digits, '.', '_' and '-', up to 64"
        raise _WrongValueError("name", f"{job.name!a:.80} is not a usable name for a job", hint=hint)
    if not job.command or not job.command[0]:
        raise _WrongValueError("command", "the command is empty", hint='for example ["{python}", "train.py"]')
    if job.stop_signal not in STOP_SIGNALS:
        raise _WrongValueError(
            "stop_signal", f"stop_signal {job.stop_signal!r} is not one of {', '.join(STOP_SIGNALS)}"
        )
    if job.checkpoint_signal and job.checkpoint_signal not in STOP_SIGNALS:
        raise _WrongValueError(
            "checkpoint_signal",
            f"checkpoint_signal {job.checkpoint_signal!r} is not one of {', '.join(STOP_SIGNALS)}",
        )
    if job.checkpoint_signal == job.stop_signal:
        raise _WrongValueError(
            "checkpoint_signal", f"checkpoint_signal and stop_signal are both {job.stop_signal}"
        )
    if job.checkpoint_signal and job.checkpoint_file:
        raise _WrongValueError(
            "checkpoint_file", "both checkpoint_signal and checkpoint_file", hint="keep one"
        )
    if spec.metrics.goal not in ("min", "max"):
        raise _WrongValueError("goal", f"goal {spec.metrics.goal!r} is neither min nor max")
    limits = spec.limits
    for name, value in (
        ("grace_seconds", job.grace_seconds),
        ("checkpoint_seconds", job.checkpoint_seconds),
        ("gpus", spec.resources.gpus),
        ("memory_gib", spec.resources.memory_gib),
        ("cpus", spec.resources.cpus),
        ("ram_gib", spec.resources.ram_gib),
        ("usd", limits.usd),
        ("hours", limits.hours),
        ("silent_minutes", limits.silent_minutes),
    ):
        if value is not None and not 0 <= value < float("inf"):
            raise _WrongValueError(name, f"{name} cannot be {value}")
    if spec.retry is not None:
        _check_retry(spec.retry)
    for table in (spec.params, *spec.presets.values()):
        for key, param in table.items():
            if isinstance(param, float) and not math.isfinite(param):
                raise _WrongValueError(
                    key, f"{key} = {param} is not a finite number", hint='write it as "inf"'
                )
    if not spec.metrics.primary.isprintable():
        raise _WrongValueError("primary", f"primary {spec.metrics.primary!a} is not a name")
    for pattern in spec.metrics.pattern:
        _check_pattern(pattern)
    _check_files(spec.metrics.files)
    spec.gates()


def _check_retry(retry: Retry) -> None:
    for kind, tries in retry.on.items():
        if kind in UNCHANGED:
            hint = "write a [[remedy]] that changes something, and `trainui retry RUN --remedy ID`"
            raise _WrongValueError(kind, f"{kind} happens again when nothing is changed", hint=hint)
        if kind not in ALLOWED:
            raise _WrongValueError(kind, f"retry on {kind!r} is not known", hint=nearest(kind, ALLOWED))
        if tries < 0:
            raise _WrongValueError(kind, f"{kind} cannot be tried {tries} times")
    for name in ("delay_seconds", "longest_delay_seconds"):
        if not 0 <= getattr(retry, name) <= LONGEST_DELAY:
            hint = "from 0 to 30 days"
            raise _WrongValueError(name, f"{name} cannot be {getattr(retry, name)}", hint=hint)


def _check_files(names: Sequence[str]) -> None:
    for name in names:
        if not name.strip():
            raise _WrongValueError("files", "files holds an empty name", hint="for example 'logs/*.csv'")
        for word in re.findall(r"\{(\w+)\}", name):
            if word not in PLACES:
                raise _WrongValueError(
                    "files", f"files: {{{word}}} is not filled in", hint=nearest(word, PLACES)
                )


def _check_pattern(pattern: Mapping[str, Any]) -> None:
    regex = str(pattern.get("regex", ""))
    try:
        groups = re.compile(regex).groupindex
    except re.error as error:
        raise SpecError(f"pattern '{regex}': {error}", hint="it is a Python regular expression") from error
    if not groups:
        raise SpecError(f"pattern '{regex}': names no group", hint="for example (?P<val_wer>\\S+)")


def _explain(path: Path, text: str, error: msgspec.ValidationError) -> SpecError:
    """msgspec's complaint with a line number and the nearest known key."""
    message = str(error)
    where = re.search(r" - at `\$(.*)`$", message)
    parts = re.findall(r"\.(\w+)|\[", where[1]) if where else []
    table = [part for part in parts if part]
    unknown = re.search(r"unknown field `(.*?)`", message)
    if unknown:
        known = _known_keys(table)
        place = f"[{'.'.join(table)}]" if table else "a spec"
        line = _line_of(text, unknown[1], table)
        return SpecError(f"{path}:{line}: {place} has no key {unknown[1]!r}", hint=nearest(unknown[1], known))
    missing = re.search(r"missing required field `(.*?)`", message)
    if missing:
        place = f"[{'.'.join(table)}]"
        return SpecError(f"{path}:{_line_of(text, table[-1] if table else '')}: {place} needs {missing[1]!r}")
    line = _line_of(text, table[-1] if table else "", table[:-1])
    said = message.split(" - at ")[0]
    return SpecError(f"{path}:{line}: {'.'.join(table) or 'the file'}: {said[0].lower()}{said[1:]}")


def _known_keys(table: list[str]) -> tuple[str, ...]:
    structs: dict[str, type[msgspec.Struct]] = {
        "job": Job, "resources": Resources, "metrics": Metrics, "limits": Limits, "remedy": Remedy,
        "retry": Retry, "metric": MetricWords, "watch": Watch,
    }  # fmt: skip
    return tuple(structs.get(table[0] if table else "", Spec).__struct_encode_fields__)


def _line_of(text: str, word: str, table: list[str] | None = None) -> int:
    """The line (from 1) where `word` stands as a key, a value or a table; tomllib does not keep it."""
    lines = text.splitlines()
    start = 0
    if table:
        header = re.compile(r"\s*\[+\s*" + r"\s*\.\s*".join(map(re.escape, table)) + r"\s*\]+")
        start = next((number for number, line in enumerate(lines) if header.match(line)), 0)
    key = re.compile(rf"\s*[\"']?{re.escape(word)}[\"']?\s*=")
    inline = re.compile(rf"[{{,]\s*[\"']?{re.escape(word)}[\"']?\s*=")
    for test in (
        key.match,
        inline.search,
        lambda line: f'"{word}"' in line or f"'{word}'" in line,
        lambda line: word in line,
    ):
        for number, line in enumerate(lines[start:], start + 1):
            if word and test(line):
                return number
    return start + 1

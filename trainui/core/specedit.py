"""Adding a taught pattern to a job's spec file; every byte that a person wrote stays."""

from __future__ import annotations

import copy
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from trainui.core.errors import NotFoundError, SpecError
from trainui.core.project import find_jobs
from trainui.core.spec.file import load_spec

_HEADER = re.compile(r"\s*\[")
_METRICS = re.compile(r"\s*\[+\s*metrics\s*(?:\.\s*pattern\s*)?\]+")


def spec_path(project: Path, job: str) -> Path:
    """The file that holds the job. Raises NotFoundError, or SpecError when it is wrong as it stands."""
    for one in find_jobs(project):
        if one.name == job:
            if one.spec is None:
                raise SpecError(one.problem)
            return one.path
    raise NotFoundError(f"no spec file here is of job {job!r}", hint="paste the pattern into its spec file")


def add_pattern(path: Path, toml: str) -> None:
    """Write a `[[metrics.pattern]]` table into a spec file, after its other metrics, whole or not at all.

    `toml` is that table as text. Raises SpecError when the file is wrong as it stands, or cannot be written.
    """
    if load_spec(path) is None:
        raise SpecError(f"{path}:1: has no [job] table")
    hint = "paste the pattern into it yourself"
    try:
        text = path.read_bytes().decode("utf-8")
        before = tomllib.loads(text)
        new = tomllib.loads(toml)["metrics"]["pattern"]
        wanted = copy.deepcopy(before)
        wanted.setdefault("metrics", {}).setdefault("pattern", []).extend(new)
        for draft in _drafts(text, toml, new):
            if _says(draft, wanted):
                replace_text(path, draft)
                return
    except (OSError, UnicodeError) as error:
        told = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SpecError(f"{path}: cannot be written: {told}", hint=hint) from error
    raise SpecError(f"{path}: no place for a pattern was found in it", hint=hint)


def _drafts(text: str, toml: str, tables: list[dict[str, Any]]) -> Iterator[str]:
    """The file with the table: after its metrics, at its end, or in a list of patterns written in one line."""
    end = "\r\n" if "\r\n" in text else "\n"
    block = [line + end for line in toml.splitlines()]
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += end
    if at := _after_metrics(lines):
        yield "".join([*lines[:at], end, *block, *lines[at:]])
    yield "".join([*lines, end, *block])
    try:
        document = tomlkit.parse(text)
        for table in tables:
            inline = tomlkit.inline_table()
            inline.update(table)
            document["metrics"]["pattern"].append(inline)
        yield tomlkit.dumps(document)
    except (TOMLKitError, KeyError, TypeError, AttributeError):
        return


def _after_metrics(lines: list[str]) -> int:
    """The line after the last [metrics] or [[metrics.pattern]] table; comments above the next one are its own."""
    at = max((number for number, line in enumerate(lines) if _METRICS.match(line)), default=-1)
    if at < 0:
        return 0
    end = next((n for n in range(at + 1, len(lines)) if _HEADER.match(lines[n])), len(lines))
    while end > at + 1 and (not (line := lines[end - 1].strip()) or line.startswith("#")):
        end -= 1
    return end


def _says(draft: str, wanted: dict[str, Any]) -> bool:
    try:
        return tomllib.loads(draft) == wanted
    except tomllib.TOMLDecodeError:
        return False


def replace_text(path: Path, text: str) -> None:
    """Whole or not at all; a link stays a link, the file keeps its rights. A file that is not there is made."""
    path = path.resolve()
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with draft.open("wb") as file:
            if path.exists():
                os.fchmod(file.fileno(), path.stat().st_mode & 0o7777)
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)

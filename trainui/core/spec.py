"""A job as written in TOML: read strictly, resolved with a preset and overrides, turned into a command.

Unknown keys are refused with the nearest known one; every complaint begins with `file:line`.
"""

from __future__ import annotations

import re
import signal
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import tomlkit

from trainui.core.errors import SpecError, nearest
from trainui.core.gates import Gate, parse_gates

ParamValue = bool | int | float | str | list[Any]


class Job(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is run, and how it is stopped."""

    name: str
    command: list[str]
    study: str = ""
    about: str = ""
    stop_signal: str = "SIGTERM"
    grace_seconds: float = 60
    needs: list[str] = []
    resume: list[str] = []
    arm: bool = False


class Resources(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a run holds while it is live."""

    gpus: int = 0
    share: bool = False
    memory_gib: float | None = None
    """GPU memory a sharing run needs at its peak."""
    cpus: float = 1


class Metrics(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the run is judged by, and how to read an unmodified script."""

    primary: str = ""
    goal: str = "min"
    pattern: list[dict[str, Any]] = []


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a run must end, whatever its gates say."""

    usd: float | None = None
    hours: float | None = None
    silent_minutes: float | None = None


class Remedy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A documented answer to a failure: literal overrides for one more try."""

    id: str
    on: str
    set: dict[str, ParamValue] = {}
    max: int = 1
    text: str = ""


class Spec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole spec file. `gate` holds the tables as written; `gates()` gives them parsed."""

    job: Job
    params: dict[str, ParamValue] = {}
    presets: dict[str, dict[str, ParamValue]] = {}
    env: dict[str, str] = {}
    resources: Resources = Resources()
    metrics: Metrics = Metrics()
    limits: Limits = Limits()
    gate: list[dict[str, Any]] = []
    remedy: list[Remedy] = []

    def gates(self) -> tuple[Gate, ...]:
        """The gates, parsed. Raises SpecError for one that cannot be judged."""
        return parse_gates(self.gate)

    def goals(self) -> dict[str, str]:
        """Metric → `min` or `max`, as far as the spec says."""
        return {self.metrics.primary: self.metrics.goal} if self.metrics.primary else {}

    def to_json(self) -> str:
        """The spec as one JSON document, as the store keeps it."""
        return msgspec.json.encode(self).decode()

    def to_toml(self) -> str:
        """The spec as TOML, as the run directory keeps it."""
        return tomlkit.dumps(msgspec.to_builtins(_without_defaults(self)))


def _without_defaults(spec: Spec) -> dict[str, Any]:
    """The spec's tables less what is None, which TOML cannot say."""
    tables: dict[str, Any] = msgspec.to_builtins(spec)

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: clean(item) for key, item in value.items() if item is not None}
        return [clean(item) for item in value] if isinstance(value, list) else value

    return {key: table for key, table in clean(tables).items() if table}


def spec_from_json(text: str) -> Spec:
    """The spec the store kept."""
    return msgspec.json.decode(text, type=Spec)


NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What a job may be called: it becomes a folder name and is typed on a command line."""


def load_spec(path: Path) -> Spec | None:
    """Read a spec file; None when it has no [job] table. Raises SpecError."""
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
    except msgspec.ValidationError as error:
        raise _explain(path, text, error) from error
    except SpecError as error:
        where = re.match(r"(?:gate|remedy|pattern|job) '([^']*)'", error.message)
        line_number = _line_of(text, where[1] if where else "")
        raise SpecError(f"{path}:{line_number}: {error.message}", hint=error.hint) from error
    return spec


def _check(spec: Spec) -> None:
    job = spec.job
    if not NAME.fullmatch(job.name):
        raise SpecError(
            f"job '{job.name!a:.80}': not a usable name",
            hint="use letters, digits, '.', '_' and '-', up to 64",
        )
    if not job.command or not job.command[0]:
        raise SpecError(f"job '{job.name}': command is empty", hint='for example ["{python}", "train.py"]')
    if job.stop_signal not in ("SIGTERM", "SIGINT", "SIGUSR1", "SIGUSR2", "SIGHUP", "SIGQUIT"):
        raise SpecError(
            f"job '{job.name}': stop_signal {job.stop_signal!r} is not one", hint="SIGTERM or SIGINT"
        )
    assert hasattr(signal, job.stop_signal)
    if spec.metrics.goal not in ("min", "max"):
        raise SpecError(f"job '{job.name}': goal {spec.metrics.goal!r} is not one", hint="min or max")
    for name, value in (("grace_seconds", job.grace_seconds), ("gpus", spec.resources.gpus)):
        if value < 0:
            raise SpecError(f"job '{job.name}': {name} is negative")
    for pattern in spec.metrics.pattern:
        _check_pattern(pattern)
    spec.gates()


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
    }  # fmt: skip
    return tuple(structs.get(table[0] if table else "", Spec).__struct_fields__)


def _line_of(text: str, word: str, table: list[str] | None = None) -> int:
    """The line (from 1) where `word` stands as a key, a value or a table; tomllib does not keep it."""
    lines = text.splitlines()
    start = 0
    if table:
        header = re.compile(r"\s*\[+\s*" + r"\s*\.\s*".join(map(re.escape, table)) + r"\s*\]+")
        start = next((number for number, line in enumerate(lines) if header.match(line)), 0)
    key = re.compile(rf"\s*[\"']?{re.escape(word)}[\"']?\s*=")
    for test in (
        key.match,
        lambda line: f'"{word}"' in line or f"'{word}'" in line,
        lambda line: word in line,
    ):
        for number, line in enumerate(lines[start:], start + 1):
            if word and test(line):
                return number
    return start + 1


def resolve(spec: Spec, *, preset: str = "", overrides: Mapping[str, str] | None = None) -> Spec:
    """The spec with a preset and `--set` overrides applied, each read in the type of what it replaces.

    Raises SpecError for a preset that does not exist, a value of the wrong type, or a key that looks like
    a misspelt one; a key that resembles nothing is a new flag of the script.
    """
    params = dict(spec.params)
    if preset:
        if preset not in spec.presets:
            raise SpecError(
                f"job {spec.job.name!r} has no preset {preset!r}", hint=nearest(preset, spec.presets)
            )
        params |= spec.presets[preset]
    for key, text in (overrides or {}).items():
        if key not in params:
            hint = nearest(key, params)
            if hint.startswith("did you mean") and _is_misspelt(key, params):
                raise SpecError(f"job {spec.job.name!r} has no param {key!r}", hint=hint)
        params[key] = _typed(spec.job.name, key, text, params.get(key))
    return msgspec.structs.replace(spec, params=params)


def _is_misspelt(key: str, known: Mapping[str, Any]) -> bool:
    import difflib

    return bool(difflib.get_close_matches(key, list(known), n=1, cutoff=0.85))


def _typed(job: str, key: str, text: str, old: ParamValue | None) -> ParamValue:
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    try:
        if isinstance(old, bool):
            return words[text.lower()]
        if isinstance(old, int):
            return int(text) if not re.search(r"[.eE]", text) else float(text)
        if isinstance(old, float):
            return float(text)
        if isinstance(old, list):
            return [item.strip() for item in text.split(",")]
    except (ValueError, KeyError) as error:
        kind = {"bool": "true or false", "int": "a number", "float": "a number"}[type(old).__name__]
        raise SpecError(f"job {job!r}: {key}={text!r} is not {kind}, as the default {old!r} is") from error
    return text


def argv(spec: Spec, *, python: str, run: str, run_dir: Path, last_checkpoint: str = "") -> tuple[str, ...]:
    """The command of a run: placeholders replaced, params appended, resume arguments when there is a checkpoint."""
    places = {
        "{run_dir}": str(run_dir),
        "{run}": run,
        "{python}": python,
        "{last_checkpoint}": last_checkpoint,
    }

    def filled(word: str) -> str:
        for place, value in places.items():
            word = word.replace(place, value)
        return word

    words = [filled(word) for word in spec.job.command]
    for key, value in spec.params.items():
        if value is False:
            continue
        words.append(f"--{key}")
        if isinstance(value, list):
            words.extend(filled(str(item)) for item in value)
        elif value is not True:
            words.append(filled(str(value)))
    if last_checkpoint:
        words.extend(filled(word) for word in spec.job.resume)
    return tuple(words)

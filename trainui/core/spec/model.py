"""A job as written in TOML: its tables, resolved with a preset and overrides, turned into a command."""

from __future__ import annotations

import difflib
import functools
import glob
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import tomlkit

from trainui.core.errors import SpecError, nearest
from trainui.core.gates import DefaultWatch, Gate, parse_gates
from trainui.core.retry import Retry
from trainui.core.spec.estimate import Estimate

ParamValue = bool | int | float | str | list[Any]


class Job(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is run, and how it is stopped."""

    name: str
    command: list[str]
    study: str = ""
    about: str = ""
    stop_signal: str = "SIGTERM"
    grace_seconds: float = 60
    checkpoint_signal: str = ""
    """Sent before the stop signal, so that the job saves first; or:"""
    checkpoint_file: str = ""
    """Made before the stop signal; the job removes it when it has saved. In the run directory."""
    checkpoint_seconds: float = 30
    """How long saving may take before the stop signal goes out anyway."""
    needs: list[str] = []
    """Start when the newest run of each of these jobs finished and its criteria passed."""
    after: list[str] = []
    """Start when the newest run of each of these jobs has ended, however it ended."""
    resume: list[str] = []
    arm: bool = False


class Resources(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a run holds while it is live."""

    gpus: int = 0
    share: bool = False
    memory_gib: float | None = None
    """GPU memory a sharing run needs at its peak."""
    cpus: float = 1
    """CPU slots it takes on a machine without GPUs."""
    ram_gib: float = 0
    """Start only when so much memory is free."""


class Metrics(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the run is judged by, and how to read an unmodified script."""

    primary: str = ""
    goal: str = "min"
    classes: int | None = None
    """Of a classifier, or the words of a language model: a loss at their logarithm has learnt nothing."""
    pattern: list[dict[str, Any]] = []
    files: list[str] = []
    """What else the script writes its numbers to: glob patterns, relative to the project."""


class MetricWords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What gates call a metric by, and what its numbers mean."""

    from_: list[str] = msgspec.field(default_factory=list, name="from")
    """Names under which scripts write it."""
    goal: str = ""
    fraction: bool | str = False
    """Written as 0.48 where gates say 48; `auto` tells by the first value."""
    n_eval: int | None = None
    """Samples one value is measured on, which say how far chance alone moves it."""


class Watch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is watched on every run without a gate."""

    off: list[str] = []
    """Detectors that are switched off; `all` for every one."""


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a run must end, whatever its gates say."""

    usd: float | None = None
    hours: float | None = None
    silent_minutes: float | None = None


class Remedy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A documented answer to a failure: literal overrides for one more try, or only advice."""

    id: str
    on: str = ""
    """A cause of death or the id of a gate."""
    set: dict[str, ParamValue] = {}
    from_: str = msgspec.field(default="last", name="from")
    """What the next try begins from: scratch, or its parent's last or best checkpoint."""
    max: int = 1
    """Tries per lineage."""
    auto: bool = False
    """Whether it may be tried without a person."""
    advice: bool = False
    """Text for people: nothing is started."""
    text: str = ""
    quote: str = ""
    source: str = ""


class Spec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole spec file. `gate` holds the tables as written; `gates()` gives them parsed."""

    job: Job
    params: dict[str, ParamValue] = {}
    presets: dict[str, dict[str, ParamValue]] = {}
    env: dict[str, str] = {}
    resources: Resources = Resources()
    metrics: Metrics = Metrics()
    metric: dict[str, MetricWords] = {}
    watch: Watch = Watch()
    limits: Limits = Limits()
    estimate: Estimate | None = None
    retry: Retry | None = None
    gate: list[dict[str, Any]] = []
    remedy: list[Remedy] = []

    def gates(self) -> tuple[Gate, ...]:
        """The gates, parsed. Raises SpecError for one that cannot be judged."""
        return parse_gates(self.gate, goals=self.goals(), words=self.metric)

    def readable_gates(self) -> tuple[tuple[Gate, ...], dict[str, str]]:
        """The gates that can be parsed, and why each other cannot: a spec kept by an older trainui may hold gates
        that are refused now, and its run goes on all the same."""
        tables, problems = list(self.gate), dict[str, str]()
        while True:
            try:
                gates = parse_gates(tables, goals=self.goals(), words=self.metric)
            except SpecError as error:
                wrong = [
                    one for one in tables if error.message.startswith(f"gate {one.get('id')!r}: ")
                ] or tables
                problems |= {
                    str(one.get("id")): f"this trainui cannot judge it: {error.message}" for one in wrong
                }
                tables = [one for one in tables if one not in wrong]
            else:
                return gates, problems

    def default_watch(self) -> DefaultWatch:
        """A fresh watch for what nobody wrote a gate for."""
        primary = self.metrics.primary
        words = self.metric.get(primary)
        return DefaultWatch(
            off=self.watch.off,
            classes=self.metrics.classes,
            primary={primary, *(words.from_ if words else ())} - {""},
            primary_goal=(words.goal if words else "") or self.metrics.goal,
            written=self.readable_gates()[0],
        )

    def files(self, *, run: str, run_dir: Path) -> list[str]:
        """The glob patterns of `[metrics] files`, placeholders filled in."""
        folder = glob.escape(str(run_dir))
        return [one.replace("{run_dir}", folder).replace("{run}", run) for one in self.metrics.files]

    @property
    def checkpoint_seconds(self) -> float:
        """How long a stop waits for a checkpoint; 0 when the spec does not say how to ask for one."""
        can_ask = self.job.checkpoint_signal or self.job.checkpoint_file
        return self.job.checkpoint_seconds if can_ask else 0.0

    @property
    def ending_seconds(self) -> float:
        """The longest a stop takes until SIGKILL: a checkpoint, then the grace."""
        return self.checkpoint_seconds + self.job.grace_seconds

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


@functools.lru_cache(maxsize=256)
def spec_from_json(text: str) -> Spec:
    """The spec the store kept; the same one for the same text, so leave it as it is."""
    return msgspec.json.decode(text, type=Spec)


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
    return bool(difflib.get_close_matches(key, list(known), n=1, cutoff=0.85))


def _typed(job: str, key: str, text: str, old: ParamValue | None) -> ParamValue:
    if isinstance(old, int | float) and text.strip().lower().lstrip("+-") in ("nan", "inf", "infinity"):
        raise SpecError(f"job {job!r}: {key}={text!r} is not a finite number")
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


def argv(
    spec: Spec, *, python: str, run: str, run_dir: Path, db: str = "", last_checkpoint: str = ""
) -> tuple[str, ...]:
    """The command of a run: placeholders replaced, params appended, resume arguments when there is a checkpoint."""
    places = {
        "{run_dir}": str(run_dir),
        "{run}": run,
        "{python}": python,
        "{db}": db,
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

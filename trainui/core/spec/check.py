"""What a spec may not say though each of its words is known: values that cannot be, and words that contradict."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from trainui.core.errors import SpecError, nearest
from trainui.core.gates import DETECTORS, Gate, GateError
from trainui.core.gates.words import AUTO, GOALS
from trainui.core.retry import ALLOWED, UNCHANGED, Retry
from trainui.core.run import KINDS
from trainui.core.spec.estimate import ESTIMATED, Estimate
from trainui.core.spec.model import MetricWords, Remedy, Spec

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What a job may be called: it becomes a folder name and is typed on a command line."""

PLACES = ("run", "run_dir")
"""Placeholders in the names of `files`."""
LONGEST_DELAY = 30 * 86400.0
"""Seconds a try may wait."""
STOP_SIGNALS = ("SIGTERM", "SIGINT", "SIGUSR1", "SIGUSR2", "SIGHUP", "SIGQUIT")
BEGINNINGS = ("scratch", "last", "best")
"""What a next try may begin from."""


class WrongValueError(SpecError):
    """A value that cannot be. `near` is the key to look for, in the `number`-th table of that name."""

    def __init__(
        self, near: str, message: str, *, hint: str = "", table: Sequence[str] = (), number: int = 1
    ) -> None:
        super().__init__(message, hint=hint)
        self.near = near
        self.table = tuple(table)
        self.number = number


def settle(spec: Spec, tables: Mapping[str, Any]) -> Spec:
    """The spec with the goal of its primary metric as [metric.NAME] says it. Raises SpecError for two that differ."""
    primary = spec.metrics.primary
    said = spec.metric.get(primary) or next(
        (one for one in spec.metric.values() if primary and primary in one.from_), None
    )
    if said is None or said.goal not in ("min", "max") or said.goal == spec.metrics.goal:
        return spec
    if "goal" in tables.get("metrics", {}):
        name = next(name for name, one in spec.metric.items() if one is said)
        raise WrongValueError(
            "goal",
            f"{primary} has goal {spec.metrics.goal!r} in [metrics] and {said.goal!r} in [metric.{name}]",
            hint="keep one",
            table=("metrics",),
        )
    metrics = msgspec.structs.replace(spec.metrics, goal=said.goal)
    return msgspec.structs.replace(spec, metrics=metrics)


def check(spec: Spec) -> None:
    """Raise SpecError for the first thing that cannot be."""
    _check_job(spec)
    _check_numbers(spec)
    if spec.retry is not None:
        _check_retry(spec.retry)
    if not spec.metrics.primary.isprintable():
        raise WrongValueError("primary", f"primary {spec.metrics.primary!a} is not a name")
    if spec.metrics.goal not in ("min", "max"):
        raise WrongValueError("goal", f"goal {spec.metrics.goal!r} is neither min nor max")
    for pattern in spec.metrics.pattern:
        _check_pattern(pattern)
    _check_files(spec.metrics.files)
    if spec.metrics.classes is not None and spec.metrics.classes < 2:
        hint = "how many classes a classifier tells apart, or the words of a language model"
        message = f"classes should be 2 or more, not {spec.metrics.classes}"
        raise WrongValueError("classes", message, hint=hint, table=("metrics",))
    check_words(spec.metric)
    _check_watch(spec.watch.off)
    if spec.estimate is not None:
        check_estimate(spec.estimate)
    for number, gate in enumerate(spec.gate, start=1):
        for key in gate:
            if key.startswith("~"):
                message = f"gate {gate.get('id', '')!r}: key {key!r} is not for people to write"
                raise GateError(message, hint="leave it out", number=number, key=key)
    check_remedies(spec.remedy, spec.gates())


def _check_job(spec: Spec) -> None:
    job = spec.job
    if not NAME.fullmatch(job.name):
        hint = "letters, digits, '.', '_' and '-', up to 64"
        raise WrongValueError("name", f"{job.name!a:.80} is not a usable name for a job", hint=hint)
    if not job.command or not job.command[0]:
        raise WrongValueError("command", "the command is empty", hint='for example ["{python}", "train.py"]')
    for key in ("stop_signal", "checkpoint_signal"):
        signal = getattr(job, key)
        if signal not in STOP_SIGNALS and (signal or key == "stop_signal"):
            raise WrongValueError(key, f"{key} {signal!r} is not one of {', '.join(STOP_SIGNALS)}")
    if job.checkpoint_signal == job.stop_signal:
        both = f"checkpoint_signal and stop_signal are both {job.stop_signal}"
        raise WrongValueError("checkpoint_signal", both)
    if job.checkpoint_signal and job.checkpoint_file:
        raise WrongValueError(
            "checkpoint_file", "both checkpoint_signal and checkpoint_file", hint="keep one"
        )


def _check_numbers(spec: Spec) -> None:
    job, limits, resources = spec.job, spec.limits, spec.resources
    for name, value in (
        ("grace_seconds", job.grace_seconds),
        ("checkpoint_seconds", job.checkpoint_seconds),
        ("gpus", resources.gpus),
        ("memory_gib", resources.memory_gib),
        ("cpus", resources.cpus),
        ("ram_gib", resources.ram_gib),
        ("usd", limits.usd),
        ("hours", limits.hours),
        ("silent_minutes", limits.silent_minutes),
    ):
        if value is not None and not 0 <= value < float("inf"):
            raise WrongValueError(name, f"{name} cannot be {value}")
    for table in (spec.params, *spec.presets.values()):
        for key, param in table.items():
            if isinstance(param, float) and not math.isfinite(param):
                hint = 'write it as "inf"'
                raise WrongValueError(key, f"{key} = {param} is not a finite number", hint=hint)


def check_words(words: Mapping[str, MetricWords]) -> None:
    """Refuse [metric.NAME] tables that cannot be, or that read one name as two metrics of different sense."""
    owner: dict[str, str] = {}
    for metric, said in words.items():
        table = ("metric", metric)

        def wrong(near: str, message: str, hint: str = "", at: Sequence[str] = table) -> WrongValueError:
            return WrongValueError(near, message, hint=hint, table=at)

        if not metric.strip() or metric.startswith("@") or not metric.isprintable():
            raise wrong("", f"[metric.{metric!a:.60}] is no name for a metric", "meters need no words")
        if said.goal not in ("", *GOALS):
            raise wrong("goal", f"goal {said.goal!r} is not known", nearest(said.goal, GOALS))
        if said.fraction not in (True, False, AUTO):
            hint = f"true, false or {AUTO!r}"
            raise wrong("fraction", f"fraction {said.fraction!r} is not known", hint)
        if said.n_eval is not None and said.n_eval < 2:
            raise wrong("n_eval", f"n_eval should be 2 or more samples, not {said.n_eval}")
        for name in said.from_:
            if not name.strip() or not name.isprintable():
                raise wrong("from", f"from holds {name!a:.60}, which is no name")
        for name in {metric, *said.from_}:
            other = owner.setdefault(name, metric)
            if (words[other].goal, words[other].fraction) != (said.goal, said.fraction):
                message = f"{name!r} is read as {other!r} and as {metric!r}, which differ in goal or fraction"
                raise wrong(name if name in said.from_ else "", message, "one number cannot mean both")


def check_estimate(estimate: Estimate, table: Sequence[str] = ("estimate",)) -> None:
    """Refuse a plan of nothing, and amounts that cannot be. Raises SpecError."""

    def wrong(near: str, message: str, hint: str = "") -> WrongValueError:
        return WrongValueError(near, message, hint=hint, table=table)

    if all(estimate.planned(what) is None for what in ESTIMATED) and not getattr(estimate, "runs", None):
        raise wrong("", f"[{'.'.join(table)}] estimates nothing", f"give one of {', '.join(ESTIMATED)}")
    for what in ESTIMATED:
        amount = getattr(estimate, what)
        if isinstance(amount, list) and len(amount) != 2:
            raise wrong(what, f"{what} should be a number or [low, high], not {len(amount)} numbers")
        for number in amount if isinstance(amount, list) else () if amount is None else (amount,):
            if not 0 <= number < math.inf:
                raise wrong(what, f"{what} cannot be {number}")
        if isinstance(amount, list) and amount[0] > amount[1]:
            raise wrong(what, f"{what} = [{amount[0]:g}, {amount[1]:g}] has its low end above its high one")


def _check_watch(off: Sequence[str]) -> None:
    known = ("all", *(kind.name for kind in DETECTORS))
    for name in off:
        if name.removeprefix("watch/") not in known:
            hint = nearest(name.removeprefix("watch/"), known)
            raise WrongValueError(
                name, f"off names {name!r}, which is no detector", hint=hint, table=("watch",)
            )


def check_remedies(remedies: Sequence[Remedy], gates: Sequence[Gate]) -> None:
    """Refuse remedies of one id, that answer nothing there is, or that neither change nor say anything;
    and gates that rest on such. Raises SpecError."""
    by_id: dict[str, Remedy] = {}
    answers = [*KINDS, *(gate.id for gate in gates)]
    for number, one in enumerate(remedies, start=1):

        def wrong(near: str, message: str, hint: str = "", name: str = one.id, at: int = number) -> SpecError:
            said = f"remedy {name!r}: {message}"
            return WrongValueError(near, said, hint=hint, table=("remedy",), number=at)

        if not one.id.strip():
            raise wrong("id", "id is empty")
        if one.id in by_id:
            raise wrong("id", "this id is used twice", "every remedy needs its own")
        by_id[one.id] = one
        if one.on and one.on not in answers:
            raise wrong("on", f"on {one.on!r} is no cause of an end and no gate", nearest(one.on, answers))
        if one.from_ not in BEGINNINGS:
            raise wrong("from", f"from {one.from_!r} is no beginning", nearest(one.from_, BEGINNINGS))
        if one.max < 1:
            raise wrong("max", f"max cannot be {one.max}", "at least 1")
        if one.advice and one.set:
            raise wrong("advice", "it is advice and sets something", "leave out one of them")
        if not one.advice and not one.set:
            raise wrong("", "it sets nothing", "set = { batch_size = 4 }, or advice = true for mere words")
        if one.auto and one.advice:
            raise wrong("auto", "advice is for people: it cannot be tried by itself")
        if one.advice and not (one.text or one.quote):
            raise wrong("advice", "it advises nothing", "say it in text or quote")
    for number, gate in enumerate(gates, start=1):
        _check_answers(gate, number, by_id)


def _check_answers(gate: Gate, number: int, by_id: Mapping[str, Remedy]) -> None:
    for name in gate.remedy:
        if name not in by_id:
            message = f"gate {gate.id!r}: there is no remedy {name!r}"
            raise GateError(message, hint=nearest(name, by_id), number=number, key="remedy")
    relaunches = any("relaunch" in actions for actions in gate.actions.values())
    if relaunches and not any(by_id[name].set for name in gate.remedy):
        message = f"gate {gate.id!r}: relaunch needs a remedy that sets something"
        raise GateError(message, hint="its remedies are advice", number=number, key="remedy")


def _check_retry(retry: Retry) -> None:
    for kind, tries in retry.on.items():
        if kind in UNCHANGED:
            hint = "write a [[remedy]] that changes something, and `trainui retry RUN --remedy ID`"
            raise WrongValueError(kind, f"{kind} happens again when nothing is changed", hint=hint)
        if kind not in ALLOWED:
            raise WrongValueError(kind, f"retry on {kind!r} is not known", hint=nearest(kind, ALLOWED))
        if tries < 0:
            raise WrongValueError(kind, f"{kind} cannot be tried {tries} times")
    for name in ("delay_seconds", "longest_delay_seconds"):
        if not 0 <= getattr(retry, name) <= LONGEST_DELAY:
            hint = "from 0 to 30 days"
            raise WrongValueError(name, f"{name} cannot be {getattr(retry, name)}", hint=hint)


def _check_files(names: Sequence[str]) -> None:
    for name in names:
        if not name.strip():
            raise WrongValueError("files", "files holds an empty name", hint="for example 'logs/*.csv'")
        for word in re.findall(r"\{(\w+)\}", name):
            if word not in PLACES:
                raise WrongValueError(
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

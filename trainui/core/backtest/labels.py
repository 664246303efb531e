"""RULE: what is known of past runs, and how often each gate agreed: found, missed, false alarms. Pure."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trainui.core.backtest.findings import Finding
from trainui.core.errors import UserError

HEALTHY = frozenset({"", "healthy", "ok", "good", "fine", "normal", "none"})
"""Labels that say nothing was wrong; so does having none in a list where others have one."""
ANY = "(any gate)"
NOTE = re.compile(r"(?i)^\s*labels?\s*[:=]\s*(.+)$")
"""A note beside a run that says what it was: `label: diverged`."""
SEVERAL = re.compile(r"[;|+,]")

Labels = Mapping[str, tuple[str, ...]]
"""Run, or file, → what is known of it; no label is healthy."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """How one gate did over runs of which it is known how they were."""

    gate: str
    runs: int
    bad: int
    found: tuple[str, ...]
    missed: tuple[str, ...]
    healthy: int
    false_alarms: tuple[str, ...]
    warned: tuple[str, ...]
    """Healthy runs on which it warned and went no further."""
    by_label: Mapping[str, tuple[int, int]]
    """Label → (found, runs that have it)."""

    @property
    def rate(self) -> float | None:
        """False alarms per healthy run; None without one."""
        return len(self.false_alarms) / self.healthy if self.healthy else None


def read_labels(text: str) -> dict[str, tuple[str, ...]]:
    """Labels as a CSV or JSON file holds them, or as `name=label,name=label`. Raises UserError."""
    stripped = text.strip()
    if stripped.startswith(("{", "[")):
        return _from_json(stripped)
    if "\n" not in stripped and "=" in stripped:
        return _from_pairs(stripped)
    labels: dict[str, tuple[str, ...]] = {}
    for number, row in enumerate(csv.reader(io.StringIO(stripped))):
        if not row or not row[0].strip() or row[0].lstrip().startswith("#"):
            continue
        is_head = number == 0 and row[0].strip().lower() in ("name", "run", "file") and len(row) > 1
        if not is_head:
            _add(labels, row[0].strip(), row[1:])
    if not labels:
        raise UserError("no label was found", hint="a line each: name,label")
    return labels


def _from_pairs(text: str) -> dict[str, tuple[str, ...]]:
    labels: dict[str, tuple[str, ...]] = {}
    for pair in text.split(","):
        name, sign, label = pair.partition("=")
        if not sign or not name.strip():
            raise UserError(
                f"label {pair!r} is not of the form name=label", hint="run-1=healthy,run-2=diverged"
            )
        _add(labels, name.strip(), SEVERAL.split(label))
    return labels


def _from_json(text: str) -> dict[str, tuple[str, ...]]:
    hint = '{"run-1": "healthy", "run-2": ["diverged"]}'
    try:
        document = json.loads(text)
    except ValueError as error:
        raise UserError(f"the labels are not JSON: {error}", hint=hint) from error
    pairs: Iterable[tuple[Any, Any]]
    if isinstance(document, dict):
        pairs = document.items()
    elif all(isinstance(one, dict) and ("name" in one or "run" in one) for one in document):
        pairs = [
            (one.get("name", one.get("run")), one.get("labels", one.get("label", ""))) for one in document
        ]
    else:
        raise UserError("the labels should map names to labels", hint=hint)
    labels: dict[str, tuple[str, ...]] = {}
    for name, label in pairs:
        words = label if isinstance(label, list) else [label]
        if not all(isinstance(word, str) for word in words):
            raise UserError(f"the label of {name!r} should be words, not {label!r}", hint=hint)
        _add(labels, str(name), words)
    return labels


def _add(labels: dict[str, tuple[str, ...]], name: str, words: Iterable[str]) -> None:
    split = [one.strip().lower() for word in words for one in SEVERAL.split(word)]
    told = [one for one in split if one not in HEALTHY]
    labels[name] = tuple(dict.fromkeys([*labels.get(name, ()), *told]))


def labels_in(notes: Iterable[str]) -> tuple[str, ...] | None:
    """What the notes beside a run say it was; None where none does."""
    labels: dict[str, tuple[str, ...]] = {}
    for note in notes:
        if said := NOTE.match(note):
            _add(labels, "run", [said[1]])
    return labels.get("run")


def label_of(run: str, labels: Labels) -> tuple[str, ...] | None:
    """The labels of a run: by its name, or by that of its file, with or without what stands behind the dot."""
    if run in labels:
        return labels[run]
    by_plain = {_plain(name): told for name, told in labels.items()}
    tail = run.rpartition("/")[2]
    for name in (run, tail, tail.rpartition(".")[0] or tail):
        if (plain := _plain(name)) in by_plain:
            return by_plain[plain]
    return None


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


def scores(findings: Sequence[Finding], known: Labels) -> list[Score]:
    """How each gate did over the runs that are `known`, and last how all of them together did; questions do nothing."""
    judged = [one for one in findings if one.run in known and one.role != "ask"]
    by_gate: dict[str, dict[str, bool]] = {}
    warned: dict[str, set[str]] = {}
    for one in judged:
        fired = by_gate.setdefault(one.gate, {})
        fired[one.run] = fired.get(one.run, False) or one.has_fired
        if one.has_warned and not one.has_fired:
            warned.setdefault(one.gate, set()).add(one.run)
    if len(by_gate) > 1:
        everywhere = dict.fromkeys(known, False)
        for fired in by_gate.values():
            everywhere |= {run: True for run, did in fired.items() if did}
        by_gate[ANY] = everywhere
        quiet = {run for run, did in everywhere.items() if not did}
        warned[ANY] = set().union(*warned.values()) & quiet if warned else set()
    return [
        _score(gate, {**dict.fromkeys(known, False), **fired}, known, warned.get(gate, set()))
        for gate, fired in by_gate.items()
    ]


def _score(gate: str, fired: Mapping[str, bool], known: Labels, warned: set[str]) -> Score:
    bad = [run for run in fired if known[run]]
    healthy = [run for run in fired if not known[run]]
    by_label = {}
    for label in dict.fromkeys(label for run in bad for label in known[run]):
        having = [run for run in bad if label in known[run]]
        by_label[label] = (sum(fired[run] for run in having), len(having))
    return Score(
        gate=gate,
        runs=len(fired),
        bad=len(bad),
        found=tuple(run for run in bad if fired[run]),
        missed=tuple(run for run in bad if not fired[run]),
        healthy=len(healthy),
        false_alarms=tuple(run for run in healthy if fired[run]),
        warned=tuple(run for run in healthy if run in warned),
        by_label=by_label,
    )

"""Patterns a spec gives for the output of a script that does not know us."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trainui.core.errors import SpecError, nearest
from trainui.core.ingest.fields import clean_name
from trainui.core.ingest.numbers import FARTHEST, number_in, whole_of
from trainui.core.ingest.records import Record

AXES = ("step", "epoch", "total_steps", "total_epochs")
_KEYS = ("regex", "rename")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pattern:
    """One regular expression with named groups; `names` maps each group to its axis or metric."""

    regex: re.Pattern[str]
    names: Mapping[str, str] = field(default_factory=dict)

    def record(self, text: str) -> Record | None:
        """What `text` says by this pattern, or None when it does not match or holds no number."""
        match = self.regex.search(text)
        if match is None:
            return None
        metrics: dict[str, float] = {}
        axes: dict[str, Any] = {}
        for group, name in self.names.items():
            told = (match[group] or "").strip()
            value = whole_of(told) if name in AXES and told.isdecimal() else number_in(told)
            if value is None:
                continue
            if name not in AXES:
                metrics[name] = value
            elif abs(value) < FARTHEST:
                axes[name] = int(value) if value == int(value) else value
        return Record(metrics=metrics, **axes) if metrics or axes else None


def compile_patterns(tables: Sequence[Mapping[str, Any]]) -> tuple[Pattern, ...]:
    """The patterns of `[[metrics.pattern]]`, each `{regex = '…', rename = {…}}`.

    Groups named step, epoch, total_steps and total_epochs say where we are; every other group is a metric of
    its name, where a double underscore stands for "/". Raises SpecError.
    """
    return tuple(_compile(table, number) for number, table in enumerate(tables, start=1))


def _compile(table: Mapping[str, Any], number: int) -> Pattern:
    place = f"metrics.pattern {number}"
    unknown = [key for key in table if key not in _KEYS]
    if unknown:
        raise SpecError(f"{place} has an unknown key {unknown[0]!r}", hint=nearest(unknown[0], _KEYS))
    source, rename = table.get("regex"), table.get("rename", {})
    if not isinstance(source, str) or not source:
        raise SpecError(f"{place} needs a regex", hint="regex = 'loss (?P<loss>\\S+)'")
    try:
        regex = re.compile(source)
    except (re.error, OverflowError, RecursionError) as error:
        raise SpecError(f"{place} is not a regular expression: {error}", hint=source) from error
    if not regex.groupindex:
        raise SpecError(f"{place} has no named group", hint="name what is to be kept: (?P<val_wer>\\S+)")
    if not isinstance(rename, Mapping) or not all(isinstance(name, str) and name for name in rename.values()):
        raise SpecError(f"{place} has a rename that is no table of names", hint="{ wer = 'val/wer' }")
    for group in rename:
        if group not in regex.groupindex:
            hint = nearest(group, regex.groupindex)
            raise SpecError(f"{place} renames {group!r}, which is no group of its regex", hint=hint)
    names = {group: clean_name(rename.get(group, group.replace("__", "/"))) for group in regex.groupindex}
    return Pattern(regex=regex, names=names)

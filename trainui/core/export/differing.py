"""What a run does otherwise than its parent, the baseline of its study, or the run of its job before it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from trainui.core.comparing import git_of, packages_of
from trainui.core.export.hiding import command_without_secrets, without_secrets
from trainui.core.export.parts import Change, Difference
from trainui.core.export.past import Past
from trainui.core.spec import Spec
from trainui.core.store.views import RunView

BASELINE = re.compile(r"(?:^|[^a-z])baseline(?:$|[^a-z])")
_TABLES = {"resources": "resource", "limits": "limit", "metrics": "metric"}


def difference(past: Past, view: RunView) -> Difference | None:
    """Against the parent, else the baseline of the study, else the run of the job before; None for the first of all."""
    other, why = _other(past, view)
    if other is None:
        return None
    before, after = past.spec(other.run), past.spec(view.run)
    changes = [
        *_specs(before, after),
        *_origins(past.origin(other.run), past.origin(view.run)),
    ]
    return Difference(against=other.run, why=why, changes=tuple(changes))


def _other(past: Past, view: RunView) -> tuple[RunView | None, str]:
    if view.parent and (parent := past.view(view.parent)):
        return parent, "its parent"
    baseline = next((one for one in past.of_study(view.study) if is_baseline(past, one)), None)
    is_judged = bool(past.spec(view.run).metrics.primary)
    if baseline is not None and is_judged and baseline.run != view.run and baseline.job != view.job:
        return baseline, "the baseline of the study"
    earlier = past.before(view)
    return (earlier, "the run of its job before") if earlier else (None, "")


def is_baseline(past: Past, view: RunView) -> bool:
    """Whether people call a run a baseline: by a tag, its alias in the study, or the name of its job."""
    names = (*view.tags, past.alias(view), view.job.replace("_", "-"))
    return any(BASELINE.search(name.lower()) for name in names)


def _specs(before: Spec, after: Spec) -> Iterator[Change]:
    yield from _rows(
        "param", without_secrets(before.params), without_secrets(after.params), before.params, after.params
    )
    old, new = before.job.command, after.job.command
    if old != new:
        shown = [" ".join(command_without_secrets(one)) for one in (old, new)]
        yield Change(kind="command", name="command", before=shown[0], after=shown[1])
    yield from _rows(
        "environment", without_secrets(before.env), without_secrets(after.env), before.env, after.env
    )
    for table, kind in _TABLES.items():
        one, two = (msgspec.to_builtins(getattr(spec, table)) for spec in (before, after))
        yield from _rows(kind, one, two, one, two)
    yield from _gates(before, after)


def _gates(before: Spec, after: Spec) -> Iterator[Change]:
    """A gate that was edited is a new gate: it is told, not how."""
    one, two = ({str(table.get("id")): table for table in spec.gate} for spec in (before, after))
    for name in {**one, **two}:
        if one.get(name) != two.get(name):
            words = ["written" if name in tables else None for tables in (one, two)]
            edited = "edited" if all(words) else words[1]
            yield Change(kind="gate", name=name, before=words[0], after=edited)


def _origins(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    if not before or not after:
        return
    old, new = git_of(before), git_of(after)
    if old.get("commit") != new.get("commit"):
        yield Change(kind="code", name="commit", before=_short(old), after=_short(new))
    elif old.get("diff") != new.get("diff"):
        yield Change(kind="code", name="uncommitted changes", before=_diff(old), after=_diff(new))
    for name in ("python", "host", "system"):
        if before.get(name) != after.get(name):
            yield Change(kind="machine", name=name, before=before.get(name), after=after.get(name))
    if before.get("packages") and after.get("packages"):
        one, two = packages_of(before), packages_of(after)
        yield from _rows("package", one, two, one, two)


def _short(git: Mapping[str, Any]) -> str | None:
    commit = git.get("commit")
    return f"{str(commit)[:12]}{' with changes' if git.get('diff') else ''}" if commit else None


def _diff(git: Mapping[str, Any]) -> str:
    lines = str(git.get("diff") or "").count("\n")
    return f"{lines} lines of difference" if lines else "none"


def _rows(
    kind: str,
    shown_before: Mapping[str, Any],
    shown_after: Mapping[str, Any],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> Iterator[Change]:
    """What differs of two tables; compared as they are, told as they may be shown."""
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if (
            (name in before) != (name in after)
            or old != new
            or isinstance(old, bool) != isinstance(new, bool)
        ):
            yield Change(kind=kind, name=name, before=shown_before.get(name), after=shown_after.get(name))

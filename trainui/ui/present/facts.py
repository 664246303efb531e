"""What a run was: its command, params beside its spec file, origin, what it used over time, checkpoints, notes."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from trainui.core.store.views import CheckpointView, RunDetail, UsageView
from trainui.ui.opened import Opened, Origin
from trainui.ui.params import written
from trainui.ui.present.ink import Line, Span, clip, line, safe, wrap
from trainui.ui.present.text import clock, number, percent, plural, spark, whole
from trainui.ui.present.usage import amount

_SPARK = 40
"""Blocks of a picture of what it used, at most."""


def facts(detail: RunDetail, cells: int, *, opened: Opened | None = None, now: float) -> tuple[Line, ...]:
    """What was run: about, command, params, origin, use, checkpoints, how much of its output was understood."""
    opened = opened if opened is not None and opened.run == detail.view.run else None
    view = detail.view
    rows = [line(safe(detail.about))] if detail.about else []
    rows += [
        _fact("study", view.study),
        _fact("parent", view.parent or ""),
        _fact("folder", _near(view.directory)),
    ]
    rows += [_fact("gpus", ", ".join(view.gpus)), _fact("pid", str(view.pid or "") if view.is_live else "")]
    rows.append(_fact("priority", str(view.priority or "")))
    rows.append(_fact("armed", "yes: a tripped gate stops it" if view.armed else "no: gates only tell"))
    rows.append(_fact("started", clock(view.started_at, now) if view.started_at else ""))
    rows.append(_fact("command", shlex.join(detail.command)))
    rows.append(_fact("tags", " ".join(view.tags)))
    rows = [row for row in rows if row]
    for at, text in detail.notes:
        rows += wrap(line(Span(f"note {clock(at, now)}", "dim"), safe(text)), cells)
    if detail.params:
        rows += _params(detail.params, opened.defaults if opened else None)
    if opened is not None:
        rows += _used(opened.usage, cells)
        rows += _origin(opened.origin)
    if detail.checkpoints:
        rows += [(), line(Span("checkpoints", "head"))]
        rows += _saved(detail.checkpoints, view.directory, now)
    if detail.lines_read:
        share = percent(detail.lines_understood / detail.lines_read)
        rows += [(), _fact("read", f"{detail.lines_read} lines, {share} understood")]
    return tuple(clip(row, cells) for row in rows)


def _params(params: Mapping[str, object], defaults: Mapping[str, object] | None) -> list[Line]:
    """Each with its value; what the spec file says otherwise stands beside it."""
    longest = max(len(safe(str(key))) for key in params)
    title = line(Span("params", "head"))
    differ = {key for key in params if defaults is not None and _differs(key, params, defaults)}
    if differ:
        title = line(Span("params", "head"), Span(f"  {len(differ)} not as in its spec file", "accent"))
    rows: list[Line] = [(), title]
    for key, value in params.items():
        name = Span(safe(str(key)).ljust(longest) + "  ", "dim")
        if key in differ and defaults is not None:
            there = f"spec file: {written(defaults[key])}" if key in defaults else "not in the spec file"
            rows.append(line(name, Span(safe(str(value)), "bold accent"), Span(f"  ← {safe(there)}", "dim")))
        else:
            rows.append(line(name, safe(str(value))))
    return rows


def _differs(key: str, params: Mapping[str, object], defaults: Mapping[str, object]) -> bool:
    return key not in defaults or written(defaults[key]) != written(params[key])


def _used(samples: Sequence[UsageView], cells: int) -> list[Line]:
    """What its processes used over time: CPU, memory, GPU, each from its start to now, and its peak."""
    if len(samples) < 2:
        return []
    rows: list[Line] = [(), line(Span("used over time", "head"))]
    blocks = max(8, min(_SPARK, cells - 30))
    cpu = [one.cpu or 0.0 for one in samples]
    memory = [float(one.memory) for one in samples]
    rows.append(_course("cpu", cpu, blocks, f"up to {max(cpu):.1f} cores"))
    rows.append(_course("mem", memory, blocks, f"up to {amount(int(max(memory)))}"))
    gpu = [one.gpu for one in samples if one.gpu is not None]
    if gpu:
        rows.append(_course("gpu", gpu, blocks, f"up to {percent(max(gpu))}", top=1.0))
    held = [float(one.gpu_memory) for one in samples if one.gpu_memory is not None]
    if held:
        rows.append(_course("gpu mem", held, blocks, f"up to {amount(int(max(held)))}"))
    return rows


def _course(name: str, values: Sequence[float], blocks: int, told: str, *, top: float = 0.0) -> Line:
    size = -(-len(values) // blocks)
    peaks = [max(values[at : at + size]) for at in range(0, len(values), size)]
    high = top or max(peaks) or 1.0
    return line(Span(name.ljust(8), "dim"), Span(spark(one / high for one in peaks), "calm"), "  ", told)


def _origin(origin: Origin) -> list[Line]:
    """The commit and what differed from it, the host, Python and packages."""
    if not (origin.commit or origin.host):
        return []
    change = (
        f"{plural(origin.files, 'file')} changed, +{origin.added} -{origin.removed}"
        if origin.files
        else "clean"
    )
    rows: list[Line] = [(), line(Span("origin", "head"))]
    if origin.commit:
        tone = "warn" if origin.files else "dim"
        rows.append(line(Span("commit ", "dim"), safe(origin.commit[:12]), Span(f"  {change}", tone)))
    python = f"{origin.python}, {plural(origin.packages, 'package')}" if origin.python else ""
    more = [_fact("host", origin.host), _fact("python", python), _fact("system", origin.system)]
    return [*rows, *(row for row in more if row)]


def _fact(name: str, value: str) -> Line:
    return line(Span(f"{name} ", "dim"), safe(value)) if value else ()


def _saved(checkpoints: Sequence[CheckpointView], folder: str, now: float) -> list[Line]:
    """The newest of each file, the newest file first; how often it was written over."""
    files: dict[str, list[CheckpointView]] = {}
    for one in reversed(checkpoints):
        files.setdefault(one.path, []).append(one)
    rows = []
    for saves in files.values():
        newest = saves[0]
        path = newest.path.removeprefix(f"{folder.rstrip('/')}/")
        often = Span(f"  the newest of {len(saves)}" if len(saves) > 1 else "", "dim")
        rows.append(line(checkpoint_line(replace(newest, path=path), now=now), often))
    return rows


def checkpoint_line(checkpoint: CheckpointView, *, now: float) -> Line:
    """`00:58 best.pt  epoch 25  val/mae 129.2`."""
    where = (
        f"  epoch {whole(checkpoint.epoch)}"
        if checkpoint.epoch is not None
        else (f"  step {whole(checkpoint.step)}" if checkpoint.step is not None else "")
    )
    value = f"  {safe(checkpoint.metric)} {number(checkpoint.value)}" if checkpoint.value is not None else ""
    return line(Span(clock(checkpoint.at, now) + " ", "dim"), safe(checkpoint.path), where, value)


def _near(folder: str) -> str:
    """A folder as seen from here, where that is shorter."""
    return min((os.path.relpath(folder), folder), key=len)

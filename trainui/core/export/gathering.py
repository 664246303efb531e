"""From the store to a Digest: the one place where summaries look."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from trainui import __version__
from trainui.core.errors import NotFoundError, nearest
from trainui.core.export.model import Budget, Digest, Machine, RunDigest, StudyDigest
from trainui.core.export.of_run import run_digest
from trainui.core.export.of_study import study_digest
from trainui.core.export.parts import Epoch, Extreme, Place, Span
from trainui.core.export.past import Past
from trainui.core.ingest.text import strip_escapes
from trainui.core.store.read import Reader

Kind = TypeVar("Kind", bound=msgspec.Struct)
_NUMBERS = (Place, Extreme, Span, Epoch)
"""Parts that hold no text; a long export has many."""


def gather(
    reader: Reader,
    runs: Sequence[str] = (),
    *,
    study: str = "",
    everything: bool = False,
    now: float | None = None,
) -> Digest:
    """What there is to tell of `runs`, of all runs of a `study`, or of `everything`, in the order they were queued.

    `now`: Unix seconds. Raises NotFoundError for a run or a study that is not there.
    """
    now = time.time() if now is None else now
    past = Past(reader, now=now)
    names = chosen_runs(past, runs, study=study, everything=everything)
    views = [view for name in names if (view := past.view(name))]
    told = tuple(cleaned(run_digest(past, view)) for view in views)
    return Digest(
        title=cleaned_text(study) or ("all runs" if everything else ", ".join(names)),
        written_at=now,
        trainui=__version__,
        currency=reader.budget().currency,
        budget=cleaned(_budget(reader)),
        machine=_machine(reader),
        runs=told,
        studies=tuple(_studies(past, told)),
    )


def chosen_runs(past: Past, runs: Sequence[str], *, study: str, everything: bool) -> list[str]:
    """The names asked for. Raises NotFoundError."""
    if everything:
        return [one.run for one in past.views]
    if study:
        found = [one.run for one in past.of_study(study)]
        if not found:
            known = sorted({one.study for one in past.views} - {""})
            raise NotFoundError(f"there is no study {study!r}", hint=f"known: {', '.join(known) or 'none'}")
        return found
    names = {one.run for one in past.views}
    for run in runs:
        if run not in names:
            raise NotFoundError(
                f"there is no run {run!r}", hint=nearest(run, names) or "see `trainui ls --all`"
            )
    return list(dict.fromkeys(runs))


def _studies(past: Past, told: Sequence[RunDigest]) -> list[StudyDigest]:
    """The studies of the runs that are told."""
    names = dict.fromkeys(one.study for one in told if one.study)
    return [cleaned(study_digest(past, name, [one for one in told if one.study == name])) for name in names]


def _budget(reader: Reader) -> Budget:
    view = reader.budget()
    return Budget(
        machine=view.machine, usd_per_hour=view.usd_per_hour, gpus=view.gpus, total_usd=view.total_usd,
        spent_usd=view.spent_usd, idle_usd=view.idle_usd, left_usd=view.left_usd, reserve_usd=view.reserve_usd,
    )  # fmt: skip


def _machine(reader: Reader) -> Machine | None:
    view = reader.machine()
    if view is None:
        return None
    return Machine(
        at=view.at,
        cores=view.cores,
        memory=view.memory_total,
        gpus=tuple(one.name for one in view.gpus),
        gpu_memory=tuple(one.memory_total for one in view.gpus),
    )


def cleaned(struct: Kind) -> Kind:
    """The same with every text free of escape sequences, control characters and what turns the reading direction."""
    changes = {name: _clean(value) for name in struct.__struct_fields__ if (value := getattr(struct, name))}
    return msgspec.structs.replace(struct, **changes)


def cleaned_text(text: str) -> str:
    """A text that can drive no terminal."""
    return strip_escapes(text)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return strip_escapes(value)
    if isinstance(value, msgspec.Struct):
        return value if isinstance(value, _NUMBERS) else cleaned(value)
    if isinstance(value, tuple):
        return tuple(map(_clean, value))
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value

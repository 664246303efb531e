"""When a run that is about to be queued would begin: what is live, what waits before it, what the machine has."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from trainui.core.costing.standing import Standing, typical_seconds
from trainui.core.forecast.turns import FULL, Held, Places, Turn, Want, turns
from trainui.core.run import Result, Status
from trainui.core.spec import Spec
from trainui.core.store.read import Reader
from trainui.core.store.views import MachineView, RunView

GIB = 2**30
HELD = "it is held until you release it"
LEARNT_MARGIN = 1.1
"""As the queue reckons: what a run needs of a GPU is so much more than runs of its job have shown."""


def places_of(reader: Reader | None, stands: Standing) -> Places:
    """What the machine has, as the queue sees it."""
    machine = reader.machine() if reader is not None else None
    gpus = tuple(gpu.uuid for gpu in machine.gpus) if machine else ()
    cores = os.cpu_count() or 1
    given = stands.config.queue.slots
    return Places(
        slots=given if given is not None else max(4, cores, len(gpus)),
        cpus=max(4, cores) if given is None and not gpus else None,
        gpus=gpus,
    )


def name_of(specs: Sequence[Spec], number: int) -> str:
    """What a run that has no name yet is called."""
    job = specs[number].job.name
    return f"the new {job}" if len(specs) == 1 else f"the new {job} ({number + 1} of {len(specs)})"


def turn_of_new(
    reader: Reader | None, stands: Standing, specs: Sequence[Spec], seconds: Sequence[float | None], *,
    priorities: Sequence[int], held: Sequence[bool], places: Places,
) -> list[Turn]:  # fmt: skip
    """When runs of these specs would begin, queued now in this order, each behind those of its priority.

    `seconds`: how long each takes.
    """
    live: list[Held] = []
    waiting: list[tuple[int, Want]] = []
    on_their_way: dict[str, str] = {}
    machine = reader.machine() if reader is not None else None
    queued = [view for view in stands.views if view.status is Status.QUEUED]
    if reader is not None:
        for view in stands.views:
            if view.is_live:
                spec = reader.spec(view.run)
                live.append(
                    Held(
                        run=view.run,
                        end=stands.ends[view.run].seconds,
                        gpus=view.gpus,
                        part=_part(reader, spec, machine),
                        cpus=spec.resources.cpus,
                    )
                )
                on_their_way[view.job] = view.run
        for view in queued:
            if view.priority >= min(priorities):
                spec = reader.spec(view.run)
                want = _want(
                    reader, view.run, spec, typical_seconds(reader, spec), on_their_way, stands, machine
                )
                want = replace(want, why_not=f"{view.run} is held") if view.held else want
                waiting.append((view.priority, want))
            on_their_way[view.job] = view.run
    names = []
    for number, (spec, took) in enumerate(zip(specs, seconds, strict=True)):
        names.append(name_of(specs, number))
        want = _want(reader, names[-1], spec, took, on_their_way, stands, machine)
        waiting.append((priorities[number], replace(want, why_not=HELD) if held[number] else want))
        on_their_way[spec.job.name] = names[-1]
    found = turns(live, [want for _, want in sorted(waiting, key=lambda one: -one[0])], places)
    return [found[name] for name in names]


def _want(
    reader: Reader | None, name: str, spec: Spec, seconds: float | None, on_their_way: dict[str, str],
    stands: Standing, machine: MachineView | None,
) -> Want:  # fmt: skip
    after = tuple(on_their_way[job] for job in (*spec.job.needs, *spec.job.after) if job in on_their_way)
    missing = [
        why
        for job in spec.job.needs
        if job not in on_their_way and (why := _unmet(reader, job, stands.views))
    ]
    missing += [
        f"no run of {job} yet"
        for job in spec.job.after
        if job not in on_their_way and not any(view.job == job for view in stands.views)
    ]
    return Want(
        run=name, seconds=seconds, gpus=spec.resources.gpus, part=_part(reader, spec, machine),
        cpus=spec.resources.cpus, after=after, why_not=", ".join(missing),
    )  # fmt: skip


def _unmet(reader: Reader | None, job: str, views: Sequence[RunView]) -> str:
    """Why a run that needs `job`, of which nothing is live or waits, does not begin; '' when its criteria passed."""
    newest = max((view for view in views if view.job == job), key=lambda view: view.queued_at, default=None)
    if newest is None or reader is None:
        return f"no run of {job} yet"
    if newest.result is not Result.FINISHED:
        return f"{newest.run} {newest.result}"
    gates = [gate for gate in reader.gates(newest.run) if gate.role == "criterion"]
    failed = [gate.gate for gate in gates if gate.verdict != "passed"]
    return f"{newest.run} did not pass {', '.join(failed)}" if failed else ""


def _part(reader: Reader | None, spec: Spec, machine: MachineView | None) -> float:
    """Of each of its GPUs: all, or where it shares them and its memory is known, as much as that."""
    if not spec.resources.share or machine is None or not machine.gpus:
        return FULL
    needs = spec.resources.memory_gib
    if needs is None and reader is not None and (learnt := reader.learnt_gpu_memory(spec.job.name)):
        needs = learnt * LEARNT_MARGIN / GIB
    total = min(gpu.memory_total for gpu in machine.gpus) / GIB
    return FULL if needs is None or total <= 0 else min(FULL, needs / total)

"""RULE: what a remedy changes, which one comes next, and whether it may be tried without a person. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from trainui.core.errors import NotFoundError, SpecError
from trainui.core.spec.model import ParamValue, Remedy, Spec, resolve

MARK = "remedy "
"""What a run says it was tried again for: `remedy oom`."""
BATCH = ("batch_size", "per_device_train_batch_size", "per_device_batch_size", "train_batch_size")
ACCUMULATION = ("accumulation_steps", "gradient_accumulation_steps", "grad_accum", "accumulate_grad_batches")


def find_remedy(spec: Spec, name: str) -> Remedy:
    """The remedy of that id, which changes something. Raises NotFoundError, SpecError for mere advice."""
    for one in spec.remedy:
        if one.id == name:
            if one.advice or not one.set:
                raise SpecError(
                    f"remedy {name!r} is advice: {one.text or one.quote}", hint="use --set KEY=VALUE"
                )
            return one
    known = ", ".join(one.id for one in spec.remedy) or "none"
    raise NotFoundError(f"job {spec.job.name!r} has no remedy {name!r}", hint=f"known: {known}")


def remedied(spec: Spec, remedy: Remedy) -> Spec:
    """The spec with what a remedy sets. Raises SpecError for a key that looks like a misspelt param."""
    texts: dict[str, str] = {}
    values: dict[str, ParamValue] = {}
    for written, value in remedy.set.items():
        key = param_of(spec, written)
        if isinstance(value, str):
            texts[key] = value
        else:
            values[key] = value
            if key not in spec.params:
                resolve(spec, overrides={key: str(value)})  # refuses what looks misspelt
    changed = resolve(spec, overrides=texts)
    return msgspec.structs.replace(changed, params={**changed.params, **values})


def param_of(spec: Spec, written: str) -> str:
    """The param that `--head-lr`, `head-lr` or `head_lr` means; one the spec does not have keeps its spelling."""
    bare = written.lstrip("-")
    alike = (key for key in spec.params if key.replace("-", "_") == bare.replace("-", "_"))
    return bare if bare in spec.params else next(alike, bare)


def check_sets(spec: Spec) -> None:
    """Raise SpecError for a remedy that sets what looks like a misspelt param."""
    for one in spec.remedy:
        try:
            remedied(spec, one)
        except SpecError as error:
            raise SpecError(f"remedy {one.id!r}: {error.message}", hint=error.hint) from error


def answers_to(spec: Spec, on: str, named: Sequence[str] = ()) -> list[Remedy]:
    """The remedies for a kind of cause or a gate's id, those a gate names itself first."""
    first = [one for name in named for one in spec.remedy if one.id == name]
    return first + [one for one in spec.remedy if one.on == on and one not in first]


def has_auto(spec: Spec, gate: str, named: Sequence[str]) -> bool:
    """Whether a remedy for a gate may be tried without a person; as `answers_to`."""
    return any(remedy.auto for remedy in answers_to(spec, gate, named))


def is_literal(remedy: Remedy) -> bool:
    """Whether it changes something, beyond advice."""
    return bool(remedy.set) and not remedy.advice


def needs_a_person(spec: Spec, remedy: Remedy) -> str:
    """Why a remedy is not tried by itself; '' when it may be.

    One that trades batch size for accumulation promises the same effective batch: where that is not so, the
    script was started otherwise than its author thought.
    """
    if not remedy.auto:
        return "it is not auto"
    old, new = spec.params, remedied(spec, remedy).params
    trades = {param_of(spec, key).replace("-", "_") for key in remedy.set}
    if not trades & set(ACCUMULATION) or not trades & set(BATCH):
        return ""
    before, after = _effective_batch(old), _effective_batch(new)
    if before is None or after is None or before == after:
        return ""
    return f"the effective batch would be {after:g}, not {before:g}"


def _effective_batch(params: Mapping[str, ParamValue]) -> float | None:
    """Samples per update: batch size times accumulation steps (1 unless told); None when no batch size is told."""
    spelt = {key.replace("-", "_"): value for key, value in params.items()}
    batch = next((spelt[name] for name in BATCH if name in spelt), None)
    steps = next((spelt[name] for name in ACCUMULATION if name in spelt), 1)
    try:
        return float(str(batch)) * float(str(steps)) if batch is not None else None
    except ValueError:
        return None


def too_dear(*, left: int | None, spent: int, progress: float | None) -> str:
    """Why another try does not fit the budget; '' when it does. Sums are micro-dollars.

    A try is taken to cost what the run before would have cost to its end, or what it did cost when it told no
    progress.
    """
    if left is None:
        return ""
    needs = spent / progress if progress else float(spent)
    if left > 0 and needs <= left:
        return ""
    return f"budget: {max(left, 0) / 1e6:.2f} $ left, about {math.ceil(needs / 1e4) / 100:.2f} $ needed"

"""RULE: how a run died, from evidence alone. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainui.core.run import Result

EVIDENCE = (
    ("out of GPU memory", ("CUDA out of memory", "torch.OutOfMemoryError", "CUDA_ERROR_OUT_OF_MEMORY")),
    ("out of host memory", ("MemoryError", "Cannot allocate memory", "std::bad_alloc")),
    ("disk full", ("No space left on device",)),
)
"""Cause → what a dying job prints when it is that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Death:
    """How a run ended, and from what that was read."""

    result: Result
    cause: str = ""
    evidence: tuple[str, ...] = ()


def cause_of_death(
    *,
    code: int | None,
    signal: str | None,
    stopped_for: str,
    could_not_start: str = "",
    oom_kills: int = 0,
    kernel: str = "",
    max_rss: int = 0,
    memory_total: int = 0,
    nonfinite: tuple[str, float, float | None] | None = None,
    last_lines: Sequence[str] = (),
) -> Death:
    """(result, cause). `stopped_for` is why trainui stopped it, '' when it ended by itself.

    Text is evidence only when the run also failed: a log may quote any error it likes.
    """
    if stopped_for:
        return Death(result=Result.STOPPED, cause=stopped_for)
    if could_not_start:
        return Death(result=Result.FAILED, cause=could_not_start)
    if code == 0:
        return Death(result=Result.FINISHED, cause="")
    text = "\n".join(last_lines)
    for cause, signs in EVIDENCE:
        if any(sign in text for sign in signs):
            return Death(result=Result.FAILED, cause=cause)
    if signal:
        return Death(result=Result.FAILED, cause=f"signal {signal}")
    return Death(result=Result.FAILED, cause=f"exit {code}")


def kind_of(cause: str) -> str:
    """The kind of a cause, as `[retry]` names it."""
    first = cause.split(":")[0]
    return first.split(" ")[0] if first.startswith(("exit ", "signal ", "gate ")) else first.replace(" ", "-")

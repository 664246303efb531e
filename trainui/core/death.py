"""RULE: how a run died, from evidence alone. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from trainui.core.run import Result

EVIDENCE = (
    ("out of GPU memory", ("CUDA out of memory", "torch.OutOfMemoryError", "CUDA_ERROR_OUT_OF_MEMORY")),
    ("out of host memory", ("MemoryError", "Cannot allocate memory", "std::bad_alloc")),
    ("disk full", ("No space left on device",)),
)
"""Cause → what a dying job prints when it is that."""


def cause_of_death(
    *,
    code: int | None,
    signal: str | None,
    stopped_for: str,
    could_not_start: str = "",
    last_lines: Sequence[str] = (),
) -> tuple[Result, str]:
    """(result, cause). `stopped_for` is why trainui stopped it, '' when it ended by itself.

    Text is evidence only when the run also failed: a log may quote any error it likes.
    """
    if stopped_for:
        return Result.STOPPED, stopped_for
    if could_not_start:
        return Result.FAILED, could_not_start
    if code == 0:
        return Result.FINISHED, ""
    text = "\n".join(last_lines)
    for cause, signs in EVIDENCE:
        if any(sign in text for sign in signs):
            return Result.FAILED, cause
    if signal:
        return Result.FAILED, f"signal {signal}"
    return Result.FAILED, f"exit {code}"

"""What a filter tells: how much it leaves, and where it is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainui.ui.present.ink import Span, clip, line, safe

if TYPE_CHECKING:
    from trainui.core.filter import FilterError
    from trainui.ui.present.ink import Line

PROMPT = " / "
RUN_WORDS = "mlp  status:running  usd>2  best<=100  learning_rate<1e-3  -old  (a or b)"
METRIC_WORDS = "loss  val/*  -aux  (mae or acc)"


def left_over(shown: int, of: int, noun: str) -> str:
    """`7 of 50 runs`."""
    return f"{shown} of {of} {noun if of == 1 else noun + 's'}"


def sieve_title(text: str, shown: int, of: int, noun: str, outside: int = 0) -> str:
    """For a border: `7 of 50 runs  / mlp status:running`; empty without a filter. `outside`: marked, not in sight."""
    if not text.strip():
        return ""
    more = f"  {outside} marked outside" if outside else ""
    return f"{left_over(shown, of, noun)}{more}  / {safe(text)}"


def sieve_line(
    text: str,
    error: FilterError | None,
    cells: int,
    *,
    shown: int,
    of: int,
    noun: str,
    words: str,
    ends: str = "enter keeps, esc clears",
) -> Line:
    """The line below a filter that is typed: what it leaves, or a mark under the place where it is wrong."""
    if error is None:
        front = " e.g. " + words if not text.strip() else f"   {left_over(shown, of, noun)}"
        return clip(line(Span(front, "dim"), Span(f"   {ends}", "dim")), cells)
    at = len(PROMPT) + min(error.at, len(text))
    told = safe(error.message) + (f": {safe(error.hint)}" if error.hint else "")
    if at + 2 + len(told) <= cells or at < cells // 3:
        return clip(line(" " * at, Span("▲ ", "warn"), Span(told, "warn")), cells)
    if len(told) + 2 <= at < cells:
        return line(" " * (at - len(told) - 1), Span(told, "warn"), " ", Span("▲", "warn"))
    return clip(line("   ", Span(f"at letter {error.at + 1}: {told}", "warn")), cells)

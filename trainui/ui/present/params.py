"""Params as people choose them: each with its default, what may be typed for it, and what was typed."""

from __future__ import annotations

from collections.abc import Mapping

from trainui.ui.params import kind_of, written
from trainui.ui.present.ink import Line, Span, clip, fit, line, safe, width

_NAMES = 28
_VALUES = 24


def param_lines(
    params: Mapping[str, object],
    overrides: Mapping[str, str],
    cells: int,
    *,
    preset: Mapping[str, object] | None = None,
    remedy: Mapping[str, object] | None = None,
    most: int,
) -> tuple[Line, ...]:
    """`learning_rate  0.0003 → 1e-4   number`; at most `most` lines: what is changed is among them.

    `preset` and `remedy` set what nobody typed.
    """
    sets = {**(preset or {}), **(remedy or {})}
    names = list(dict.fromkeys((*params, *sets, *overrides)))
    changed = {*sets, *overrides}
    if len(names) > most:
        first = [name for name in names if name in changed][: most - 1]
        rest = [name for name in names if name not in changed]
        kept = {*first, *rest[: max(0, most - 1 - len(first))]}
        shown = [name for name in names if name in kept]
    else:
        shown = names
    wide = min(_NAMES, max((width(line(safe(name))) for name in shown), default=0))
    rows: list[Line] = []
    for name in shown:
        was = params.get(name)
        default = fit(line(Span(safe(written(was)) if name in params else "", "dim")), _VALUES)
        kind = kind_of(was) if name in params else "new: passed on as it is typed"
        if name in overrides:
            told = line(Span("→ ", "accent"), Span(safe(overrides[name]), "bold accent"))
        elif name in sets:
            whose = "of the preset" if name not in (remedy or {}) else "of the remedy"
            told = line(Span("→ ", "accent"), safe(written(sets[name])), Span(f"  {whose}", "dim"))
        else:
            told = ()
        label = line(Span(safe(name), "bold" if name in changed else ""))
        rows.append(
            clip(line(fit(label, wide), "  ", default, "  ", fit(line(Span(kind, "dim")), 18), told), cells)
        )
    if len(names) > len(shown):
        rows.append(line(Span(f"and {len(names) - len(shown)} more", "dim")))
    return tuple(rows)

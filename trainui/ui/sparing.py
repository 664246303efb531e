"""What is sent to the terminal, in few bytes: only the cells that changed, only the colours that differ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate
from textual.strip import Strip

_RESET = "\x1b[0m"


class SparingUpdate(ChopsUpdate):
    """Textual's own update sends each changed part from the left end of its widget on, and every colour in full."""

    def render_segments(self, console: Console) -> str:
        """The cells of the spans, for a terminal."""
        out: list[str] = []
        for y, x1, x2 in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is None or x >= x2 or end <= x1:
                    continue
                start, stop = max(x, x1), min(end, x2)
                out.append(f"\x1b[{y + 1};{start + 1}H")
                out.append(
                    _written(_cut(strip, start - x, stop - x), console._color_system or ColorSystem.TRUECOLOR)
                )
        return "".join(out)


def sparing(update: Any) -> Any:
    """The same update, sparing where it can be."""
    if type(update) is not ChopsUpdate:
        return update
    return SparingUpdate(update.chops, update.spans, update.chop_ends)


def _cut(strip: Strip, start: int, stop: int) -> Iterable[Segment]:
    return strip if (start, stop) == (0, strip.cell_length) else strip.crop(start, stop)


def _written(segments: Iterable[Segment], system: ColorSystem) -> str:
    """Text with a code wherever the style changes; reset at the end."""
    out: list[str] = []
    now = Style.null()
    for text, style, control in segments:
        if control or not text:
            continue
        code, now = _turn(now, style or Style.null(), system, is_blank=text.isspace())
        out += (code, text)
    return "".join((*out, _RESET if now else ""))


def _turn(now: Style, wanted: Style, system: ColorSystem, *, is_blank: bool) -> tuple[str, Style]:
    """The code from one style to another, and the style there is then: the colours, where nothing else differs."""
    if now == wanted:
        return "", now
    if not now or _attributes(now) != _attributes(wanted) or not (wanted.color and wanted.bgcolor):
        return (_RESET if now else "") + f"\x1b[{Strip.render_ansi(wanted, system) or 0}m", wanted
    if is_blank and not _attributes(wanted) and now.bgcolor == wanted.bgcolor:
        return "", now
    codes: list[str] = []
    if wanted.color != now.color:
        codes += wanted.color.downgrade(system).get_ansi_codes()
    if wanted.bgcolor != now.bgcolor:
        codes += wanted.bgcolor.downgrade(system).get_ansi_codes(foreground=False)
    return (f"\x1b[{';'.join(codes)}m" if codes else ""), wanted


def _attributes(style: Style) -> int:
    """Bold and the like, as bits."""
    return style._attributes & style._set_attributes

"""What a screen wears for its width and height, put on before it has parts: else every part is styled twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.screen import Screen


def wear_breadth(screen: Screen[Any]) -> None:
    """Put on the classes of the breakpoints as Textual would at the first resize, which comes after the parts."""
    width, height = screen.app.size
    across = _classes(width, screen.HORIZONTAL_BREAKPOINTS or ())
    screen.update_classes(across | _classes(height, screen.VERTICAL_BREAKPOINTS or ()), animate=False)


def _classes(cells: int, breakpoints: Sequence[tuple[int, str]]) -> dict[str, bool]:
    """Each class of the breakpoints: whether it is the one of so many cells."""
    reached = max((one for one in breakpoints if cells >= one[0]), default=None)
    return {one[1]: one == reached for one in breakpoints}

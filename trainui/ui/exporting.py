"""What the dialog of exports asks for and is told: formats, a folder, each file, and that it is called off."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from trainui.core.errors import TrainuiError


@dataclass(frozen=True, kw_only=True, slots=True)
class FormatChoice:
    """A format, and what it is."""

    name: str
    about: str = ""
    is_usual: bool = False
    lacks: str = ""
    """The library it needs that is not installed here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportChoices:
    """What may be chosen, and what is proposed."""

    formats: tuple[FormatChoice, ...]
    folder: str


class CancelledError(TrainuiError):
    """A person called an export off; what was written before stays."""


class Cancelling:
    """Hears of each file that is written, and ends the export when it is called off."""

    def __init__(self, tell: Callable[[Path], object]) -> None:
        """`tell` hears of each file, in the thread that writes."""
        self._tell = tell
        self._off = threading.Event()
        self._end: Callable[[], object] = lambda: None
        self.written: list[Path] = []

    def cancel(self) -> None:
        """Call it off."""
        self._off.set()
        self._end()

    def ended_by(self, end: Callable[[], object]) -> None:
        """What ends it in the middle of a file."""
        self._end = end
        if self._off.is_set():
            end()

    def check(self) -> None:
        """Raises CancelledError when it was called off."""
        if self._off.is_set():
            raise CancelledError(f"cancelled: {len(self.written)} written before that stay")

    def __call__(self, path: Path) -> None:
        """A file is there. Raises CancelledError."""
        self.written.append(path)
        self._tell(path)
        self.check()


def format_choices() -> tuple[FormatChoice, ...]:
    """The formats that can be written, in the order in which people look for them."""
    # here, as it loads what gathers and writes, which the dashboard seldom needs
    from trainui.core.export.writing import ABOUT, NEEDS, USUAL

    lacks = {name: library for name, library in NEEDS.items() if find_spec(library) is None}
    return tuple(
        FormatChoice(name=name, about=about, is_usual=name in USUAL, lacks=lacks.get(name, ""))
        for name, about in ABOUT.items()
    )


def default_folder(project: Path, runs: Sequence[str], study: str) -> str:
    """Where an export goes unless somebody says, as seen from the project."""
    from trainui.core.export.whole import name_for

    name = study or (runs[0] if len(runs) == 1 else f"{len(runs)}-runs")
    return str(project / "exports" / name_for(name))

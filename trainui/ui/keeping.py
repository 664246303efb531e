"""What is read seldom and kept while it is looked at: curves, the params of runs, and runs side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from trainui.core.comparing import compare, origin_of
from trainui.core.errors import TrainuiError
from trainui.core.run import Status

if TYPE_CHECKING:
    from trainui.core.comparing import Comparison
    from trainui.core.store.views import RunView
    from trainui.ui.reader import Reader

COMPARED_SECONDS = 2
"""How often compared runs are read at least, while they are shown and something changes."""
MOST_UNUSED = 32
"""Of what is not looked at any more, so much is kept for whoever comes back to it."""
Name = TypeVar("Name")
Made = TypeVar("Made")


class Recent(Generic[Name, Made]):
    """What was made at some cost. A dashboard is open for days: what nobody looks at any more is let go."""

    def __init__(self, most_unused: int = MOST_UNUSED) -> None:
        self._most_unused = most_unused
        self._made: dict[Name, Made] = {}
        self._used: set[Name] = set()

    def __len__(self) -> int:
        return len(self._made)

    def get(self, name: Name) -> Made | None:
        """What was made; None where it was not, or is gone."""
        self._used.add(name)
        return self._made.get(name)

    def keep(self, name: Name, made: Made) -> None:
        """Keep it."""
        self._used.add(name)
        self._made[name] = made

    def turn(self) -> None:
        """Let go what no look since the last turn used, but for what was used last."""
        unused = {name: made for name, made in self._made.items() if name not in self._used}
        used = {name: self._made[name] for name in self._made if name in self._used}
        self._made = dict(list(unused.items())[-self._most_unused :]) | used
        self._used = set()


class Params:
    """The params of runs, each read once; those of a queued run, which may still be edited, whenever they are asked."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[str, Mapping[str, object]] = {}

    def of(self, views: Sequence[RunView]) -> dict[str, Mapping[str, object]]:
        """Run → its params; empty where its spec cannot be read. `views` are all runs there are."""
        found = {view.run: self._of(view) for view in views}
        self._known = {run: known for run, known in self._known.items() if run in found}
        return found

    def _of(self, view: RunView) -> Mapping[str, object]:
        known = self._known.get(view.run)
        if known is None:
            try:
                known = self._reader.params_of(view.run)
            except TrainuiError:  # a spec of another version: the run has no params for a filter
                known = {}
            if view.status is not Status.QUEUED:
                self._known[view.run] = known
        return known


class Comparisons:
    """Runs side by side, read again when runs come, go or end, and now and then; an origin only once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._origins: dict[str, Mapping[str, Any]] = {}
        self._last: tuple[object, Comparison] | None = None

    def of(self, views: Sequence[RunView], *, at: float) -> Comparison:
        """These runs, in this order. Raises TrainuiError."""
        state = (tuple((view.run, view.status) for view in views), int(at / COMPARED_SECONDS))
        if self._last is None or self._last[0] != state:
            details = [self._reader.detail(view.run) for view in views]
            self._origins = {view.run: self._origin(view) for view in views}
            self._last = (state, compare(details, self._origins))
        return self._last[1]

    def _origin(self, view: RunView) -> Mapping[str, Any]:
        if not self._origins.get(view.run) and view.status is not Status.QUEUED:
            self._origins[view.run] = origin_of(Path(view.directory))
        return self._origins.get(view.run, {})

"""What is read seldom and kept: the params of runs, and runs side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainui.core.comparing import compare, origin_of
from trainui.core.errors import TrainuiError
from trainui.core.run import Status

if TYPE_CHECKING:
    from trainui.core.comparing import Comparison
    from trainui.core.store.views import RunView
    from trainui.ui.reader import Reader

COMPARED_SECONDS = 2
"""How often compared runs are read at least, while they are shown and something changes."""


class Params:
    """The params of runs, each read once; those of a queued run, which may still be edited, whenever they are asked."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[str, Mapping[str, object]] = {}

    def of(self, views: Sequence[RunView]) -> dict[str, Mapping[str, object]]:
        """Run → its params; empty where its spec cannot be read."""
        return {view.run: self._of(view) for view in views}

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
            self._last = (state, compare(details, {view.run: self._origin(view) for view in views}))
        return self._last[1]

    def _origin(self, view: RunView) -> Mapping[str, Any]:
        if not self._origins.get(view.run) and view.status is not Status.QUEUED:
            self._origins[view.run] = origin_of(Path(view.directory))
        return self._origins.get(view.run, {})

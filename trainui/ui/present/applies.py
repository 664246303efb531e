"""Whether an action applies to a run as it stands, and else why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainui.core.run import Status
from trainui.ui.keymap import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainui.core.store.views import RunView
    from trainui.ui.keymap import Keymap

_APPLIES: dict[str, tuple[frozenset[Status], str]] = {
    "pause": (frozenset({Status.RUNNING, Status.PAUSED}), "only a running run can be paused"),
    "checkpoint": (frozenset({Status.RUNNING}), "only a running run can be asked to save"),
    "hold": (frozenset({Status.QUEUED}), "only a queued run can be held"),
    "priority": (frozenset({Status.QUEUED}), "only a queued run has a priority to change"),
    "shift": (frozenset({Status.QUEUED}), "only a queued run can be moved"),
    "edit": (frozenset({Status.QUEUED}), "only the params of a queued run can be changed"),
    "teach": (frozenset(Status) - {Status.QUEUED}, "only a run that has started has lines to teach"),
    "note": (frozenset(Status), ""),
    "tag": (frozenset(Status), ""),
    "retry": (frozenset({Status.ENDED}), "only a run that has ended can be tried again"),
    "relaunch": (frozenset(Status) - {Status.QUEUED}, "only a run that has started can be tried again"),
}
"""Action → the statuses it applies to, and the sentence for all others."""
_INSTEAD: dict[str, tuple[str, str, Callable[[RunView], bool]]] = {
    "retry": ("run.relaunch", "stops it first", lambda view: view.is_live),
    "relaunch": ("queue.edit", "changes its params", lambda view: view.status is Status.QUEUED),
}
"""Action → the key that does nearly the same, what it does, and for which runs."""


def why_not(action: str, view: RunView | None, keymap: Keymap = DEFAULT) -> str:
    """Why `action` does not apply to a run now; '' when it does."""
    if view is None:
        return "no run is chosen"
    if action == "stop":
        return f"{view.run} has ended already" if view.status is Status.ENDED else ""
    statuses, rule = _APPLIES[action]
    if view.status in statuses:
        return ""
    told = f"{view.run} {view.status.told}; {rule}"
    if action in _INSTEAD:
        key, does, helps = _INSTEAD[action]
        told += f"; {keymap.first(key)} {does}" if helps(view) else ""
    return told

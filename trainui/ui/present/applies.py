"""Whether an action applies to a run as it stands, and else why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainui.core.run import Status

if TYPE_CHECKING:
    from trainui.core.store.views import RunView

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
    "relaunch": (
        frozenset(Status) - {Status.QUEUED},
        "only a run that has started can be tried again; E changes its params",
    ),
}
"""Action → the statuses it applies to, and the sentence for all others."""


def why_not(action: str, view: RunView | None) -> str:
    """Why `action` does not apply to a run now; '' when it does."""
    if view is None:
        return "no run is chosen"
    if action == "stop":
        return f"{view.run} has ended already" if view.status is Status.ENDED else ""
    statuses, rule = _APPLIES[action]
    if view.status in statuses:
        return ""
    more = "; R stops it first" if action == "retry" and view.is_live else ""
    return f"{view.run} {view.status.told}; {rule}{more}"

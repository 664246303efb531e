"""What the first picture does without is loaded soon after it, so that the first key that needs it does not wait."""

from __future__ import annotations

from importlib import import_module

AFTER_SECONDS = 0.5
"""When the first picture stands."""
MODULES = (
    "trainui.ui.screens.run",
    "trainui.ui.screens.help",
    "trainui.ui.screens.start",
    "trainui.ui.screens.compare",
    "trainui.ui.screens.log",
    "trainui.ui.screens.gates",
    "trainui.ui.screens.confirm",
    "trainui.ui.screens.budget",
    "trainui.ui.screens.events",
    "trainui.ui.hands",
    "trainui.ui.screens.remark",
    "trainui.ui.screens.answer",
    "trainui.ui.screens.edit",
    "trainui.ui.screens.relaunch",
    "trainui.ui.screens.teach",
    "trainui.ui.screens.export",
    "trainui.ui.screens.settings",
    "trainui.ui.screens.away",
    "trainui.core.costing.planned",
    "trainui.core.away.gathering",
)
"""Every screen and what it asks for, those that are opened often first."""


def warm() -> None:
    """Load them all; to be called in a thread of its own."""
    for name in MODULES:
        import_module(name)

"""trainui.toml: the machines and what they cost, the budget, the queue, how people are told.

model    what it may say
file     reading it, and what is wrong with it
said     the text made ready: keys for any currency, `false` for never
places   the line of each key and value
check    what it must not say
notes    what it may say and probably does not mean
"""

from __future__ import annotations

from trainui.core.config.file import load_config, read_config
from trainui.core.config.model import Budget, Config, Countdown, Idle, Ladder, Machine, Notify, Queue
from trainui.core.config.notes import notes

__all__ = [
    "Budget",
    "Config",
    "Countdown",
    "Idle",
    "Ladder",
    "Machine",
    "Notify",
    "Queue",
    "load_config",
    "notes",
    "read_config",
]

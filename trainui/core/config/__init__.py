"""trainui.toml: the machines and what they cost, the budget, the queue, how people are told.

model    what it may say
file     reading it, and what is wrong with it
said     the text made ready: keys for any currency, `false` for never
places   the line of each key and value
check    what it must not say
notifying  what [notify] may and must not say
exporting  what [export] may and must not say
notes    what it may say and probably does not mean
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainui.core.ondemand import on_demand

if TYPE_CHECKING:
    from trainui.core.config.exporting import Export
    from trainui.core.config.file import load_config, read_config
    from trainui.core.config.model import Budget, Config, Countdown, Idle, Ladder, Machine, Queue
    from trainui.core.config.notifying import Mail, Notify, Webhook
else:
    __getattr__ = on_demand(
        __name__,
        {
            "exporting": "Export",
            "file": "load_config read_config",
            "model": "Budget Config Countdown Idle Ladder Machine Queue",
            "notifying": "Mail Notify Webhook",
        },
    )

__all__ = [
    "Budget",
    "Config",
    "Countdown",
    "Export",
    "Idle",
    "Ladder",
    "Machine",
    "Mail",
    "Notify",
    "Queue",
    "Webhook",
    "load_config",
    "read_config",
]

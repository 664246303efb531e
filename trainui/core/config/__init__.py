"""trainui.toml: the machines and what they cost, the budget, the queue, how people are told.

model   what it may say
file    reading it, and what is wrong with it
"""

from __future__ import annotations

from trainui.core.config.file import load_config
from trainui.core.config.model import Budget, Config, Machine, Notify, Queue

__all__ = ["Budget", "Config", "Machine", "Notify", "Queue", "load_config"]

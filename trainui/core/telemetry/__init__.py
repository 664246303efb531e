"""HAND: what the machine and each run use, from /proc, psutil and NVML. A missing NVML is a reason, never an error."""

from trainui.core.telemetry.activity import Activity, hung_reason, is_hung, silent_but_busy
from trainui.core.telemetry.machine import memory_there_is, sample
from trainui.core.telemetry.nvml import gpus_here
from trainui.core.telemetry.probe import Probe
from trainui.core.telemetry.processes import Roots

__all__ = [
    "Activity",
    "Probe",
    "Roots",
    "gpus_here",
    "hung_reason",
    "is_hung",
    "memory_there_is",
    "sample",
    "silent_but_busy",
]

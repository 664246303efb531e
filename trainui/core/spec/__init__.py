"""Specs and study files: read strictly, resolved into a command; what remedies change in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainui.core.ondemand import on_demand

if TYPE_CHECKING:
    from trainui.core.spec.estimate import Estimate
    from trainui.core.spec.model import (
        Job,
        Limits,
        Metrics,
        MetricWords,
        ParamValue,
        Remedy,
        Resources,
        Spec,
        Watch,
        argv,
        resolve,
        spec_from_json,
    )
else:
    __getattr__ = on_demand(
        __name__,
        {
            "estimate": "Estimate",
            "model": "Job Limits Metrics MetricWords ParamValue Remedy Resources Spec Watch"
            " argv resolve spec_from_json",
        },
    )

__all__ = [
    "Estimate",
    "Job",
    "Limits",
    "MetricWords",
    "Metrics",
    "ParamValue",
    "Remedy",
    "Resources",
    "Spec",
    "Watch",
    "argv",
    "resolve",
    "spec_from_json",
]

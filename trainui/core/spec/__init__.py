"""Specs and study files: read strictly, resolved into a command; what remedies change in them."""

from __future__ import annotations

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

"""What [export] of trainui.toml may say: what is written by itself when a run ends."""

from __future__ import annotations

import msgspec

from trainui.core.config.said import MistakeError
from trainui.core.errors import nearest

FORMATS = (
    "png", "html", "csv", "points", "json", "results", "md", "parquet", "tensorboard", "wandb", "trackio", "zip",
    "zip-files", "notes",
)  # fmt: skip
"""All that an export can write, in the order in which it does."""


class Export(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is written by itself."""

    on_end: list[str] = []
    """Formats in which the study of a run is written into `exports/STUDY` when the run has ended."""


def check_export(export: Export) -> None:
    """Raise MistakeError for a format that nobody knows."""
    for place, name in enumerate(export.on_end):
        if name not in FORMATS:
            raise MistakeError(
                ("export", "on_end", place), f"there is no format {name!r}", nearest(name, FORMATS)
            )

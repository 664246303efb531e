"""Everything about a training that may be chosen: defaults, a TOML file, flags; the later wins.

--config jobs/boundary/transformer.toml [--preset demo] --learning_rate 1e-3
"""

from __future__ import annotations

import argparse
import dataclasses
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.boundary.sources import DataError


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """One training; the defaults are the plan's full scale."""

    model: str = "transformer"
    size: str = "standard"
    source: str = "asterisk"
    data: str = "full"
    """Which recipe of jobs/boundary/data.py makes the examples."""
    data_dir: str = ""
    run_dir: str = ""
    epochs: int = 50
    batch_size: int = 32
    learning_rate: float = 5e-4
    weight_decay: float = 1e-2
    warmup_steps: int = 200
    dropout: float = 0.1
    disturb: float = 0.5
    """How much training windows are masked, coloured and blurred; 0 not at all."""
    clip: float = 1.0
    tokens: int = 200
    stride: int = 2
    copies: int = 3
    """How often an epoch shows each boundary, each time displaced anew."""
    examples: int = 0
    """Examples of an epoch; 0 takes them all."""
    uniform: float = 0.5
    """The share of boundaries displaced anywhere; the rest as a real system displaces them."""
    label_width: float = 0.04
    """Seconds: how sharply frame scores must point at the boundary."""
    regression: float = 1.0
    """Weight of the offset's loss beside that of the frame scores."""
    ema: float = 0.999
    """Weights are judged and saved as an average over about 1 / (1 − ema) steps."""
    patience: int = 10
    """Stop after this many epochs without a better validation; 0 never stops."""
    log_every: int = 50
    seed: int = 0
    threads: int = 0
    """CPU threads; 0 leaves the choice to PyTorch."""
    device: str = "auto"
    precision: str = "auto"
    preflight_steps: int = 0
    """Before training, overfit a handful of examples for at most so many steps."""
    resume: str = ""
    stop_after: int = 0
    """End after this many epochs of the schedule, to be resumed; 0 goes to its end."""


def read(arguments: Sequence[str] | None = None, *, prog: str = "jobs.boundary.train") -> Settings:
    """The settings of a command line; both --learning_rate and --learning-rate will do."""
    parser = argparse.ArgumentParser(prog=prog, argument_default=argparse.SUPPRESS)
    parser.add_argument("--config", type=Path, help="a TOML file; of a spec, its [params]")
    parser.add_argument("--preset", help="a [presets.NAME] of that file")
    for field in dataclasses.fields(Settings):
        names = dict.fromkeys((f"--{field.name}", f"--{field.name.replace('_', '-')}"))
        parser.add_argument(*names, type=type(field.default))
    given = vars(parser.parse_args(arguments))
    chosen: dict[str, Any] = {}
    if "config" in given:
        chosen |= from_file(given.pop("config"), given.pop("preset", ""))
    given.pop("preset", None)
    return Settings(**{**chosen, **given})


def from_file(path: Path, preset: str) -> dict[str, Any]:
    """What a TOML file says: its [params] and [presets.NAME], or the whole file when it has no [params]."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}.") from error
    if preset and preset not in table.get("presets", {}):
        raise DataError(f"{path} has no [presets.{preset}].")
    chosen = {**table.get("params", table), **table.get("presets", {}).get(preset, {})}
    known = {field.name: type(field.default) for field in dataclasses.fields(Settings)}
    unknown = sorted(chosen.keys() - known.keys())
    if unknown:
        raise DataError(f"{path} sets {unknown[0]!r}, which no training knows.")
    return {name: known[name](value) for name, value in chosen.items()}

"""Everything about a training that may be chosen: defaults, a TOML file, flags; the later wins.

--config jobs/diarization/ami.toml [--preset small] --learning_rate 1e-3
"""

from __future__ import annotations

import argparse
import dataclasses
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from jobs.training.errors import DataError


@dataclass(frozen=True, kw_only=True, slots=True)
class LoopSettings:
    """What the loop itself asks for; a system's own settings are added by a subclass."""

    run_dir: str = ""
    epochs: int = 30
    batch_size: int = 32
    accumulation_steps: int = 1
    """Batches of one step of the optimizer; the last, smaller group of an epoch counts too."""
    clip: float = 1.0
    """The longest gradient; 0 leaves it as it is."""
    patience: int = 0
    """Stop after this many epochs without a better validation; 0 never stops."""
    save_every: int = 0
    """Keep a checkpoint every so many epochs; 0 keeps only those of the best and of the last."""
    log_every: int = 50
    seed: int = 0
    threads: int = 0
    """CPU threads; 0 leaves the choice to PyTorch."""
    device: str = "auto"
    precision: str = "auto"
    """fp32, bf16, or auto: bf16 on a GPU."""
    compile: bool = False
    """torch.compile the network: minutes at the start, faster steps after."""
    resume: str = ""
    stop_after: int = 0
    """End after this many epochs of the schedule, to be resumed; 0 goes to its end."""
    break_loss_at: int = 0
    """For tests of gates: from this step on the loss is not a number; 0 never."""


KINDS = {str: "text", int: "whole number", float: "number", bool: "true or false"}
S = TypeVar("S", bound=LoopSettings)


def read(kind: type[S], arguments: Sequence[str] | None = None, *, prog: str) -> S:
    """The settings of a command line; both --learning_rate and --learning-rate will do. Raises DataError."""
    parser = argparse.ArgumentParser(prog=prog, argument_default=argparse.SUPPRESS)
    parser.add_argument("--config", type=Path, help="a TOML file; of a spec, its [params]")
    parser.add_argument("--preset", help="a [presets.NAME] of that file")
    for field in dataclasses.fields(kind):
        names = dict.fromkeys((f"--{field.name}", f"--{field.name.replace('_', '-')}"))
        if isinstance(field.default, bool):
            parser.add_argument(*names, action="store_true")
        else:
            parser.add_argument(*names, type=type(field.default))
    given = vars(parser.parse_args(arguments))
    config, preset = given.pop("config", None), given.pop("preset", "")
    if config is None and preset:
        raise DataError(f"--preset {preset} is one of a file: give --config PATH, too.")
    chosen = {} if config is None else _from_file(kind, config, preset)
    return kind(**{**chosen, **given})


def _from_file(kind: type[LoopSettings], path: Path, preset: str) -> dict[str, Any]:
    """What a TOML file says: its [params] and [presets.NAME], or the whole file when it has no [params]."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}.") from error
    if preset and preset not in table.get("presets", {}):
        raise DataError(f"{path} has no [presets.{preset}].")
    chosen = {**table.get("params", table), **table.get("presets", {}).get(preset, {})}
    known = {field.name: type(field.default) for field in dataclasses.fields(kind)}
    unknown = sorted(chosen.keys() - known.keys())
    if unknown:
        raise DataError(f"{path} sets {unknown[0]!r}, which this training does not know.")
    return {name: _as(known[name], name, value, path) for name, value in chosen.items()}


def _as(kind: type, name: str, value: object, path: Path) -> Any:
    """A value of a file as what it sets is; nothing is cut off it. Raises DataError."""
    is_fitting = type(value) is kind or (kind is float and type(value) is int)
    if not is_fitting:
        raise DataError(f"{path} sets {name} = {value!r}, which is no {KINDS[kind]}.")
    return kind(value)


def settings_of(kind: type[LoopSettings], state: Mapping[str, Any]) -> Any:
    """The settings a checkpoint was trained with; what is new since takes its default."""
    known = {field.name for field in dataclasses.fields(kind)}
    return kind(**{name: value for name, value in state["settings"].items() if name in known})

"""What the columns of a table are: a place, a time, a metric, or something that is no curve."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from trainui.core.ingest.cells import is_empty, value_of
from trainui.core.ingest.dialects.names import is_measure
from trainui.core.ingest.fields import EPOCHS, STEPS, TIMES, TOTAL_EPOCHS, TOTAL_STEPS, clean_name

MAX_COLUMNS = 10_000
"""Of a table that is read: 5,000 metrics, and a place and a time beside them."""

# In order of trust.
_GLOBAL = (
    "global_step", "trainer/global_step", "_step", "total_timesteps", "time/total_timesteps", "misc/total_timesteps",
    "timesteps_total", "num_timesteps", "timestepssofar", "totalenvinteracts", "total_env_steps", "num_env_steps",
    "env_steps", "environment_steps", "steps_done", "frames_total", "total/steps",
)  # fmt: skip
_STEPS = (
    *STEPS,
    "opt_step",
    "optimizer_step",
    "micro_step",
    "training_step",
    "training_iteration",
    "itr",
    "iterations",
    "timestep",
    "timesteps",
)
_LATE = ("episode", "round", "communication_round", "generation", "batch", "batch_idx", *TOTAL_STEPS)
_RANKS = {name: rank for rank, name in enumerate(dict.fromkeys((*_GLOBAL, *_STEPS, *_LATE)))}
_WITHIN = frozenset({"iter", "iteration", "it", "batch", "batch_idx", "itr"})
_EPOCHS = (*EPOCHS, "train/epoch", "total/epochs", "ep", "epochs")
_TIMES = frozenset({*TIMES, "walltime", "date_time", "time_stamp"})
_PARTS = frozenset({"mode", "split", "phase", "set", "subset", "stage"})
_KEYS = ("tag", "metric", "metric_name", "variable", "key")
_TOTAL_STEPS = frozenset({*TOTAL_STEPS, "max_iter", "max_step", "total_iterations", "num_steps"})
_INDEX = frozenset({"", "index", "unnamed:_0"})
_NEVER = frozenset(
    {
        "commit", "hash", "sha", "git", "id", "uuid", "uid", "run", "name", "model", "experiment", "exp", "seed",
        "rank", "world_size", "pid", "port", "version", "fold", "gpu", "device", "file", "filename", "path", "config",
        "batch_size", "v_num", "checkpoint", "host", "hostname", "num_workers", "line", "row",
    }
)  # fmt: skip
_NEVER_ENDS = ("_id", "_hash", "_sha", "_name", "_path", "_seed", "_file")
_SETTINGS = frozenset(
    {
        "batch_size", "dropout", "seed", "hidden_size", "num_layers", "nlayers", "n_layers", "hidden_dim", "emsize",
        "embedding_dim", "optimizer", "momentum", "weight_decay", "epochs", "num_epochs", "max_epochs", "bptt",
        "nhead", "num_heads", "warmup_steps", "patience", "clip", "model", "dataset", "learning_rate", "lr",
    }
)  # fmt: skip
_SCHEDULED = frozenset({"lr", "learning_rate", "momentum", "weight_decay"})
"""Settings that move in a run."""
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PLURAL = re.compile(r"(?<=[^s])s(?![a-zA-Z])")
_NAME = re.compile(r"[^\W\d][^\n]{0,119}")
_YOLO = (
    "epoch", "gpu_mem", "train/box_loss", "train/obj_loss", "train/cls_loss", "train/total_loss", "labels", "img_size",
    "metrics/precision", "metrics/recall", "metrics/mAP_0.5", "metrics/mAP_0.5:0.95", "val/box_loss", "val/obj_loss",
    "val/cls_loss",
)  # fmt: skip
"""results.txt of YOLOv5 (to 4.0) and YOLOv7, under the names their loggers give the same values elsewhere."""


class Column(NamedTuple):
    """One column. `role` is step, within, episode, epoch, total_steps, total_epochs, time, part, key, value,
    metric or "" for what is passed over."""

    name: str
    role: str


def columns_of(header: Sequence[str]) -> list[Column]:
    """The columns under a header. What counts steps but is not trusted most is passed over."""
    plain = [_plain(cell) for cell in header]
    step, epoch = _step_of(plain), _epoch_of(plain)
    key = next((name for name in _KEYS if name in plain), "") if "value" in plain else ""
    columns: list[Column] = []
    seen: dict[str, int] = {}
    for place, (cell, name) in enumerate(zip(header, plain, strict=True)):
        shown = clean_name(cell)
        if place == step:
            role = "within" if name in _WITHIN else "step"
        elif place == epoch:
            role = "epoch"
        elif place == 0 and name in _INDEX:
            role = "step" if step is None and epoch is None else ""
        else:
            role = _role(name, key, plain)
        if role == "metric":
            again = seen.get(shown, 0)
            seen[shown] = again + 1
            shown = f"{shown}.{again}" if again else shown
        columns.append(Column(shown, role if shown or role == "step" else ""))
    return columns


def is_header(cells: Sequence[str]) -> bool:
    """Whether a row names columns: words only, each once or nearly so, and what only an index may lack."""
    if len(cells) > MAX_COLUMNS or len(cells) < 2:
        return (
            len(cells) == 1
            and bool(_NAME.fullmatch(cells[0]))
            and speaks(cells[0])
            and value_of(cells[0]) is None
        )
    names = cells[1:] if not cells[0] else cells
    if not cells[0] and list(names) == [str(place) for place in range(len(names))]:
        return True
    return (
        all(_NAME.fullmatch(name) and value_of(name) is None and not is_empty(name) for name in names)
        and len(set(names)) * 3 >= len(names) * 2
    )


def names_of(header: Sequence[str]) -> list[str]:
    """The names in a header, without the cell that a delimiter at its end makes. Columns that pandas only
    numbered are called like those of a table without a header."""
    names = list(header[:-1] if not header[-1] else header)
    if len(names) > 1 and names[1:] == [str(place) for place in range(len(names) - 1)]:
        return ["", *(f"col_{place}" for place in range(1, len(names)))]
    return names


def is_told(columns: Sequence[Column]) -> bool:
    """Whether the header of these columns speaks of a training: a place or a measure is among them."""
    return any(one.role in ("step", "within", "epoch") for one in columns) or any(
        one.role == "metric" and speaks(one.name) for one in columns
    )


def headless(cells: Sequence[str]) -> list[str]:
    """Names for a table without a header, from its first row; none when that row is no row of numbers."""
    if len(cells) == len(_YOLO) and "/" in cells[0] and cells[1].endswith("G"):
        return list(_YOLO)
    if not 2 <= len(cells) <= MAX_COLUMNS or any(
        value_of(cell) is None and not is_empty(cell) for cell in cells
    ):
        return []
    names = [f"col_{place}" for place in range(1, len(cells) + 1)]
    if cells[0].isdigit() and not all(cell.isdigit() for cell in cells):
        names[0] = ""
    return names


def speaks(name: str) -> bool:
    """Whether a name speaks of a measure: `val_loss`, `AverageReturn`, `episode_rewards`."""
    words = _HUMP.sub("_", name)
    return is_measure(words) or is_measure(_PLURAL.sub("", words))


def is_setting(name: str) -> bool:
    """Whether a column says how a run was set up."""
    return _plain(name) in _SETTINGS


def is_never(name: str) -> bool:
    """Whether a name identifies and is no value."""
    plain = _plain(name)
    return plain in _NEVER or plain.endswith(_NEVER_ENDS)


def _plain(cell: str) -> str:
    if cell == "Timesteps":
        return "timesteps_of_batch"  # loggers that write AverageReturn count a batch's with it
    return re.sub(r"[\s\-]+", "_", cell.strip().lower())


def _step_of(plain: Sequence[str]) -> int | None:
    places = [(_RANKS[name], place) for place, name in enumerate(plain) if name in _RANKS]
    if "episode" in plain:
        # `episode,reward,steps`: the steps are those of the one episode.
        places = [
            (rank, place)
            for rank, place in places
            if rank < len(_GLOBAL) or plain[place] in ("step", "episode")
        ]
    return min(places)[1] if places else None


def _epoch_of(plain: Sequence[str]) -> int | None:
    places = [(_EPOCHS.index(name), place) for place, name in enumerate(plain) if name in _EPOCHS]
    return min(places)[1] if places else None


def _role(name: str, key: str, plain: Sequence[str]) -> str:
    if key and name in (key, "value"):
        return "key" if name == key else "value"
    if name in _TIMES:
        return "time"
    if name in TOTAL_EPOCHS or name in _TOTAL_STEPS:
        return "total_epochs" if name in TOTAL_EPOCHS else "total_steps"
    if name in _PARTS:
        return "part"
    if name == "episode":
        return "episode"
    if name in _EPOCHS or name in _NEVER or name.endswith(_NEVER_ENDS) or name in _SETTINGS - _SCHEDULED:
        return ""
    if name in _RANKS and not (name in ("steps", "timesteps") and "episode" in plain):
        return ""
    return "metric" if name else ""

"""The wire: one JSON line per report, appended to the file named by $TRAINUI_METRICS. Stdlib only.

    {"step": 120, "epoch": 3, "metrics": {"train/loss": 0.31}, "time": 1763000000.1}
    {"checkpoint": "last.pt", "step": 120, "metrics": {"val/mae": 91.2}, "time": …}
    {"total_steps": 4500, "total_epochs": 50, "time": …}
    {"event": "unfroze the encoder", "time": …}

NaN and infinities are written bare (`NaN`, `Infinity`, `-Infinity`), as Python's json does.
Training outlives its dashboard: nothing here raises into the job, and what cannot be written is said once.

Of several ranks (torchrun, mpirun, srun, Lightning's own processes) rank 0 tells the curves. What the others log
is kept under `rank3/…`, and their events as "rank 3: …": eight ranks in one curve would zigzag, and to throw seven
away would hide the one whose loss went NaN first. How long the run is and what was saved is for rank 0 to say: a
shard must not be taken for the last checkpoint. A script that asks for its rank before it logs sees none of this.

Nothing is imported and no lock is taken once this module is loaded, so that a report may be made in a signal
handler, in a thread, after a fork and at the interpreter's end.
"""

from __future__ import annotations

import operator
import os
import sys
import time
from collections.abc import Iterator, Mapping

from trainui.ranks import rank_here

try:
    from _json import encode_basestring_ascii as _quoted
except ImportError:  # not CPython; there the whole of json, slower to load
    from json.encoder import encode_basestring_ascii as _quoted

METRICS = "TRAINUI_METRICS"
RUN_DIR = "TRAINUI_RUN_DIR"

MAX_LINE = (
    500_000  # characters; a larger report is told in several lines, as no reader keeps one of megabytes
)
MAX_VALUES = 100_000
MAX_DEPTH = 8
MAX_NAME = 1000
MAX_TEXT = 4000

_NONFINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def log(metrics: Mapping[str, object], *, step: object = None, epoch: object = None) -> None:
    """Report numbers at a step or epoch (a fraction is fine). NaN and infinities are kept; anything that has
    a number in it will do: tensors of one element on any device, Decimal, Fraction; nested mappings are joined
    by "/". Without a step, each metric's points are counted 0, 1, 2, …

    Never raises. Ranks other than 0 report under `rank<n>/`.
    """
    try:
        if (path := os.environ.get(METRICS)) and (values := _values(metrics)):
            prefix = f"rank{rank}/" if (rank := rank_here()) else ""
            where = {"step": _axis("step", step), "epoch": _axis("epoch", epoch)}
            for piece in _pieces(values, prefix):
                _append(path, {**where, "metrics": piece})
    except Exception as error:
        _warn("log", error)


def progress(*, total_steps: object = None, total_epochs: object = None) -> None:
    """Say how long the run will be, so that its end can be foretold; rank 0 says it."""
    try:
        if (path := os.environ.get(METRICS)) and not rank_here():
            steps, epochs = _axis("total_steps", total_steps), _axis("total_epochs", total_epochs)
            if (steps, epochs) != (None, None):
                _append(path, {"total_steps": steps, "total_epochs": epochs})
    except Exception as error:
        _warn("progress", error)


def checkpoint(
    path: str | os.PathLike[str],
    *,
    metric: object = None,
    step: object = None,
    epoch: object = None,
) -> None:
    """Say that a checkpoint was saved; rank 0 says it. `metric` maps names to values; one number is the primary
    metric's. A path inside the run directory is written relative to it.
    """
    try:
        if (file := os.environ.get(METRICS)) and not rank_here():
            if metric is not None and not isinstance(metric, Mapping):
                metric = {_primary(): metric}
            values = _values(metric) if metric else {}
            where = {"step": _axis("step", step), "epoch": _axis("epoch", epoch)}
            values = next(_pieces(values, ""))
            _append(file, {"checkpoint": _place(os.fsdecode(path)), **where, "metrics": values or None})
    except Exception as error:
        _warn("checkpoint", error)


def event(text: str) -> None:
    """Leave one sentence in the run's history."""
    try:
        if path := os.environ.get(METRICS):
            prefix = f"rank {rank}: " if (rank := rank_here()) else ""
            _append(path, {"event": prefix + _utf8(str(text))[:MAX_TEXT]})
    except Exception as error:
        _warn("event", error)


def encode(fields: Mapping[str, object]) -> str:
    """One line of pure ASCII that ends in a newline; fields that are None are left out."""
    return f"{{{', '.join(_members(fields))}}}\n"


def _members(fields: Mapping[str, object]) -> Iterator[str]:
    for name, value in fields.items():
        if type(value) is float:
            text = repr(value)
            yield f"{_quoted(name)}: {text if value - value == 0 else _NONFINITE[text]}"
        elif isinstance(value, Mapping):
            yield f"{_quoted(name)}: {{{', '.join(_members(value))}}}"
        elif value is not None:
            yield f"{_quoted(name)}: {_quoted(value) if isinstance(value, str) else repr(value)}"


def _values(metrics: Mapping[str, object]) -> dict[str, float]:
    """Finite or not, every number of the mappings within; the rest is left out, aloud."""
    values: dict[str, float] = {}
    for count, (name, value) in enumerate(_leaves(metrics, "", ())):
        if count >= MAX_VALUES:
            _warn("a part of a very large report", OverflowError(f"more than {MAX_VALUES} values"))
            break
        try:
            if value is not _ENDLESS:
                values[name] = _number(value)
        except Exception as error:
            _warn(f"metric {name[:100]!r}", error)
    return values


_ENDLESS = object()


def _leaves(
    metrics: Mapping[str, object], prefix: str, above: tuple[int, ...]
) -> Iterator[tuple[str, object]]:
    """Names and what stands there, mappings unfolded; `_ENDLESS` for one that holds itself or lies too deep."""
    above = (*above, id(metrics))
    for key, value in list(metrics.items()):
        if type(value) is float and type(key) is str and key.isascii() and len(key) < MAX_NAME:
            yield prefix + key, value  # nearly all of them, and nothing can go wrong
            continue
        try:
            name = _utf8(f"{prefix}{key}")[:MAX_NAME]
            is_mapping = isinstance(value, Mapping)
        except Exception as error:
            _warn(f"a metric named by a {type(key).__name__}", error)
            continue
        if not is_mapping:
            yield name, value
        elif id(value) in above or len(above) >= MAX_DEPTH:
            _warn(f"metric {name[:100]!r}", RecursionError("mappings in mappings without end"))
            yield name, _ENDLESS
        else:
            yield from _leaves(value, f"{name}/", above)  # type: ignore[arg-type]


def _pieces(values: dict[str, float], prefix: str) -> Iterator[dict[str, float]]:
    """The values in parts that fit into a line."""
    if len(values) <= 40 and not prefix:
        yield values  # no forty names are too long for a line
        return
    piece: dict[str, float] = {}
    room = MAX_LINE
    for name, value in values.items():
        # A name takes six characters for each of its own at the most, a number 24.
        room -= len(prefix) + 30 + (len(name) if name.isascii() else 12 * len(name))
        if room < 0 and piece:
            yield piece
            piece, room = {}, MAX_LINE
        piece[prefix + name] = value
    yield piece


_torn = False
"""Whether the last write of this process ended in the middle of a line."""


def _append(path: str, fields: Mapping[str, object]) -> None:
    """One line, in a single write(2) in append mode, so that threads, ranks and processes may share the file and
    their lines stay whole. The file is opened for every line: that costs no more than to ask whether a kept
    descriptor is still ours, which a child that closed them all and opened its own files would have to; the
    reader of a network file system sees the line at once; and there is no state to be wrong after a fork.
    """
    global _torn
    data = (b"\n" if _torn else b"") + encode({**fields, "time": time.time()}).encode("ascii")
    # NONBLOCK matters only to a pipe nobody reads: opening it would hold up training for ever.
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
    file = os.open(path, flags, 0o666)
    try:
        _torn = os.write(file, data) < len(data)
    finally:
        os.close(file)
    if _torn:
        raise OSError(f"only part of a line fitted into {path}")


def _place(path: str) -> str:
    """`path` relative to the run directory when it lies inside it, else absolute."""
    run_dir = os.environ.get(RUN_DIR)
    if not run_dir:
        return os.path.abspath(path)
    inside = os.path.join(run_dir, path)
    found = inside if not os.path.exists(path) and os.path.exists(inside) else os.path.abspath(path)
    relative = os.path.relpath(found, run_dir)
    return found if relative.startswith(os.pardir) else relative


def _primary() -> str:
    """The primary metric's name, from the spec that lies in the run directory."""
    try:
        import tomllib

        with open(os.path.join(os.environ.get(RUN_DIR, ""), "spec.toml"), "rb") as file:
            return str(tomllib.load(file)["metrics"]["primary"])
    except (OSError, ImportError, LookupError, TypeError, ValueError) as error:
        _warn("the name of the primary metric", error)
        return "primary"


def _number(value: object) -> float:
    """`value` as a float; a tensor of one element will do, a truth value will not."""
    if type(value) is float:
        return value
    if hasattr(value, "item") and not isinstance(value, int | float):
        value = value.item()  # numpy and torch: no warnings on the way, and a truth value becomes a bool
    if isinstance(value, bool | str | bytes):
        raise TypeError(f"a {type(value).__name__} is not a number")
    try:
        return float(value)  # type: ignore[arg-type]
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")  # type: ignore[operator]


def _axis(name: str, value: object) -> float | None:
    """A step or epoch as a finite number, whole ones as int; None when it is none, and that is said."""
    if value is None or (type(value) is int and -(2**63) < value < 2**63):
        return value
    try:
        try:
            number: float = operator.index(value)  # type: ignore[arg-type]
        except TypeError:
            number = _number(value)
        if isinstance(value, bool) or not -(2**63) < number < 2**63:
            raise ValueError("not a number to count by")
        return int(number) if number == int(number) else number
    except Exception as error:
        _warn(name, error)
        return None


def _utf8(text: str) -> str:
    """`text` without halves of characters, which no database takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


_warned: set[str] = set()


def _warn(what: str, error: Exception) -> None:
    """Say once that something was not reported."""
    try:
        if what not in _warned and len(_warned) <= 20:
            _warned.add(what)
            said = f"{type(error).__name__}: {error}"[:300]
            sys.stderr.write(f"trainui: {what} was not reported ({said}); training goes on\n")
    except Exception:  # noqa: S110 - stderr itself may be gone, and there is nobody left to tell
        pass

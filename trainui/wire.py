"""The wire: one JSON line per report, appended to the file named by $TRAINUI_METRICS. Stdlib only.

    {"step": 120, "epoch": 3, "time": 1763000000.1, "metrics": {"train/loss": 0.31}}
    {"checkpoint": "last.pt", "step": 120, "time": …, "metrics": {"val/mae": 91.2}}
    {"total_steps": 4500, "total_epochs": 50, "time": …}
    {"event": "unfroze the encoder", "time": …}

NaN and infinities are written bare (`NaN`, `Infinity`, `-Infinity`), as Python's json does.
Training outlives its dashboard: nothing here raises into the job, and what cannot be written is said once.
"""

from __future__ import annotations

import json
import operator
import os
import sys
import time
from collections.abc import Mapping

METRICS = "TRAINUI_METRICS"
RUN_DIR = "TRAINUI_RUN_DIR"


def encode(fields: Mapping[str, object]) -> str:
    """One line of pure ASCII that ends in a newline; fields that are None are left out."""
    return json.dumps({name: value for name, value in fields.items() if value is not None}) + "\n"


class Reporter:
    """Appends lines to one file. Each line is a single write(2) in append mode, so threads, ranks and
    processes may share the file and their lines stay whole. The file is opened for every line: a forked
    child that closed all descriptors can never write our line into a file of its own.
    """

    def __init__(self, path: str, *, run_dir: str = "") -> None:
        self.path = path
        self.run_dir = run_dir
        self._primary: str | None = None
        self._torn = False
        self._warned: set[str] = set()

    def log(self, metrics: Mapping[str, object], *, step: object = None, epoch: object = None) -> None:
        """Report numbers at a step or epoch."""
        try:
            values = self._values(metrics)
            if values:
                self._write(step=_axis(step), epoch=_axis(epoch), metrics=values)
        except Exception as error:
            self._warn("log", error)

    def progress(self, *, total_steps: object = None, total_epochs: object = None) -> None:
        """Say how long the run will be."""
        try:
            self._write(total_steps=_axis(total_steps), total_epochs=_axis(total_epochs))
        except Exception as error:
            self._warn("progress", error)

    def checkpoint(
        self,
        path: str | os.PathLike[str],
        *,
        metric: object = None,
        step: object = None,
        epoch: object = None,
    ) -> None:
        """Say that a checkpoint was saved. A path inside the run directory is written relative to it."""
        try:
            if metric is not None and not isinstance(metric, Mapping):
                metric = {self._name(): metric}
            self._write(
                checkpoint=self._place(os.fspath(path)),
                step=_axis(step),
                epoch=_axis(epoch),
                metrics=self._values(metric or {}) or None,
            )
        except Exception as error:
            self._warn("checkpoint", error)

    def event(self, text: str) -> None:
        """Leave one sentence in the run's history."""
        try:
            self._write(event=str(text))
        except Exception as error:
            self._warn("event", error)

    def _values(self, metrics: Mapping[str, object], prefix: str = "") -> dict[str, float]:
        """Finite or not, every number; nested mappings are joined by "/"; the rest is left out, aloud."""
        values: dict[str, float] = {}
        for key, value in metrics.items():
            name = f"{prefix}{key}"
            if isinstance(value, Mapping):
                values.update(self._values(value, f"{name}/"))
                continue
            try:
                values[name] = _number(value)
            except Exception as error:
                self._warn(f"metric {name!r}", error)
        return values

    def _write(self, **fields: object) -> None:
        if not self.path:
            return
        data = encode({**fields, "time": time.time()}).encode("ascii")
        if self._torn:
            data = b"\n" + data
        # NONBLOCK matters only to a pipe nobody reads: opening it would hold up training for ever.
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
        file = os.open(self.path, flags, 0o666)
        try:
            self._torn = os.write(file, data) < len(data)
        finally:
            os.close(file)
        if self._torn:
            raise OSError(f"only part of a line fitted into {self.path}")

    def _place(self, path: str) -> str:
        """`path` relative to the run directory when it lies inside it, else absolute."""
        if not self.run_dir:
            return os.path.abspath(path)
        inside = os.path.join(self.run_dir, path)
        found = inside if not os.path.exists(path) and os.path.exists(inside) else os.path.abspath(path)
        relative = os.path.relpath(found, self.run_dir)
        return found if relative.startswith(os.pardir) else relative

    def _name(self) -> str:
        """The primary metric's name, from the spec that lies in the run directory."""
        if self._primary is None:
            self._primary = "primary"
            import tomllib

            try:
                with open(os.path.join(self.run_dir, "spec.toml"), "rb") as file:
                    self._primary = str(tomllib.load(file)["metrics"]["primary"])
            except (OSError, LookupError, TypeError, ValueError) as error:
                self._warn("the name of the primary metric", error)
        return self._primary

    def _warn(self, what: str, error: Exception) -> None:
        if what in self._warned or len(self._warned) > 20:
            return
        self._warned.add(what)
        try:
            said = f"trainui: {what} was not reported ({type(error).__name__}: {error}); training goes on\n"
            sys.stderr.write(said)
        except Exception:  # noqa: S110 - stderr itself may be gone, and there is nobody left to tell
            pass


def _number(value: object) -> float:
    """`value` as a float; a tensor of one element will do, a truth value will not."""
    if type(value) is float:
        return value
    if isinstance(value, bool | str | bytes):
        raise TypeError(f"a {type(value).__name__} is not a number")
    try:
        return float(value)  # type: ignore[arg-type]
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")  # type: ignore[operator]


def _axis(value: object) -> float | None:
    """A step or epoch as a finite number, whole ones as int; None when it is none."""
    if value is None or isinstance(value, bool):
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = _number(value)
        return number if number - number == 0 else None


_reporter = Reporter("")


def reporter() -> Reporter:
    """The reporter of this process; it follows $TRAINUI_METRICS and is silent while that is unset."""
    global _reporter
    path = os.environ.get(METRICS, "")
    if path != _reporter.path:
        _reporter = Reporter(path, run_dir=os.environ.get(RUN_DIR, ""))
    return _reporter

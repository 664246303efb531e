"""How runs get into the files of other trackers, which their own libraries write.

Each library runs in a process of its own, with an environment of its own: it can neither reach the network through
the user's account nor leave anything in the user's folders.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from trainui.core.errors import TrainuiError, UserError
from trainui.core.export.model import RunDigest
from trainui.core.store.packing import Row

KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "TMPDIR", "VIRTUAL_ENV", "TZ")
"""What of the user's environment a library gets: no account, no key, no address."""


def needed(library: str, least: str) -> None:
    """Raise UserError when a library is not installed."""
    if importlib.util.find_spec(library) is None:
        hint = f"pip install '{library}>={least}'"
        raise UserError(
            f"--format {library} needs the {library} library, which is not installed here", hint=hint
        )


def config(run: RunDigest) -> dict[str, Any]:
    """Its params, and what else tells it from others."""
    told = {"command": list(run.command), "parent": run.parent, "commit": run.origin.commit}
    return {**run.params, **{f"trainui/{name}": value for name, value in told.items() if value}}


def plain(row: Row) -> tuple[Any, ...]:
    """JSON has no infinities: they are words that `float` understands."""
    values = {name: _number(value) for name, value in row.values.items()}
    return _number(row.step), _number(row.epoch), row.at, values


def _number(value: float | None) -> float | str | None:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def feed(script: str | None, words: list[str], told: Iterable[Any], library: str) -> None:
    """Run a script of this package by its path and tell it lines of JSON. Raises TrainuiError with its last words."""
    assert script is not None
    env = {name: os.environ[name] for name in KEPT if name in os.environ}
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(
            [sys.executable, "-P", script, *words], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said,
            env=env, text=True, encoding="utf-8",
        )  # fmt: skip
        assert child.stdin is not None
        try:
            for one in told:
                child.stdin.write(json.dumps(one) + "\n")
        except BrokenPipeError:
            pass  # it has died, and says why
        except BaseException:
            child.kill()  # the export is called off: nobody wants the rest
            raise
        finally:
            with suppress(BrokenPipeError):
                child.stdin.close()
            child.wait()
        if child.returncode:
            said.seek(0)
            lines = said.read().decode("utf-8", "replace").strip().splitlines()
            why = lines[-1] if lines else f"exit {child.returncode}"
            hint = f"pip install -U {library}"
            raise TrainuiError(f"the {library} library could not write the run: {why:.300}", hint=hint)

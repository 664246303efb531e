"""Whatever is wrong with one thing is told, and ends nobody."""

import sqlite3

import pytest

from trainui.core.complaints import complaints
from trainui.core.errors import UserError


@pytest.mark.parametrize(
    "error",
    [
        sqlite3.OperationalError("locked"),
        OSError(28, "No space left on device"),
        UserError("no such run"),
        ValueError("x"),
        KeyError("x"),
        TypeError("x"),
        ZeroDivisionError("x"),
        RuntimeError("Could not determine home directory."),
        RecursionError("maximum recursion depth exceeded"),
        NotImplementedError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_trouble_with_one_thing_is_told_and_goes_no_further(error, capsys):
    with complaints("run a-1"):
        raise error
    assert f"run a-1: {type(error).__name__}: " in capsys.readouterr().err


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError, GeneratorExit])
def test_what_ends_a_process_ends_it(error):
    with pytest.raises(error), complaints("run a-1"):
        raise error

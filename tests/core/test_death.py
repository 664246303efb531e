"""How a run died, from evidence."""

import pytest

from trainui.core.death import cause_of_death
from trainui.core.run import Result


@pytest.mark.parametrize(
    ("code", "signal", "stopped_for", "last", "expected"),
    [
        (0, None, "", [], (Result.FINISHED, "")),
        (3, None, "", [], (Result.FAILED, "exit 3")),
        (None, "SIGSEGV", "", [], (Result.FAILED, "signal SIGSEGV")),
        (0, None, "user", [], (Result.STOPPED, "user")),
        (None, "SIGKILL", "budget", [], (Result.STOPPED, "budget")),
        (1, None, "", ["torch.OutOfMemoryError: CUDA out of memory."], (Result.FAILED, "out of GPU memory")),
        (0, None, "", ["we survived: CUDA out of memory"], (Result.FINISHED, "")),
        (1, None, "", ["OSError: [Errno 28] No space left on device"], (Result.FAILED, "disk full")),
    ],
)
def test_cause_of_death(code, signal, stopped_for, last, expected):
    assert cause_of_death(code=code, signal=signal, stopped_for=stopped_for, last_lines=last) == expected

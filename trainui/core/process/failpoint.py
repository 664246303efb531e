"""Failpoints: places in the protocol where a test kills the process that reaches them. Unset, they cost nothing.

`TRAINUI_FAILPOINT="POINT@FILE"`: whoever reaches POINT while FILE does not exist makes FILE and sends itself
SIGKILL. `trace@FILE`: every point reached is appended to FILE instead. A point is who and step, such as
`guard wrote exit.json`; `manager committed#7` is the seventh of its kind in one process, without # the first.
"""

from __future__ import annotations

import os
import signal

NAME = "TRAINUI_FAILPOINT"
"""In the environment of whoever shall die; never of a job."""

_who = ""
_point, _ordinal, _file = "", 1, ""
_seen: dict[str, int] = {}


def i_am(who: str) -> None:
    """Name this process: manager, keeper, guard or child. Its points count from here; before, it has none."""
    global _who, _point, _ordinal, _file
    _who = who
    point, _, _file = os.environ.get(NAME, "").partition("@")
    _point, _, ordinal = point.partition("#")
    _ordinal = int(ordinal or 1)
    _seen.clear()


def reach(step: str) -> None:
    """Die here if that is what the environment says. Who has no name passes."""
    if not _point or not _who:
        return
    point = f"{_who} {step}"
    if _point == "trace":
        _append(point)
    elif _point == point:
        _seen[point] = _seen.get(point, 0) + 1
        if _seen[point] == _ordinal and _is_first():
            os.kill(os.getpid(), signal.SIGKILL)


def _append(point: str) -> None:
    fd = os.open(_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(fd, f"{point}\n".encode())
    os.close(fd)


def _is_first() -> bool:
    try:
        os.close(os.open(_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    return True

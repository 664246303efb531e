"""What Linux offers and Python 3.11 has no name for."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import time

PR_SET_CHILD_SUBREAPER = 36
WAITID = {"x86_64": 247, "aarch64": 95}
"""The number of the waitid system call: the library's own leaves out how much memory was used."""
SHIELD = "-900"
"""oom_score_adj of the pair: when memory runs out, the job dies and somebody is left to say so."""
IGNORED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGPIPE, signal.SIGTSTP)
"""What does not end a pair: it ends when its job does, or by SIGKILL."""


def become_subreaper() -> None:
    """Become the parent of every orphan below this process. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "cannot become a subreaper")


def peak_memory(zombie: int) -> int:
    """The most bytes a dead, not yet reaped child had resident; 0 where the kernel will not say."""
    number = WAITID.get(os.uname().machine)
    if number is None:
        return 0
    libc = ctypes.CDLL(None)
    info = ctypes.create_string_buffer(128)
    usage = (ctypes.c_long * 36)()
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    kind = int(os.P_PID)
    if libc.syscall(ctypes.c_long(number), kind, zombie, info, options, usage):
        return 0
    return int(usage[4]) * 1024  # two times two words of time, then ru_maxrss in KiB


def hears(pid: int, signum: int) -> bool:
    """Whether a process does something of its own with a signal: it neither dies of it nor ignores it."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            masks = [line.split()[1] for line in file if line.startswith(("SigCgt:", "SigBlk:"))]
    except OSError:
        return False
    return any(int(mask, 16) >> (signum - 1) & 1 for mask in masks)


def set_oom_score(value: str) -> str | None:
    """Set this process's oom_score_adj and return what it was; None where that is not allowed."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "r+", encoding="ascii") as file:
        old = file.read().strip()
        file.seek(0)
        file.write(value)
        file.flush()
        return old
    return None


def ignore_signals() -> None:
    """Let nothing but SIGKILL end this process."""
    for one in IGNORED:
        signal.signal(one, signal.SIG_IGN)


def restore_signals() -> None:
    """Give a child the dispositions and the mask a fresh process has."""
    signal.set_wakeup_fd(-1)
    for one in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(one, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def say(text: str) -> None:
    """Add a line to the log, keeper.log; on a full disk say nothing, rather than die of it."""
    with contextlib.suppress(OSError):
        os.write(2, f"{time.strftime('%F %T')} {text}\n".encode(errors="replace"))


class Wake:
    """Sleep that a poke (SIGUSR1) or a child's death (SIGCHLD) ends."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for one in (signal.SIGUSR1, signal.SIGCHLD):
            signal.signal(one, lambda _signum, _frame: None)
        self._poll = select.poll()
        self._poll.register(self._read, select.POLLIN)

    def wait(self, seconds: float) -> None:
        """Sleep up to `seconds`."""
        if self._poll.poll(max(0, int(seconds * 1000) + 1)):
            with contextlib.suppress(BlockingIOError):
                while os.read(self._read, 4096):
                    pass

    def close(self) -> None:
        """Forget the pipe: a forked child makes its own."""
        os.close(self._read)
        os.close(self._write)

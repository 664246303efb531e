"""The forked child until it is the job: it waits at a gate until its identity is on disk, then becomes the command.

So a job that ran is always known; one whose guard died too early never runs its first instruction.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import time
from collections.abc import Sequence

from . import failpoint, linux
from .files import is_locked, lock, read_json, write_json_once
from .identity import Identity, boot_seconds, identity_of
from .order import EXIT, GUARD_LOCK, HIGH, JOB, JOB_LOCK, KEEPER_LOCK, MARK, OUTPUT, REFUSED, Order


def fork(order: Order, *, oom_score: str | None) -> tuple[Identity, int]:
    """Fork the child; returns who it is and the gate: write a byte to let it go on. Raises OSError."""
    job_lock = _take_job_lock(order)
    gate_out, gate_in = os.pipe2(os.O_CLOEXEC)
    # the child ignores what the pair ignores until it says otherwise: a stop that comes first must wait, not vanish
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    pid = os.fork()
    if pid:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    else:
        try:
            failpoint.i_am("child")
            os.close(gate_in)
            _become_job(order, gate_out, job_lock, oom_score)
        finally:
            os._exit(126)
    os.close(job_lock)  # held by the child and all it starts
    os.close(gate_out)
    failpoint.reach("forked job")
    identity = identity_of(pid)
    assert identity is not None, "our own child stays, if only as a zombie"
    return identity, gate_in


def _take_job_lock(order: Order) -> int:
    """A child of a guard that died at the gate may still hold it for a moment."""
    deadline = boot_seconds() + 5
    while True:
        held = lock(os.path.join(order.run_dir, JOB_LOCK))
        if held is not None:
            return held
        if boot_seconds() > deadline:
            raise OSError(errno.EWOULDBLOCK, "another process holds job.lock")


def _become_job(order: Order, gate: int, job_lock: int, oom_score: str | None) -> None:
    """Never returns: the command, or an exit that says why not."""
    step = "its output"
    try:
        os.setsid()
        linux.restore_signals()
        gate = fcntl.fcntl(gate, fcntl.F_DUPFD_CLOEXEC, HIGH)
        fcntl.fcntl(job_lock, fcntl.F_DUPFD, HIGH)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        output = os.open(os.path.join(order.run_dir, OUTPUT), flags, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for ours, theirs in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(ours, theirs)
        os.closerange(3, HIGH)
        failpoint.reach("came to gate")
        if not _is_admitted(order, gate):
            os._exit(0)
        failpoint.reach("passed gate")
        if oom_score is not None:
            linux.set_oom_score(oom_score)
        step = f"the working folder {order.cwd}"
        os.chdir(order.cwd)
        step = f"the command {order.argv[0]!r}"
        os.umask(order.umask if order.umask is not None else 0o022)
        env = {key: value for key, value in order.env.items() if key not in (MARK, failpoint.NAME)}
        os.execvpe(order.argv[0], order.argv, env)
    except (OSError, ValueError) as error:
        _refuse(order, step, error)


def _is_admitted(order: Order, gate: int) -> bool:
    """Wait at the gate. When the guard dies first, go on only if the world knows who we are."""
    if os.read(gate, 1):
        return True
    named = read_json(os.path.join(order.run_dir, JOB))
    return named is not None and Identity.from_dict(named) == identity_of(os.getpid())


def _refuse(order: Order, step: str, error: OSError | ValueError) -> None:
    """Leave the reason on disk, so that it does not look like the job's own exit."""
    missing = isinstance(error, FileNotFoundError)
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    code = 127 if missing and step.startswith("the command") else 126
    record = {"reason": f"could not start: {step}: {reason}", "code": code, "at": time.time()}
    write_json_once(os.path.join(order.run_dir, REFUSED), record)
    os._exit(code)


def never_began(run_dir: str, *, but_for: str = "") -> bool:
    """Whether the job of a claimed run has not run, and nobody is left who could let it: starting it is safe.

    `but_for` names a lock the asker holds. Locks first: a pair lets go only after it has written.
    """
    locks = {KEEPER_LOCK, GUARD_LOCK, JOB_LOCK} - {but_for}
    if any(is_locked(os.path.join(run_dir, name)) for name in locks):
        return False
    return not any(os.path.exists(os.path.join(run_dir, name)) for name in (JOB, EXIT))


def reason_not_to_start(argv: Sequence[str], cwd: str, path: str) -> tuple[str, str]:
    """(reason, hint) why the command cannot start, as far as one can tell without trying; ('', '') if it can."""
    if not os.path.isdir(cwd):
        return f"the working folder {cwd} does not exist", ""
    if not argv:
        return "the command is empty", ""
    name = argv[0]
    if "/" in name:
        places = [os.path.join(cwd, name)]
    else:
        places = [os.path.join(cwd, folder, name) for folder in path.split(os.pathsep)]
    files = [place for place in places if os.path.isfile(place)]
    if not files:
        hint = "" if "/" in name else "is it installed, and on PATH?"
        return f"there is no command {name!r}", hint
    if not any(os.access(place, os.X_OK) for place in files):
        return f"{files[0]} may not be executed", f"chmod +x {files[0]}"
    return "", ""

"""RULE: how a run died, from evidence alone. Pure.

Facts of the kernel beat what the job printed, what it printed at its end beats what it printed before, an exception
that ended it beats one that was quoted. Text is evidence only when the run failed: a log may quote any error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from trainui.core.run import KINDS, Result

HOST, GPU, DISK, NONFINITE = "out of host memory", "out of GPU memory", "disk full", "non-finite loss"
HANG_UP, RESTARTED = "hang-up", "machine restarted"
NEARLY_ALL = 0.85
"""Of the memory there is: a SIGKILL at such a peak is the kernel's, seen or not."""
READ = 1000
"""Characters of a line that are read: a sign stands at its beginning."""
LONGEST = 300
"""Characters of a line that are shown as evidence."""

SIGNS = (
    (HOST, re.compile(
        r"dev/shm.*No space left|out of shared memory|unable to (?:allocate|mmap|open) .*(?:shared memory|shm)"
        r"|DataLoader worker \(pid.*\) is killed by signal: (?:Killed|Bus error)"
        r"|\b_?(?:Array)?MemoryError\b|java\.lang\.OutOfMemoryError|ray\.exceptions\.OutOfMemoryError"
        r"|[Cc]annot allocate memory|std::bad_alloc|can't allocate memory|Unable to allocate \S+ \w+ for an array"
        r"|OOM when allocating .*\bcpu\b|oom[-_]kill(?:ed)? event|OOM[- ]?[Kk]illed|cannot allocate vector of size"
    )),
    (GPU, re.compile(
        r"(?:CUDA|HIP|XPU|MPS backend) out of memory|torch\.(?:cuda\.)?OutOfMemoryError|CUDA_ERROR_OUT_OF_MEMORY"
        r"|cudaErrorMemoryAllocation|(?:CUDA|HIP) error: out of memory|hipErrorOutOfMemory|cupy\S*\.OutOfMemoryError"
        r"|C[Uu][Dd][Aa] (?:failure|error)\b.{0,20}out of memory"
        r"|CU[A-Z]{2,9}_(?:STATUS_)?(?:\w{0,30}_)?ALLOC(?:ATION)?_FAILED"
        r"|RESOURCE_EXHAUSTED.*[Oo]ut of memory|Resource exhausted: Out of memory|OOM when allocating tensor"
        r"|ran out of memory trying to allocate"
    )),
    (DISK, re.compile(
        r"No space left on device|Disk quota exceeded|\bENOSPC\b|\bEDQUOT\b|\[Errno (?:28|122)\]"
        r"|database or disk is full|PytorchStreamWriter failed writing"
    )),
    (NONFINITE, re.compile(
        r"FloatingPointError|\b(?:nan|non-?finite|infinite) loss\b|(?<!no )\bnan (?:detected|encountered)\b"
        r"|loss\b[^:=]{0,40}\b(?:is|was|became|went)\s+(?:to )?\W?(?:nan|infinite|[+-]?inf|non-?finite|not finite)\b"
        r"|diverged with loss|returned nan values|invalid values:\s*tensor\([\[]*nan"
        r"|(?:tensor|loss|grad\w*) contains (?:either )?\W?(?:nan|inf)\b|norm\b.{0,60}\bis non-finite"
        r"|Invalid loss, terminating|loss scale (?:already at minimum|reached)",
        re.IGNORECASE,
    )),
)  # fmt: skip
"""Cause → what a dying job prints when it is that. The first that fits a line is meant."""

_PREFIX = r"(?:\s|\[?(?:rank|default) ?\d+\]?:|\(\w+ pid=\d+[^)]*\)|\[\d+,\d+\]<stderr>:|\d+: )*"
_EXCEPTION = re.compile(
    _PREFIX + r"(?:(?:\w+\.)*_?[A-Z]\w*(?:Error|Exception|Interrupt|Exit)(?::|\s*$)"
    r"|terminate called after throwing|what\(\):|\d{4}-\d\d-\d\d \S+: F )"
)
"""A line that names the exception a program died of, rank prefixes of launchers before it."""
_ECHO = re.compile(
    r"ChildFailedError|CalledProcessError|non-zero exit status|exited unexpectedly|Process(?:Raised|Exited)Exception"
    r"|NCCL|Gloo|[Cc]onnection (?:closed|reset|was)|Broken ?[Pp]ipe|DistBackendError|DistNetworkError|EOFError"
    r"|KeyboardInterrupt|SystemExit|TerminatedWorkerError|BrokenProcessPool"
)
"""An exception that tells of another's death: of a rank, a worker, a child."""
_CHILD_KILLED = re.compile(r"\bSIGKILL\b|exitcode\s*: ?-9\b|[Ss]ignal:? (?:Killed|9\b)|: \d+ Killed\b")
_CHAIN = ("During handling of the above exception", "was the direct cause of the following exception")
SURVIVED = 40
"""Lines after which what was said, and not raised, did not kill the job."""
_HARMLESS = ("this is not a failure", "Exception ignored in", "closing signal", "exiting via SIG")

SHELL = {129: "SIGHUP", 134: "SIGABRT", 135: "SIGBUS", 137: "SIGKILL", 139: "SIGSEGV", 143: "SIGTERM"}
"""Exit codes by which a shell tells that a signal ended its command."""
LOST = ("its keeper and its guard died", "exit.json is damaged", "its run directory was deleted")
"""What is said of runs whose end nobody saw."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Death:
    """How a run ended, and what shows it."""

    result: Result
    cause: str
    """'' when it finished."""
    evidence: tuple[str, ...] = ()
    """Plain sentences, the strongest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Text:
    """What the last lines of a job say."""

    cause: str = ""
    line: str = ""
    """The line that says so; without a cause, the exception it died of."""
    is_exception: bool = False
    lost_a_child: str = ""
    """The line that tells that a worker or a rank of it was killed, or just died."""


def cause_of_death(
    *,
    code: int | None,
    signal: str | None,
    stopped_for: str = "",
    could_not_start: str = "",
    lost: str = "",
    killed_by_us: bool = False,
    had_grace: bool = True,
    oom_kills: int = 0,
    kernel_line: str = "",
    max_rss: int = 0,
    memory_total: int = 0,
    last_lines: Sequence[str] = (),
    nonfinite: tuple[str, float, float | None] | None = None,
) -> Death:
    """The end of a run, why, and what shows it.

    `stopped_for`: why trainui stopped it, '' when it ended by itself. `lost`: why nobody saw it end.
    `killed_by_us`: its grace was over; `had_grace`: it had one. `oom_kills`: processes of its control group the
    kernel killed for memory meanwhile, `kernel_line`: the kernel log about one of its own. `max_rss`: the most
    bytes it held, `memory_total`: the bytes there are (0: unknown). `nonfinite`: (metric, value, step) when a loss
    stood at nan or ±inf at the end.
    """
    if lost:
        return Death(result=Result.LOST, cause=lost, evidence=(_why_lost(lost),))
    gone = f"{nonfinite[0]} was {nonfinite[1]:g}{_at(nonfinite[2])}" if nonfinite else ""
    if stopped_for:
        return Death(
            result=Result.STOPPED,
            cause=stopped_for,
            evidence=_stop(stopped_for, killed_by_us, had_grace, gone),
        )
    if could_not_start:
        return Death(result=Result.FAILED, cause=could_not_start, evidence=("its command never began",))
    if code == 0:
        return Death(result=Result.FINISHED, cause="")
    facts = _Facts(
        end=f"signal {signal}" if signal else f"exit {code}",
        signal=signal or SHELL.get(code or 0, ""),
        is_told_by_shell=not signal and code in SHELL,
        killed_by_us=killed_by_us,
        kernel=_kernel(oom_kills, kernel_line),
        is_certain=bool(kernel_line),
        peak=f"its memory peaked at {max_rss / 2**30:.1f} of {memory_total / 2**30:.1f} GiB"
        if max_rss and memory_total
        else "",
        is_full=memory_total > 0 and max_rss > NEARLY_ALL * memory_total,
        gone=gone,
    )
    return _failure(facts, _read(last_lines))


def kind_of(cause: str) -> str:
    """The slug of a cause, as `[retry]` and `[[remedy]] on` name it; '' for '' (it finished).

    What is no known cause is why a launch failed, in the words of the error.
    """
    if not cause or cause in LOST:
        return "lost" if cause else ""
    first, _, rest = cause.partition(" ")
    if first in ("exit", "signal", "gate") and rest:
        return first
    slug = cause.partition(":")[0].strip().lower().replace(" ", "-")
    return slug if slug in KINDS else "could-not-start"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Facts:
    """What is known of a failed run beside its text."""

    end: str
    """`exit 1`, `signal SIGSEGV`: its cause when nothing else is known."""
    signal: str
    is_told_by_shell: bool
    """Whether the signal is read out of an exit code."""
    killed_by_us: bool
    kernel: list[str]
    """What the kernel says of memory."""
    is_certain: bool
    """Whether it says that of a process of this run."""
    peak: str
    is_full: bool
    """Whether that peak explains a SIGKILL."""
    gone: str
    """Which loss was not finite at the end."""


def _failure(facts: _Facts, text: _Text) -> Death:
    """The strongest explanation first."""
    said = [f"output.log: {_cut(line)}" for line in (text.line, text.lost_a_child) if line]
    ended = f"it ended with {facts.end}"
    if facts.is_told_by_shell:
        ended += f", which is how a shell tells that {facts.signal} ended its command"
    is_killed = facts.signal == "SIGKILL" and not facts.killed_by_us
    has_lost_one = bool(text.lost_a_child) and not (text.is_exception and text.cause)
    if facts.kernel and (facts.is_certain or is_killed or has_lost_one or text.cause == HOST):
        return _failed(HOST, *facts.kernel, *said, ended)
    outside = "SIGKILL came from outside: no stop was asked" if is_killed else ""
    if outside and facts.peak:
        outside += f"{', and' if facts.is_full else ';'} {facts.peak}"
    if is_killed and not text.is_exception:  # what it said before, it said while it lived
        return _failed(HOST if facts.is_full else facts.end, outside, *said, ended)
    if text.cause in (HOST, GPU, DISK):
        return _failed(text.cause, *said, outside, ended)
    if facts.is_full and (is_killed or _CHILD_KILLED.search(text.lost_a_child)):
        return _failed(HOST, outside or facts.peak, *said, ended)
    if facts.signal == "SIGHUP":
        return _failed(HANG_UP, "SIGHUP: what it was connected to went away", *said, ended)
    if text.cause == NONFINITE or (facts.gone and not facts.signal):
        return _failed(NONFINITE, *said, facts.gone, ended)
    ours = "trainui sent the SIGKILL: its grace was over" if facts.killed_by_us else ""
    return _failed(facts.end, outside, ours, *said, facts.gone, *facts.kernel, ended)


def _failed(cause: str, *evidence: str) -> Death:
    return Death(result=Result.FAILED, cause=cause, evidence=tuple(one for one in evidence if one))


def _why_lost(reason: str) -> str:
    if reason == RESTARTED:
        return "the machine was started anew while it ran, and nobody saw it end"
    return f"{reason}, and nobody saw it end"


def _stop(reason: str, killed: bool, had_grace: bool, gone: str) -> tuple[str, ...]:
    told = [f"trainui stopped it: {reason}", gone]
    if killed:
        missed = "it did not end within its grace, and was sent SIGKILL"
        told.append(missed if had_grace else "it was sent SIGKILL at once, as was asked")
    return tuple(one for one in told if one)


def _kernel(oom_kills: int, line: str) -> list[str]:
    """What the kernel says of memory."""
    told = [f"kernel log: {_cut(line)}"] if line else []
    if oom_kills:
        many = "process" if oom_kills == 1 else "processes"
        told.append(f"the kernel killed {oom_kills} {many} of its control group for memory")
    return told


def _at(step: float | None) -> str:
    return "" if step is None else f" at step {step:g}"


def _cut(line: str) -> str:
    line = line.strip()
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _read(lines: Sequence[str]) -> _Text:
    """The last sign of a known cause, unless the job went on and died of another exception.

    An exception counts more than a quotation. What only echoes the death of a rank or worker, and what was raised
    while the sign was handled, takes nothing back.
    """
    found, lost_a_child, is_chained, is_new = _Text(), "", False, False
    found_at = 0
    for number, line in enumerate(whole[:READ] for whole in lines):
        if any(words in line for words in _HARMLESS):
            continue
        if any(words in line for words in _CHAIN):
            is_chained = True
        elif "Traceback (most recent call last)" in line:
            is_new, is_chained = not is_chained, False
        cause, raised = _cause_in(line), _EXCEPTION.match(line) is not None
        is_echo = not cause and (_CHILD_KILLED.search(line) or (raised and _ECHO.search(line)))
        if cause and (raised or not (found.cause and found.is_exception)):
            found, is_new, found_at = _Text(cause=cause, line=line, is_exception=raised), False, number
        elif is_echo:
            lost_a_child = line
        elif raised and not cause and (not found.cause or is_new):
            found = _Text(line=line, is_exception=True)
    if found.cause and not found.is_exception and len(lines) - found_at > SURVIVED:
        found = _Text()  # it was said, and the job went on
    return replace(found, lost_a_child=lost_a_child)


def _cause_in(line: str) -> str:
    return next((cause for cause, sign in SIGNS if sign.search(line)), "")

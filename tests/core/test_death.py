"""How a run died, from evidence: the kernel's word, what it printed, what was measured."""

import math

import pytest

from trainui.core.death import KINDS, LONGEST, cause_of_death, kind_of
from trainui.core.run import Result

GIB = 2**30
NAN = ("train/loss", math.nan, 40.0)
OUTSIDE = "SIGKILL came from outside: no stop was asked"
TRACE = "Traceback (most recent call last):"
OOM = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 48.00 MiB. GPU 0 has a total capacity of 10 GiB"
KEY = "KeyError: 'label'"
FULL = "OSError: [Errno 28] No space left on device: 'last.pt'"
DURING = "During handling of the above exception, another exception occurred:"
WORKER = "RuntimeError: DataLoader worker (pid 4711) is killed by signal: Killed."
CHILD = "torch.distributed.elastic.multiprocessing.errors.ChildFailedError:"


def died(*lines, code=1, signal=None, **more):
    if signal:
        code = None
    return cause_of_death(code=code, signal=signal, last_lines=lines, **more)


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
        (1, None, "time limit", [OOM], (Result.STOPPED, "time limit")),
        (1, None, "gate no-nan", [], (Result.STOPPED, "gate no-nan")),
        (
            None,
            "SIGTERM",
            "hung: silent and idle for 30 min",
            [],
            (Result.STOPPED, "hung: silent and idle for 30 min"),
        ),
    ],
)
def test_cause_of_death(code, signal, stopped_for, last, expected):
    death = cause_of_death(code=code, signal=signal, stopped_for=stopped_for, last_lines=last)
    assert (death.result, death.cause) == expected


@pytest.mark.parametrize(
    ("cause", "line"),
    [
        ("out of GPU memory", OOM),
        ("out of GPU memory", "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 MiB."),
        ("out of GPU memory", "RuntimeError: CUDA out of memory. Tried to allocate 10.01 GiB (GPU 0; 14.75 GiB total capacity)"),
        ("out of GPU memory", "[rank3]: torch.OutOfMemoryError: CUDA out of memory."),
        ("out of GPU memory", "RuntimeError: CUDA error: out of memory"),
        ("out of GPU memory", "RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        ("out of GPU memory", "RuntimeError: cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        ("out of GPU memory", "RuntimeError: cuFFT error: CUFFT_ALLOC_FAILED"),
        ("out of GPU memory", "RuntimeError: cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
        ("out of GPU memory", "box:77:91 [0] NCCL WARN Cuda failure 'out of memory'"),
        ("out of GPU memory", "box:77:91 [0] include/alloc.h:99 NCCL WARN Cuda failure 2 'out of memory'"),
        ("out of GPU memory", "torch.OutOfMemoryError: HIP out of memory. Tried to allocate 2.00 GiB."),
        ("out of GPU memory", "RuntimeError: HIP error: out of memory"),
        ("out of GPU memory", "jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying to allocate 12582912 bytes."),
        ("out of GPU memory", "Failed to load in-memory CUBIN: CUDA_ERROR_OUT_OF_MEMORY: out of memory"),
        ("out of GPU memory", " OOM when allocating tensor with shape[64,512] and type float on /job:localhost/replica:0/task:0/device:GPU:0 by allocator GPU_0_bfc"),
        ("out of GPU memory", "cupy.cuda.memory.OutOfMemoryError: Out of memory allocating 8,000,000,000 bytes"),
        ("out of host memory", " OOM when allocating tensor with shape[64,512] and type float on /job:localhost/replica:0/task:0/device:CPU:0 by allocator cpu"),
        ("out of host memory", WORKER),
        ("out of host memory", "RuntimeError: DataLoader worker (pid(s) 1, 2) exited; DataLoader worker (pid 1) is killed by signal: Killed. "),
        ("out of host memory", "RuntimeError: DataLoader worker (pid 11) is killed by signal: Bus error. It is possible that dataloader's workers are out of shared memory."),
        ("out of host memory", "box:9:9 [3] misc/shmutils.cc:71 NCCL WARN Error: failed to extend /dev/shm/nccl-x to 59 bytes, error: No space left on device (28)"),
        ("out of host memory", "MemoryError"),
        ("out of host memory", "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 74.5 GiB for an array with shape (100000, 100000)"),
        ("out of host memory", "RuntimeError: [enforce fail at alloc_cpu.cpp:75] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes."),
        ("out of host memory", "OSError: [Errno 12] Cannot allocate memory"),
        ("out of host memory", "terminate called after throwing an instance of 'std::bad_alloc'"),
        ("out of host memory", "slurmstepd: error: Detected 1 oom_kill event in StepId=7.batch."),
        ("disk full", FULL),
        ("disk full", "OSError: [Errno 122] Disk quota exceeded"),
        ("disk full", "RuntimeError: [enforce fail at inline_container.cc:595] . PytorchStreamWriter failed writing file data/17: file write failed"),
        ("disk full", "sqlite3.OperationalError: database or disk is full"),
        ("non-finite loss", "Loss is nan, stopping training"),
        ("non-finite loss", "FloatingPointError: Loss became infinite or NaN at iteration=166!"),
        ("non-finite loss", "FloatingPointError: Minimum loss scale reached (0.0001). Your loss is probably exploding."),
        ("non-finite loss", "Exception: Current loss scale already at minimum - cannot decrease scale anymore. Exiting run."),
        ("non-finite loss", "ValueError: The loss returned in `training_step` is nan."),
        ("non-finite loss", "RuntimeError: Loss was NaN for 1 times in a row. Stopped training."),
        ("non-finite loss", "RuntimeError: Function 'MulBackward0' returned nan values in its 0th output."),
        ("non-finite loss", "ERROR:tensorflow:Model diverged with loss = NaN."),
        ("non-finite loss", "RuntimeError: probability tensor contains either `inf`, `nan` or element < 0"),
        ("non-finite loss", "RuntimeError: The total norm of order 2.0 for gradients from `parameters` is non-finite, so it cannot be clipped."),
        ("non-finite loss", "AssertionError: nan loss at step 12"),
        ("non-finite loss", "Batch 5: Invalid loss, terminating training"),
        ("exit 1", "step 7 loss: nan val_loss: nan lr 0.1"),
        ("exit 1", "2024-01-01 10:00:00 train_loss nan"),
        ("exit 1", "BF16: inf"),
        ("exit 1", "no nan detected"),
        ("exit 1", "GPU memory 3.1 of 40 GiB"),
        ("exit 1", "W tensorflow/bfc_allocator.cc:272] Allocator (GPU_0_bfc) ran out of memory trying to allocate 16.00MiB. The caller indicates that this is not a failure"),
        ("exit 1", "ValError: 0.5 TrainError: 0.3"),
        ("exit 1", KEY),
    ],
)  # fmt: skip
def test_what_a_dying_job_prints(cause, line):
    assert died("step 1", line).cause == cause
    assert died("step 1", line, code=0).cause == ""
    if cause != "exit 1":
        assert f"output.log: {line.strip()}" in died(line).evidence


@pytest.mark.parametrize(
    ("cause", "shown", "lines"),
    [
        ("disk full", FULL, [OOM, FULL]),
        ("out of GPU memory", OOM, [FULL, OOM]),
        ("out of GPU memory", OOM, [OOM, "hint: is there No space left on device?"]),
        ("disk full", "warning: No space left on device", ["CUDA out of memory, halving", "warning: No space left on device"]),
        # caught, and then it died of something else
        ("exit 1", KEY, [TRACE, OOM, "batch size 32 now", "step 41", TRACE, KEY]),
        ("exit 1", KEY, ["CUDA out of memory, batch size 16 now", TRACE, KEY]),
        ("exit 1", KEY, ["warning: nan loss, skipped", TRACE, KEY]),
        # raised while it handled the first, or an echo of it
        ("out of GPU memory", OOM, [TRACE, OOM, "", DURING, "", TRACE, KEY]),
        ("out of GPU memory", OOM, [TRACE, OOM, TRACE, CHILD]),
        ("out of GPU memory", OOM, [TRACE, OOM, TRACE, "RuntimeError: NCCL communicator was aborted on rank 1."]),
        ("out of GPU memory", OOM, [TRACE, OOM, TRACE, "subprocess.CalledProcessError: Command 'x' returned non-zero exit status 1."]),
        ("out of GPU memory", OOM, [TRACE, OOM, "Exception ignored in atexit callback: <function f>", KEY]),
        ("out of host memory", WORKER, [TRACE, "  File 'x.py'", WORKER, "The above exception was the direct cause of the following exception:", TRACE, "RuntimeError: DataLoader worker (pid(s) 4711) exited unexpectedly"]),
    ],
)  # fmt: skip
def test_the_sign_that_ended_it_wins(cause, shown, lines):
    death = died(*lines)
    assert death.cause == cause
    assert death.evidence[0] == f"output.log: {shown}"


@pytest.mark.parametrize(
    ("cause", "told", "given"),
    [
        ("signal SIGKILL", OUTSIDE, {}),
        ("signal SIGKILL", f"{OUTSIDE}; its memory peaked at 10.0 of 24.0 GiB", {"max_rss": 10 * GIB, "memory_total": 24 * GIB}),
        ("out of host memory", f"{OUTSIDE}, and its memory peaked at 21.3 of 24.0 GiB", {"max_rss": int(21.3 * GIB), "memory_total": 24 * GIB}),
        ("signal SIGKILL", OUTSIDE, {"max_rss": 30 * GIB}),
        ("out of host memory", "the kernel killed 1 process of its control group for memory", {"oom_kills": 1}),
        ("out of host memory", "the kernel killed 3 processes of its control group for memory", {"oom_kills": 3}),
        ("out of host memory", "kernel log: Out of memory: Killed process 4711 (python)", {"kernel_line": "Out of memory: Killed process 4711 (python)"}),
    ],
)  # fmt: skip
def test_a_sigkill_that_nobody_of_us_sent(cause, told, given):
    for lines in ([], ["step 3", "CUDA out of memory: batch size 16 now"]):
        death = died(*lines, signal="SIGKILL", **given)
        assert (death.cause, death.evidence[0]) == (cause, told)


def test_a_shell_tells_the_signal_of_its_command():
    death = died(code=137, oom_kills=1)
    assert death.cause == "out of host memory"
    assert (
        "it ended with exit 137, which is how a shell tells that SIGKILL ended its command" in death.evidence
    )
    assert died(code=137).cause == "exit 137"
    assert OUTSIDE in died(code=137).evidence
    assert died(code=129).cause == "hang-up"
    assert died(code=130).cause == "exit 130"


def test_a_kill_of_our_own_came_not_from_outside():
    death = died(signal="SIGKILL", killed_by_us=True, max_rss=24 * GIB, memory_total=24 * GIB)
    assert death.cause == "signal SIGKILL"
    assert death.evidence == ("trainui sent the SIGKILL: its grace was over", "it ended with signal SIGKILL")


def test_an_exception_explains_a_kill_that_followed_it():
    assert died(TRACE, OOM, signal="SIGKILL").cause == "out of GPU memory"
    assert died(TRACE, OOM, signal="SIGKILL", oom_kills=1).cause == "out of host memory"
    assert died(TRACE, OOM, signal="SIGABRT").cause == "out of GPU memory"


def test_another_runs_kill_for_memory_explains_nothing_here():
    """All runs may share one control group."""
    death = died(TRACE, KEY, oom_kills=1)
    assert (death.cause, death.evidence[0]) == ("exit 1", f"output.log: {KEY}")
    assert "the kernel killed 1 process of its control group for memory" in death.evidence
    assert died(oom_kills=1).cause == "exit 1"
    assert died(TRACE, OOM, TRACE, CHILD, oom_kills=1).cause == "out of GPU memory"


@pytest.mark.parametrize(
    "line",
    [
        "  exitcode  : -9 (pid: 2358332)",
        "E0519 14:40:41 api.py:988] failed (exitcode: -9) local_rank: 7 (pid: 2358411)",
        "  traceback : Signal 9 (SIGKILL) received by PID 2358332",
        "subprocess.CalledProcessError: Command '['python']' died with <Signals.SIGKILL: 9>.",
        "run.sh: line 3: 4711 Killed                  python train.py",
    ],
)
def test_a_worker_that_was_killed_is_the_kernels_doing_when_memory_says_so(line):
    assert died(line).cause == "exit 1"
    assert f"output.log: {line.strip()}" in died(line).evidence
    assert died(line, oom_kills=1).cause == "out of host memory"
    full = died(line, max_rss=23 * GIB, memory_total=24 * GIB)
    assert (full.cause, full.evidence[0]) == ("out of host memory", "its memory peaked at 23.0 of 24.0 GiB")


@pytest.mark.parametrize(
    ("cause", "lines", "given"),
    [
        ("non-finite loss", [], {}),
        ("non-finite loss", [TRACE, KEY], {}),
        ("non-finite loss", [TRACE, "AssertionError: nan loss"], {}),
        ("out of GPU memory", [TRACE, OOM], {}),
        ("disk full", [TRACE, FULL], {}),
        ("signal SIGSEGV", [], {"signal": "SIGSEGV"}),
        ("signal SIGKILL", [], {"signal": "SIGKILL"}),
        ("hang-up", [], {"signal": "SIGHUP"}),
    ],
)
def test_a_loss_that_was_not_finite(cause, lines, given):
    death = died(*lines, nonfinite=NAN, **given)
    assert death.cause == cause
    if cause == "non-finite loss":
        assert "train/loss was nan at step 40" in death.evidence


def test_a_stop_keeps_its_reason_and_tells_how_it_went():
    gate = died(
        signal="SIGKILL", stopped_for="gate no-nan", killed_by_us=True, nonfinite=("loss", -math.inf, None)
    )
    assert (gate.result, gate.cause) == (Result.STOPPED, "gate no-nan")
    assert gate.evidence == (
        "trainui stopped it: gate no-nan",
        "loss was -inf",
        "it did not end within its grace, and was sent SIGKILL",
    )
    assert died(code=0, stopped_for="user").evidence == ("trainui stopped it: user",)


def test_a_run_whose_end_nobody_saw():
    death = died(code=None, lost="machine restarted")
    assert (death.result, death.cause) == (Result.LOST, "machine restarted")
    assert death.evidence == ("the machine was started anew while it ran, and nobody saw it end",)
    assert died(code=None, lost="its keeper and its guard died").result is Result.LOST


def test_a_command_that_never_began():
    death = died(code=127, could_not_start="could not start: the command 'x': No such file or directory")
    assert (death.result, kind_of(death.cause)) == (Result.FAILED, "could-not-start")


def test_a_launcher_that_kills_the_other_ranks_is_no_kernel():
    line = "W0519 api.py:1014] Sending process 2358375 closing signal SIGKILL"
    assert died(line, oom_kills=1).cause == "exit 1"


def test_without_any_sign_the_end_itself_is_the_evidence():
    assert died(code=3).evidence == ("it ended with exit 3",)
    assert died(signal="SIGSEGV").evidence == ("it ended with signal SIGSEGV",)


def test_a_long_line_is_cut():
    (shown, *_) = died("x" * 5 + OOM + "y" * 9000).evidence
    assert len(shown) == LONGEST + len("output.log: ")


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        ("", ""),
        ("exit 1", "exit"),
        ("signal SIGKILL", "signal"),
        ("out of GPU memory", "out-of-gpu-memory"),
        ("out of host memory", "out-of-host-memory"),
        ("non-finite loss", "non-finite-loss"),
        ("disk full", "disk-full"),
        ("time limit", "time-limit"),
        ("hang-up", "hang-up"),
        ("hung: silent and idle for 30 min", "hung"),
        ("machine restarted", "machine-restarted"),
        ("its keeper and its guard died", "lost"),
        ("exit.json is damaged", "lost"),
        ("its run directory was deleted", "lost"),
        ("could not start: the command 'x': No such file", "could-not-start"),
        ("there is no command 'x'", "could-not-start"),
        ("the working folder /x does not exist", "could-not-start"),
        ("budget", "budget"),
        ("budget: 0.10 $ left", "budget"),
        ("user", "user"),
        ("gate no-nan", "gate"),
    ],
)
def test_the_kind_of_a_cause(cause, kind):
    assert kind_of(cause) == kind
    assert not kind or kind in KINDS


def test_what_was_said_long_before_the_end_was_survived():
    """A script that halves its batch and goes on dies of something else."""
    said = ["CUDA out of memory, retrying with half batch"]
    good = [f"step {step} loss 0.5" for step in range(50)]
    assert cause_of_death(code=3, signal=None, last_lines=said + good).cause == "exit 3"
    assert cause_of_death(code=3, signal=None, last_lines=good + said).cause == "out of GPU memory"

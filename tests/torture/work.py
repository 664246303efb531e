"""A job that writes its own truth: when it began, whom it started, how many lines it wrote, how it means to end.

Every line of the truth file is one write(2) to an O_APPEND descriptor: it is there whole, or not at all, and
stays there whatever is killed. Standard library only, run with -I -S: many of these start at once.
"""

import argparse
import json
import os
import resource
import signal
import time

RUN = os.environ["TRAINUI_RUN"]
EVERY = 0.02


def boot():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def ticks(pid):
    with open(f"/proc/{pid}/stat", "rb") as file:
        text = file.read()
    return int(text[text.rindex(b")") + 2 :].split()[19])


def tell(truth, what, **more):
    pid = os.getpid()
    line = {"run": RUN, "what": what, "pid": pid, "ticks": ticks(pid), "boot": boot(), **more}
    os.write(truth, json.dumps(line).encode() + b"\n")


def worker(truth):
    """A data loader: a plain child that hears no stop signal."""
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        tell(truth, "child", kind="worker")
        os.execv("/bin/sleep", ["sleep", "900"])


def daemon(truth, *, clean):
    """A grandchild in a session of its own, with the run's environment or, `clean`, with none."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        if os.fork() == 0:
            tell(truth, "child", kind="clean daemon" if clean else "daemon")
            os.execve("/bin/sleep", ["sleep", "900"], {} if clean else dict(os.environ))
        os._exit(0)
    os.waitpid(pid, 0)


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--seconds", type=float, default=0.2)
    flags.add_argument("--rate", type=float, default=20, help="points a second")
    flags.add_argument("--code", type=int, default=0)
    flags.add_argument("--dies_of", default="")
    flags.add_argument("--forks", action="store_true")
    flags.add_argument("--cleans", action="store_true")
    flags.add_argument("--deaf", action="store_true")
    flags.add_argument("--leaves", action="store_true", help="a stream that must be found")
    given = flags.parse_args()
    truth = os.open(os.environ["TORTURE_TRUTH"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    tell(truth, "start")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    stop = []
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, signal.SIG_IGN if given.deaf else lambda *_: stop.append(1))
    saves = []
    signal.signal(signal.SIGUSR1, lambda *_: saves.append(1))
    if given.forks:
        worker(truth)
        daemon(truth, clean=False)
    if given.cleans:
        daemon(truth, clean=True)
    metrics = os.open(os.environ["TRAINUI_METRICS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    left = os.path.join(os.environ["TRAINUI_RUN_DIR"], "left.jsonl") if given.leaves else os.devnull
    left = os.open(left, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    began, written, printed = time.monotonic(), 0, 0
    while not stop and time.monotonic() - began < given.seconds:
        due = int((time.monotonic() - began) * given.rate) + 1
        lines = [json.dumps({"step": n, "n": n, "time": time.time()}) + "\n" for n in range(written, due)]
        os.write(metrics, "".join(lines).encode())
        written = max(written, due)
        if lines:
            os.write(1, json.dumps({"step": printed, "printed": printed}).encode() + b"\n")
            os.write(left, json.dumps({"step": printed, "left": printed}).encode() + b"\n")
            printed += 1
        if saves:  # asked for a checkpoint: there is one
            saved = {"checkpoint": "last.txt", "step": written - 1, "time": time.time()}
            os.write(metrics, json.dumps(saved).encode() + b"\n")
            saves.clear()
        time.sleep(EVERY)
    # From its word on nothing but SIGKILL can end it otherwise: an interpreter that winds down hears again.
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, signal.SIG_IGN)
    code, dies_of = (5, "") if stop else (given.code, given.dies_of)
    told = {"code": None if dies_of else code, "signal": dies_of or None}
    tell(truth, "end", **told, lines=written, printed=printed)
    if dies_of:
        number = signal.Signals[dies_of]
        signal.signal(number, signal.SIG_DFL) if number != signal.SIGKILL else None
        os.kill(os.getpid(), number)
    os._exit(code)


if __name__ == "__main__":
    main()

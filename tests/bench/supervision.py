"""What supervision costs: a launch, memory, and how soon what happened is known and what was wished is done."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.measure import Row, at, clock, milliseconds, pss, wait_for
from tests.bench.peers import Spooler, Supervisor
from tests.bench.place import manager_pid, pids, project, start
from tests.conftest import Cockpit
from trainui.core.engines.local import LocalEngine, Phase
from trainui.core.folder import lock_path
from trainui.core.process.files import is_locked
from trainui.core.process.identity import boot_id
from trainui.core.process.order import Allowance, Order


def launching(folder: Path) -> Iterator[Row]:
    """One run through keeper and guard; beside it a bare process and other supervisors."""
    engine = LocalEngine()
    allowance = Allowance(until=None, boot_id=boot_id())

    def once(number: int) -> None:
        run_dir = folder / "runs" / f"l-{number}"
        run_dir.mkdir(parents=True)
        order = Order(
            run=f"l-{number}", argv=("true",), cwd=str(folder), env=dict(os.environ), run_dir=str(run_dir),
            db=str(folder / "none.db"), project=str(folder), python=sys.executable, manager_argv=("true",),
        )  # fmt: skip
        engine.submit(order, allowance)
        wait_for(lambda: engine.poll(run_dir).phase is Phase.EXITED)

    bare = at([clock(lambda: subprocess.run(["true"], check=True)) for _ in range(10)], 0.5)
    ours = at([clock(lambda number=number: once(number)) for number in range(10)], 0.5)
    yield "launch, run `true`, know its exit", f"{ours * 1000:.0f} ms", f"{ours / bare:.0f} x bare"
    for peer in (Spooler(folder / "tsp"), Supervisor(folder / "supervisor")):
        with peer:
            if not peer.is_here:
                yield f"  {peer.name}", "not installed", "–"
                continue
            theirs = at([clock(peer.once) for _ in range(10)], 0.5)
            yield f"  {peer.name}", f"{theirs * 1000:.0f} ms", f"{ours / theirs:.1f}"


def memory(folder: Path) -> Iterator[Row]:
    """What the manager weighs with so many live runs, and what each of a pair does."""
    with project(folder / "project", slots=16) as cockpit:
        cockpit.client.ensure_manager()
        names: list[str] = []
        for count in (0, 3, 16):
            if count:
                names += start(cockpit, "quiet", count - len(names))
            time.sleep(6)  # let it settle once: it samples every five seconds
            yield f"memory of the manager, {count} live runs", f"{pss(manager_pid(cockpit)):.1f} MiB PSS", "–"
        for role in ("keeper", "guard"):
            weights = [pss(pid) for pid in pids(cockpit, names, role)]
            yield f"memory of a {role}, of 16", f"{at(weights, 0.5):.1f} MiB PSS", "–"
        alone = [
            sum(pss(pid) for role in ("keeper", "guard") for pid in pids(cockpit, [one], role))
            for one in names
        ]
        yield "memory of a pair, of 16", f"{at(alone, 0.5):.1f} MiB PSS", "–"


def reacting(folder: Path) -> Iterator[Row]:
    """From a SIGKILL, or a wish, to what it causes."""
    with project(folder / "project", slots=16) as cockpit:
        yield "SIGKILL of a job to `ended` in the store", milliseconds(list(_deaths(cockpit, 20))), "–"
        cockpit.client.ensure_manager()
        start(cockpit, "quiet", 1)
        yield (
            "SIGKILL of a manager to the lock of the next",
            milliseconds(list(_successions(cockpit, 5))),
            "–",
        )
        stop = [sys.executable, "-m", "trainui", "stop"]
        typed = list(
            _stops(cockpit, 10, lambda run: subprocess.run([*stop, run], cwd=cockpit.project, check=True))
        )
        python = at(
            [clock(lambda: subprocess.run([sys.executable, "-c", ""], check=True)) for _ in range(5)], 0.5
        )
        ratio = f"{at(typed, 0.5) / python:.0f} x python"
        yield "`trainui stop` typed to the signal in the job", milliseconds(typed), ratio
        wished = list(_stops(cockpit, 10, cockpit.client.stop))
        yield "  as a key press in the dashboard wishes it", milliseconds(wished), "–"


def _deaths(cockpit: Cockpit, count: int) -> Iterator[float]:
    for _ in range(count // 10):
        names = start(cockpit, "quiet", 10)
        reader = cockpit.reader()
        for name in names:
            time.sleep(random.uniform(0, 0.5))  # anywhere between two looks of the manager
            os.kill(pids(cockpit, [name], "job")[0], signal.SIGKILL)
            yield wait_for(lambda name=name, reader=reader: reader.run(name).status == "ended")
        reader.close()


def _successions(cockpit: Cockpit, count: int) -> Iterator[float]:
    lock = lock_path(cockpit.db)
    for _ in range(count):
        first = manager_pid(cockpit)
        os.kill(first, signal.SIGKILL)
        begun = time.perf_counter()
        wait_for(lambda: not is_locked(lock))
        wait_for(lambda: is_locked(lock))
        yield time.perf_counter() - begun
        wait_for(lambda first=first: (now := cockpit.client.manager()) is not None and now.pid != first)
        time.sleep(random.uniform(0, 4))  # anywhere between two looks of the keeper


def _stops(cockpit: Cockpit, count: int, stop: Callable[[str], object]) -> Iterator[float]:
    for _ in range(count):
        for name in ("listens", "heard"):
            (cockpit.project / name).unlink(missing_ok=True)
        (run,) = start(cockpit, "hears", 1)
        wait_for((cockpit.project / "listens").exists)
        begun = time.time()
        stop(run)
        wait_for((cockpit.project / "heard").exists)
        yield float((cockpit.project / "heard").read_text()) - begun

"""Who looks on from outside while the others kill and are killed."""

from __future__ import annotations

import contextlib
import json
import threading

from tests.torture import truth
from tests.torture.scene import Scene, boot, tell


class Watcher(threading.Thread):
    """Sees, from outside, until when each job lived, how far it was paid, and how long no manager was there."""

    def __init__(self, scene: Scene, *, every: float = 0.05) -> None:
        super().__init__(daemon=True)
        self.scene = scene
        self._every = every
        self.paid: dict[str, float] = {}
        """Run → the latest end of any of its allowances, boot seconds."""
        self.longest_without_manager = 0.0
        self._stopping = threading.Event()
        self._seen: dict[str, float] = {}
        self._gone: set[str] = set()

    def run(self) -> None:
        """Look, until told to stop."""
        since: float | None = None
        turn = 0
        while not self._stopping.is_set():
            self.look()
            turn += 1
            if turn % 8 == 0:
                is_orphaned = bool(self.scene.pairs()) and not self.scene.managers()
                since = (since or boot()) if is_orphaned else None
                if since:
                    self.longest_without_manager = max(self.longest_without_manager, boot() - since)
            self._stopping.wait(self._every)

    def look(self) -> None:
        """One look at every job and every allowance."""
        for run in truth.read(self.scene.truth).runs.values():
            if run.starts and run.run not in self._gone:
                first, now = run.processes[0], boot()
                if first.is_alive():
                    self._seen[run.run] = now
                elif not first.is_there():
                    self._gone.add(run.run)
                    tell(self.scene, what="seen", run=run.run, boot=self._seen.get(run.run, 0.0))
                    tell(self.scene, what="gone", run=run.run, boot=boot())
        for path in (self.scene.folder / "runs").glob("*/allowance.json"):
            with contextlib.suppress(OSError, ValueError):
                until = json.loads(path.read_text())["until"] or 0.0
                self.paid[path.parent.name] = max(until, self.paid.get(path.parent.name, 0.0))

    def stop(self) -> None:
        """A last look, and no more."""
        self._stopping.set()
        self.join()
        self.look()

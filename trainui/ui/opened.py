"""What only the screen of one run shows: its origin, what its spec file says, what it used, its parents' files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from trainui.core.comparing import changed_files, git_of, origin_of
from trainui.core.run import Status

if TYPE_CHECKING:
    from trainui.core.store.views import CheckpointView, RunView, UsageView

SECONDS = 5
"""How often what a live run uses is read at least, while something changes."""
SAMPLES = 120
"""Samples of what it used that are kept for drawing."""


class Origin(Struct, frozen=True, kw_only=True):
    """Where a run came from; '' and 0 where that was not kept."""

    commit: str = ""
    added: int = 0
    """Lines that its folder had beside the commit, and lines it had not."""
    removed: int = 0
    files: int = 0
    host: str = ""
    python: str = ""
    system: str = ""
    packages: int = 0


class Opened(Struct, frozen=True, kw_only=True):
    """What is told of the opened run beside its detail."""

    run: str
    origin: Origin = Origin()
    defaults: Mapping[str, object] | None = None
    """The params its spec file has now; None when there is no such file, or it cannot be read."""
    usage: tuple[UsageView, ...] = ()
    """What its processes used, oldest first; of each stretch the most of everything."""
    before: tuple[tuple[str, tuple[CheckpointView, ...]], ...] = ()
    """(a run it goes on from, what that saved), the oldest first."""


class OpenedReader(Protocol):
    """What is read for it. Every method may raise TrainuiError."""

    def usage(self, run: str) -> list[UsageView]:
        """What a run's processes used, oldest first."""

    def checkpoints(self, run: str) -> list[CheckpointView]:
        """What the run said it saved, oldest first."""

    def defaults_of(self, job: str) -> Mapping[str, object] | None:
        """The params that a job's spec file has now."""


class Openings:
    """Reads it, the origin and the spec file once for each opening, the rest now and then."""

    def __init__(self, reader: OpenedReader) -> None:
        self._reader = reader
        self._fixed: tuple[tuple[str, bool], Origin, Mapping[str, object] | None] | None = None
        self._last: tuple[object, Opened] | None = None

    def of(self, view: RunView, views: Mapping[str, RunView], *, at: float) -> Opened:
        """What is told of this run."""
        begun = (view.run, view.status is Status.QUEUED)
        if self._fixed is None or self._fixed[0] != begun:
            told = read_origin(origin_of(Path(view.directory)))
            self._fixed = (begun, told, self._reader.defaults_of(view.job))
        state = (begun, view.status, view.parent, int(at / SECONDS))
        if self._last is None or self._last[0] != state:
            opened = Opened(
                run=view.run,
                origin=self._fixed[1],
                defaults=self._fixed[2],
                usage=thinned(self._reader.usage(view.run)),
                before=self._before(view, views),
            )
            self._last = (state, opened)
        return self._last[1]

    def _before(
        self, view: RunView, views: Mapping[str, RunView]
    ) -> tuple[tuple[str, tuple[CheckpointView, ...]], ...]:
        found: dict[str, tuple[CheckpointView, ...]] = {}
        parent = view.parent
        while parent is not None and parent in views and parent not in found:
            found[parent] = tuple(self._reader.checkpoints(parent))
            parent = views[parent].parent
        return tuple(reversed(found.items()))


def thinned(samples: list[UsageView], most: int = SAMPLES) -> tuple[UsageView, ...]:
    """At most so many samples: of each stretch its last, with the most of everything, so that no peak is lost."""
    size = -(-len(samples) // most) or 1
    return tuple(_most(samples[at : at + size]) for at in range(0, len(samples), size))


def _most(part: list[UsageView]) -> UsageView:
    return replace(
        part[-1],
        cpu=max((one.cpu for one in part if one.cpu is not None), default=None),
        memory=max(one.memory for one in part),
        gpu=max((one.gpu for one in part if one.gpu is not None), default=None),
        gpu_memory=max((one.gpu_memory for one in part if one.gpu_memory is not None), default=None),
    )


def read_origin(origin: Mapping[str, Any]) -> Origin:
    """What an origin.json says that people look for; a strange one says less."""
    git = git_of(origin)
    lines = str(git.get("diff") or "").split("\n")
    packages = origin.get("packages")
    return Origin(
        commit=str(git.get("commit") or ""),
        added=sum(one.startswith("+") and not one.startswith("+++ ") for one in lines),
        removed=sum(one.startswith("-") and not one.startswith("--- ") for one in lines),
        files=changed_files(git),
        host=str(origin.get("host") or ""),
        python=str(origin.get("python") or ""),
        system=str(origin.get("system") or ""),
        packages=len(packages) if isinstance(packages, list) else 0,
    )

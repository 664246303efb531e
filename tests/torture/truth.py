"""What the jobs and the killer wrote down, read: per run, who lived when and how it meant to end."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.torture.scene import Process


@dataclass
class RunTruth:
    """What truly happened in one run."""

    run: str
    starts: list[dict[str, Any]] = field(default_factory=list)
    children: list[dict[str, Any]] = field(default_factory=list)
    end: dict[str, Any] | None = None
    killed: dict[str, int] = field(default_factory=dict)
    """Victim (keeper, guard, job) → how often it was killed."""
    is_stopped: bool = False
    """Somebody asked for a stop, or tried to."""
    gone: float | None = None
    """Boot seconds at which its first process was no more, and somebody had taken note of it."""
    last_seen: float | None = None
    """Boot seconds at which its first process was last seen alive."""

    @property
    def processes(self) -> list[Process]:
        """Everybody who told of himself."""
        return [Process(pid=one["pid"], ticks=one["ticks"]) for one in (*self.starts, *self.children)]

    @property
    def may_be_lost(self) -> bool:
        """Whether both of its pair were killed: then, and only then, nobody can know its exit."""
        return self.killed.get("keeper", 0) > 0 and self.killed.get("guard", 0) > 0

    @property
    def certain_life(self) -> tuple[float, float] | None:
        """From when to when it surely lived."""
        if not self.starts:
            return None
        begin = self.starts[0]["boot"]
        ends = [begin, self.last_seen or begin, self.end["boot"] if self.end else begin]
        return begin, max(ends)


@dataclass
class Truth:
    """The truth file."""

    runs: dict[str, RunTruth]
    acknowledged: set[str]
    """Runs whose name was given to somebody who asked for them."""
    kills: list[dict[str, Any]]


def read(path: Path) -> Truth:
    """Everything that was told so far."""
    truth = Truth(runs={}, acknowledged=set(), kills=[])
    for text in path.read_text().splitlines() if path.exists() else ():
        line = json.loads(text)
        run = truth.runs.setdefault(line["run"], RunTruth(line["run"])) if line.get("run") else None
        what = line["what"]
        if what == "kill":
            truth.kills.append(line)
            if run:
                run.killed[line["victim"]] = run.killed.get(line["victim"], 0) + 1
        elif what == "acknowledged":
            truth.acknowledged.add(line["run"])
        elif run and what == "start":
            run.starts.append(line)
        elif run and what == "child":
            run.children.append(line)
        elif run and what == "end":
            run.end = line
        elif run and what == "stop":
            run.is_stopped = True
        elif run and what == "gone":
            run.gone = line["boot"]
        elif run and what == "seen":
            run.last_seen = line["boot"]
    return truth

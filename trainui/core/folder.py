"""Where a project is, its runs.db, the lock of its manager, and the command that starts one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from trainui.core.errors import NotFoundError


def find_project(start: Path) -> Path:
    """The nearest folder at or above `start` that holds trainui.toml, jobs/ or a runs.db. Raises NotFoundError."""
    for folder in (start, *start.parents):
        is_one = (folder / "trainui.toml").is_file() or (folder / "jobs").is_dir()
        if is_one or (folder / "runs.db").is_file():
            return folder
    raise NotFoundError(
        f"no project at or above {start}",
        hint="a project holds trainui.toml or a jobs/ folder; go there, or make one",
    )


def database_path(project: Path | None, given: str | None) -> Path:
    """Where runs.db is: `--db`, `$TRAINUI_DB`, or the project folder."""
    chosen = given or os.environ.get("TRAINUI_DB")
    if chosen:
        return Path(os.path.expanduser(chosen)).absolute()
    assert project is not None
    return project / "runs.db"


def lock_path(db: Path) -> Path:
    """The file whose lock says that a manager is alive."""
    return db.with_name(db.name + "-lock")


def manager_argv(db: Path, project: Path) -> tuple[str, ...]:
    """The command that starts a manager for `db`."""
    return (sys.executable, "-m", "trainui.core.manager", "--db", str(db), "--project", str(project))

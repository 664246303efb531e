"""Starting a run: its directory, its origin, its environment, and the order the engine gets."""

from __future__ import annotations

import os
import platform
import socket
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from trainui.core.errors import LaunchError, nearest
from trainui.core.process.child import reason_not_to_start
from trainui.core.process.files import write_json
from trainui.core.process.order import Order
from trainui.core.project import find_jobs
from trainui.core.repository import graphics, lock_files, named_paths, snapshot
from trainui.core.spec import Spec, argv
from trainui.core.store.runs import RunRow

SHOWN_ENVIRONMENT = (
    "CUDA_",
    "NVIDIA_",
    "OMP_",
    "MKL_",
    "TORCH",
    "PYTORCH_",
    "NCCL_",
    "HF_",
    "PYTHONPATH",
    "VIRTUAL_ENV",
)
"""What of the environment matters for running it again; the rest may hold secrets and is not kept."""
EVERYWHERE = (
    "DBUS_", "HOME", "HOSTNAME", "LANG", "LC_", "LESS", "LOGNAME", "LS_COLORS", "MAIL", "OLDPWD", "PAGER", "PATH",
    "PWD", "SHELL", "SHLVL", "SSH_", "STY", "TERM", "TMUX", "TRAINUI_", "TZ", "USER", "XDG_", "_",
)  # fmt: skip
"""Variables, and beginnings of them, that every login has its own of."""


def order_for(
    run: RunRow, *, db: Path, last_checkpoint: str, manager_argv: tuple[str, ...], env: Mapping[str, str]
) -> Order:
    """What the engine needs to know to start `run`; `env` is the environment of whoever asked for it."""
    command = argv(
        run.spec,
        python=sys.executable,
        run=run.name,
        run_dir=run.directory,
        db=str(db),
        last_checkpoint=last_checkpoint,
    )
    return Order(
        run=run.name,
        argv=command,
        cwd=str(run.project),
        env=environment_for(run, env),
        stop_signal=run.spec.job.stop_signal,
        grace_seconds=run.spec.job.grace_seconds,
        checkpoint_signal=run.spec.job.checkpoint_signal,
        checkpoint_file=checkpoint_file(run),
        checkpoint_seconds=run.spec.checkpoint_seconds,
        run_dir=str(run.directory),
        db=str(db),
        project=str(run.project),
        python=sys.executable,
        manager_argv=manager_argv,
    )


def checkpoint_file(run: RunRow) -> str:
    """The absolute path of the file that asks `run` for a checkpoint; '' when its spec names none."""
    named = run.spec.job.checkpoint_file.replace("{run_dir}", str(run.directory))
    return str(run.directory / named) if named else ""


def environment_for(run: RunRow, base: Mapping[str, str]) -> dict[str, str]:
    """The complete environment of a run's job."""
    env = {key: value for key, value in base.items() if not key.startswith("TRAINUI_")}
    env["PATH"] = _path(base)
    env |= {"PYTHONUNBUFFERED": "1", **run.spec.env}
    if run.gpus:
        env |= {"CUDA_VISIBLE_DEVICES": ",".join(run.gpus), "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    return env | {
        "TRAINUI_RUN": run.name,
        "TRAINUI_RUN_DIR": str(run.directory),
        "TRAINUI_METRICS": str(run.directory / "metrics.jsonl"),
    }


def _path(base: Mapping[str, str]) -> str:
    """Where a run's command is looked for, unless its spec says where: beside this Python first."""
    return os.pathsep.join([str(Path(sys.executable).parent), base.get("PATH", os.defpath)])


def why_it_cannot_start(spec: Spec, project: Path) -> tuple[str, str]:
    """(reason, hint) why the command of a job cannot start, as far as one can tell before; ('', '') if it can.

    What other jobs make first, or lies in the run directory, may still come to be.
    """
    awaited = (*spec.job.needs, *spec.job.after)
    if awaited:
        known = {job.name for job in find_jobs(project)}
        for job in awaited:
            if job == spec.job.name:
                return "it needs itself", ""
            if job not in known:
                return f"it needs {job!r}, and there is no such job", nearest(job, known)
    if awaited or "{run" in spec.job.command[0]:
        return "", ""
    words = [word.replace("{python}", sys.executable) for word in spec.job.command]
    return reason_not_to_start(words, str(project), spec.env.get("PATH") or _path(os.environ))


def start_payload(spec: Spec, project: Path, *, armed: bool = False, priority: int = 0) -> dict[str, Any]:
    """What a `start` intent of a spec says, less whose environment it has."""
    return {
        "job": spec.job.name,
        "study": spec.job.study or spec.job.name,
        "spec": spec.to_json(),
        "project": str(project),
        "armed": armed or spec.job.arm,
        "priority": priority,
    }


def _is_kept(name: str, run: RunRow) -> bool:
    """Whether a variable of the environment can be had again: from origin.json, from the spec, or from any login."""
    return name.startswith((*SHOWN_ENVIRONMENT, *EVERYWHERE)) or name in run.spec.env


def prepare_directory(run: RunRow, order: Order) -> None:
    """Make the run directory with its spec and origin. Raises LaunchError in one sentence."""
    try:
        run.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        spec_file = run.directory / "spec.toml"
        if not spec_file.exists():
            spec_file.write_text(run.spec.to_toml(), encoding="utf-8")
            spec_file.chmod(0o600)
        write_json(run.directory / "origin.json", origin(run, order))
    except OSError as error:
        raise LaunchError(f"{run.name}: {run.directory} cannot be written: {error.strerror}") from error


def origin(run: RunRow, order: Order) -> dict[str, Any]:
    """Where a run came from: enough to say, later, what it was, and to rebuild its row from."""
    return {
        "run": run.name,
        "job": run.job,
        "study": run.study,
        "parent": run.parent,
        "armed": run.armed,
        "priority": run.priority,
        "retried_for": run.retried_for,
        "queued_at": run.queued_at,
        "project": str(run.project),
        "db": order.db,
        "command": list(order.argv),
        "folder": order.cwd,
        "environment": {key: value for key, value in order.env.items() if key.startswith(SHOWN_ENVIRONMENT)},
        "git": (git := snapshot(run.project)),
        "locks": lock_files([run.project, Path(git.get("top") or run.project)]),
        "paths": named_paths(order.argv[1:], run.project),
        "unkept": sorted(name for name in order.env if not _is_kept(name, run)),
        **graphics(),
        "packages": sorted(f"{one.name}=={one.version}" for one in metadata.distributions() if one.name),
        "python": platform.python_version(),
        "host": socket.gethostname(),
        "system": platform.platform(),
        "gpus": list(run.gpus),
    }

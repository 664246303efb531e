"""RULE: from what was kept of a run, and what there is now: how to have it again, and what cannot be had."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MOST = 20
"""Names of one kind that are told."""
OWN = ("runs.db", "runs/")
"""What trainui itself writes into a project begins so."""
NEVER = ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "VIRTUAL_ENV")
"""Variables that were kept and say something of one machine or shell only."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Doubt:
    """Something that is not as it was."""

    kind: str
    """`code`, `files`, `data`, `submodules`, `lfs`, `packages`, `python`, `machine`, `environment`, `checkpoint`,
    `randomness` or `manager`."""
    text: str
    """A sentence."""
    is_code: bool = False
    """Whether the code itself would be another: then nothing is run unless somebody insists."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How to have a run again."""

    run: str
    command: tuple[str, ...]
    commit: str = ""
    repository: str = ""
    """Where the commit is, a folder; '' when it is nowhere."""
    prefix: str = ""
    """The project's folder within it; '' or `sub/folder/`."""
    diff: bytes = b""
    """What was changed and not committed, whole; empty when there was nothing, or when it is not all there."""
    environment: Mapping[str, str] = field(default_factory=dict)
    run_dir: str = ""
    """Where it wrote then."""
    is_foreign: bool = False
    """It came out of an archive: somebody else wrote its command."""
    gone: tuple[Doubt, ...] = ()
    """What cannot be restored."""
    differs: tuple[Doubt, ...] = ()
    """What is another now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Now:
    """What there is now, to hold against."""

    repository: str = ""
    """A repository that has the commit; '' for none."""
    why_not: str = ""
    """Why there is none."""
    packages: Sequence[str] = ()
    python: str = ""
    host: str = ""
    system: str = ""
    graphics: Mapping[str, Any] = field(default_factory=dict)
    locks: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Those of the paths its command named that are there."""
    has_lfs: bool = False
    checkpoint_is_there: bool = True


def recipe(
    run: str, origin: Mapping[str, Any], spec_env: Mapping[str, str], params: Mapping[str, Any], now: Now, *,
    run_dir: str, checkpoint: str = "", is_armed: bool = False,
) -> Recipe:  # fmt: skip
    """`origin` is the run's origin.json, of whatever age; `checkpoint` is what it went on from, '' for nothing."""
    git = _table(origin.get("git"))
    diff, doubts = _diff(git)
    gone = [
        *_code(git, now), *doubts, *_files(git), *_submodules(git, now), *_environment(origin),
        *_checkpoint(checkpoint, now), *_randomness(params), *_manager(is_armed),
    ]  # fmt: skip
    kept = {
        name: str(value) for name, value in _table(origin.get("environment")).items() if name not in NEVER
    }
    return Recipe(
        run=run,
        command=tuple(map(str, _list(origin.get("command")))),
        commit=str(git.get("commit") or ""),
        repository=now.repository,
        prefix=_within(str(git.get("prefix") or "")),
        diff=diff,
        environment=kept | dict(spec_env) | {"PYTHONUNBUFFERED": "1"},
        run_dir=run_dir,
        is_foreign=str(origin.get("imported", "")).startswith("zip:"),
        gone=tuple(gone),
        differs=(*_data(origin, now, run_dir), *_packages(origin, now), *_machine(origin, now)),
    )


def _diff(git: Mapping[str, Any]) -> tuple[bytes, list[Doubt]]:
    text = str(git.get("diff") or "")
    try:
        exact = base64.b64decode(str(git.get("diff_base64") or ""), validate=True)
    except binascii.Error:
        exact = b""
    whole = exact or text.encode("utf-8", "surrogateescape")
    said = git.get("diff_bytes")
    if (isinstance(said, int) and said != len(whole)) or (said is None and len(text) >= 1_000_000):
        why = f"only {len(text):,} characters of the uncommitted changes were kept"
        return b"", [Doubt(kind="code", text=f"{why}: they cannot be applied", is_code=True)]
    if "\ufffd" in text and not exact:
        why = "the uncommitted changes hold bytes that were not kept as they were: they may not apply"
        return whole, [Doubt(kind="code", text=why)]
    return whole, []


def _code(git: Mapping[str, Any], now: Now) -> list[Doubt]:
    if git.get("trouble"):
        return [Doubt(kind="code", text=f"git said nothing of the code: {git['trouble']}", is_code=True)]
    if not git.get("commit"):
        return [
            Doubt(
                kind="code", text="the project was in no git repository: its code was not kept", is_code=True
            )
        ]
    if not now.repository:
        return [Doubt(kind="code", text=now.why_not or "the commit is nowhere to be found", is_code=True)]
    return []


def _files(git: Mapping[str, Any]) -> list[Doubt]:
    found = []
    if binary := _list(git.get("binary")):
        text = f"changed and not committed, and binary, so not kept: {_names(binary)}"
        found.append(Doubt(kind="files", text=text))
    named = _list(git.get("untracked"))
    prefix = str(git.get("prefix") or "")
    if untracked := [one for one in named if not str(one).startswith(tuple(prefix + own for own in OWN))]:
        more = git.get("untracked_count")
        count = max(more, len(named)) if isinstance(more, int) else len(named)
        count -= len(named) - len(untracked)
        found.append(Doubt(kind="files", text=f"not in git, so not kept: {_names(untracked, count)}"))
    if git.get("commit") and "untracked" not in git:
        text = "which files were not in git was not written down when it ran"
        found.append(Doubt(kind="files", text=text))
    return found


def _submodules(git: Mapping[str, Any], now: Now) -> list[Doubt]:
    found = []
    for line in map(str, _list(git.get("submodules"))):
        words = line[1:].split()
        commit, path = words[:2] if len(words) > 1 else ("", line)
        if line[:1] == "+":
            text = f"submodule {path} stood at {commit[:12]}, another commit than the repository says"
            found.append(Doubt(kind="submodules", text=text))
        elif line[:1] == "-":
            found.append(Doubt(kind="submodules", text=f"submodule {path} was not checked out"))
    if _list(git.get("submodules")):
        found.append(Doubt(kind="submodules", text="what was changed within submodules was not kept"))
    lfs = _list(git.get("lfs"))
    if lfs and not now.has_lfs:
        found.append(Doubt(kind="lfs", text=f"git-lfs is not installed: only pointers of {_names(lfs)}"))
    return found


def _environment(origin: Mapping[str, Any]) -> list[Doubt]:
    if names := _list(origin.get("unkept")):
        text = f"set in its environment, and not kept as they may be secrets: {_names(names)}"
        return [Doubt(kind="environment", text=text)]
    if "unkept" not in origin:
        text = "of its environment only what names GPUs, threads and Python was kept"
        return [Doubt(kind="environment", text=text)]
    return []


def _checkpoint(checkpoint: str, now: Now) -> list[Doubt]:
    if checkpoint and not now.checkpoint_is_there:
        return [Doubt(kind="checkpoint", text=f"it went on from {checkpoint}, which is gone")]
    return []


def _randomness(params: Mapping[str, Any]) -> list[Doubt]:
    if any("seed" in name.lower() for name in params):
        return []
    return [Doubt(kind="randomness", text="none of its params is a seed: its random numbers may be others")]


def _manager(is_armed: bool) -> list[Doubt]:
    arms = ", and gates that could stop it" if is_armed else ""
    text = f"the command runs by itself: no gates, limits, tries or budget{arms} (trainui start has them)"
    return [Doubt(kind="manager", text=text)]


def _data(origin: Mapping[str, Any], now: Now, run_dir: str) -> list[Doubt]:
    found = []
    for path, then in _table(origin.get("paths")).items():
        if run_dir and (path == run_dir or path.startswith(f"{run_dir}/")):
            continue  # what it wrote itself is no data it was trained on
        if path not in now.paths:
            found.append(Doubt(kind="data", text=f"{path} is gone"))
        elif list(now.paths[path]) != then:
            found.append(Doubt(kind="data", text=f"{path} was changed since"))
    for path, checksum in _table(origin.get("locks")).items():
        if path not in now.locks:
            found.append(Doubt(kind="packages", text=f"{path} is gone"))
        elif now.locks[path] != checksum:
            found.append(Doubt(kind="packages", text=f"{path} was changed since"))
    return found[: 2 * MOST]


def _packages(origin: Mapping[str, Any], now: Now) -> list[Doubt]:
    if not _list(origin.get("packages")):
        return [Doubt(kind="packages", text="which packages were installed was not kept")]
    then, have = (
        dict(str(one).split("==", 1) for one in told if "==" in str(one))
        for told in (_list(origin["packages"]), now.packages)
    )
    names = {name.lower().replace("_", "-"): version for name, version in have.items()}
    found = []
    for name, version in then.items():
        mine = names.get(name.lower().replace("_", "-"))
        if mine != version:
            found.append(f"{name} {version} (now {mine or 'none'})")
    return [Doubt(kind="packages", text=f"other versions: {_names(found)}")] if found else []


def _machine(origin: Mapping[str, Any], now: Now) -> list[Doubt]:
    found = []
    for kind, name, then, is_now in (
        ("python", "Python", origin.get("python"), now.python),
        ("machine", "the machine", origin.get("host"), now.host),
        ("machine", "the system", origin.get("system"), now.system),
        ("machine", "the GPU driver", origin.get("driver"), now.graphics.get("driver")),
        ("machine", "the GPUs", _joined(origin.get("gpu_models")), _joined(now.graphics.get("gpu_models"))),
    ):
        if then and then != is_now:
            found.append(Doubt(kind=kind, text=f"{name} was {then}, now {is_now or 'none'}"))
    return found


def moved(recipe: Recipe, run_dir: Path) -> tuple[str, ...]:
    """Its command, with another run directory where it names its own: `runs/mlp-1`, and not within `runs/mlp-10`."""
    if not recipe.run_dir:
        return recipe.command
    own = re.compile(rf"{re.escape(recipe.run_dir)}(?![\w-])")
    return tuple(own.sub(lambda _: str(run_dir), word) for word in recipe.command)


def _within(prefix: str) -> str:
    """A folder of the repository; '' for what leads out of it, which no git wrote."""
    return "" if prefix.startswith("/") or ".." in prefix.split("/") or "\0" in prefix else prefix


def _names(names: Sequence[Any], count: int = 0) -> str:
    more = max(count, len(names)) - min(len(names), MOST)
    return ", ".join(map(str, names[:MOST])) + (f" and {more} more" if more else "")


def _joined(value: Any) -> str:
    return ", ".join(map(str, _list(value)))


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

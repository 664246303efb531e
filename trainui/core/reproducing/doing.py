"""HAND: looks up what was kept of a run and what there is now; has the run again in a folder of its own."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from trainui.core.errors import TrainuiError, UserError
from trainui.core.process.files import read_json
from trainui.core.repository import Git, graphics, lock_files, named_paths
from trainui.core.reproducing.recipe import Doubt, Now, Recipe, moved, recipe
from trainui.core.reproducing.script import CODE, RUN_DIR, environment
from trainui.core.spec import Spec
from trainui.core.store.read import Reader

OURS = "TRAINUI_"


def recipe_of(reader: Reader, run: str, project: Path) -> Recipe:
    """How to have `run` again; `project` is where one stands. Raises NotFoundError, or UserError when nothing was kept
    of it."""
    view, spec = reader.run(run), reader.spec(run)
    folder = Path(view.directory)
    try:
        origin = read_json(folder / "origin.json") or {}
    except (OSError, ValueError) as error:
        raise UserError(f"{folder / 'origin.json'} cannot be read: {error}") from error
    if not isinstance(origin.get("command"), list) or not origin["command"]:
        hint = "runs that were imported from logs, or never started, have none"
        raise UserError(f"no command was kept of {run}", hint=hint)
    carried = origin.get("carried")
    old = carried if isinstance(carried, dict) else origin
    then = Path(str(old.get("project") or project))
    git = origin.get("git")
    checkpoint = _begun_from(origin["command"], spec)
    now = _now(git if isinstance(git, dict) else {}, then, project, origin, checkpoint)
    was = folder if old is origin else then / "runs" / str(old.get("run"))
    run_dir = _named_dir(origin["command"], was, folder)
    return recipe(
        run, origin, spec.env, spec.params, now, run_dir=run_dir, checkpoint=checkpoint, is_armed=view.armed
    )


def have_again(one: Recipe, folder: Path, *, anyway: bool = False) -> int:
    """Make the code and the run directory in `folder`, which must be empty or not there, and run the command to its
    end; its exit code. Raises UserError or TrainuiError in one sentence, before anything was run."""
    code = [doubt for doubt in one.gone if doubt.is_code]
    if code and not anyway:
        raise UserError(f"{one.run} cannot be had again: {code[0].text}", hint="--anyway runs what there is")
    if one.is_foreign and not anyway:
        hint = "look at its command and its changes first; --anyway runs it"
        raise UserError(f"{one.run} came out of an archive: somebody else wrote what it runs", hint=hint)
    make_code(one, folder)
    run_dir = folder / RUN_DIR
    run_dir.mkdir(mode=0o700)
    env = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", os.defpath)])
    words = moved(one, run_dir)
    try:
        with subprocess.Popen(
            words, cwd=folder / CODE / one.prefix, env=env | environment(one, run_dir)
        ) as child:
            return _waited(child)
    except (OSError, ValueError) as error:
        raise TrainuiError(
            f"{words[0]!a:.200} cannot be started: {getattr(error, 'strerror', None) or error}"
        ) from error


def make_code(one: Recipe, folder: Path) -> None:
    """The code of a run in `folder`/code: its commit in a worktree of its own, its changes applied."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is not empty", hint="--in names a folder that is made")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = folder / CODE
    if not one.repository:
        place.mkdir(mode=0o700)
        return
    _git(one.repository, "worktree", "add", "--detach", "--", str(place), one.commit)
    if one.diff:
        _git(str(place), "apply", "--whitespace=nowarn", "-", given=one.diff)
    if (place / ".gitmodules").exists():
        _git(str(place), "submodule", "update", "--init", "--recursive", must=False)
    if not (place / one.prefix).is_dir():
        raise TrainuiError(f"there is no folder {one.prefix!a:.200} in commit {one.commit[:12]}")


def _git(folder: str, *words: str, given: bytes = b"", must: bool = True) -> None:
    try:
        done = subprocess.run(["git", "-C", folder, *words], input=given, capture_output=True)
    except OSError as error:
        raise TrainuiError(f"git cannot be run: {error.strerror}") from error
    if done.returncode and must:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise TrainuiError(f"git {words[0]}: {said[-1] if said else f'exit {done.returncode}'}")


def _waited(child: subprocess.Popen[bytes]) -> int:
    """The exit code; ctrl+c goes to the command too, which ends in its own way."""
    while True:
        try:
            code = child.wait()
        except KeyboardInterrupt:
            continue
        return 128 - code if code < 0 else code


# ---------------------------------------------------------------- what there is now


def _now(
    git: Mapping[str, Any], then: Path, project: Path, origin: Mapping[str, Any], checkpoint: str
) -> Now:
    commit, top = str(git.get("commit") or ""), str(git.get("top") or "")
    repository, why_not = _with_commit(commit, [Path(top)] if top else [], [then, project])
    locks = origin.get("locks")
    paths = origin.get("paths")
    return Now(
        repository=repository,
        why_not=why_not,
        packages=sorted(f"{one.name}=={one.version}" for one in metadata.distributions() if one.name),
        python=platform.python_version(),
        host=socket.gethostname(),
        system=platform.platform(),
        graphics=graphics(),
        locks=lock_files({Path(path).parent for path in locks}) if isinstance(locks, dict) else {},
        paths=named_paths(list(paths), Path("/")) if isinstance(paths, dict) else {},
        has_lfs=shutil.which("git-lfs") is not None,
        checkpoint_is_there=not checkpoint or Path(checkpoint).exists(),
    )


def _with_commit(commit: str, tops: Sequence[Path], folders: Sequence[Path]) -> tuple[str, str]:
    """(a repository that has the commit, '' for none; why there is none)."""
    if not commit or not commit.isalnum():
        return "", ""
    shallow = ""
    for folder in (*tops, *folders):
        git = Git(folder)
        found = git.ask("rev-parse", "--show-toplevel").rstrip("\n") if folder.is_dir() else ""
        if found and git.ask("cat-file", "-t", commit).strip() == "commit":
            return found, ""
        if found and git.ask("rev-parse", "--is-shallow-repository").strip() == "true":
            shallow = f", which is shallow: git -C {found} fetch --unshallow may bring it"
    where = tops[0] if tops else folders[0]
    return "", f"commit {commit[:12]} is not in {where}{shallow}"


def _begun_from(command: Sequence[Any], spec: Spec) -> str:
    """The checkpoint that a command went on from, by the words that its spec appends for one."""
    resume = [str(word) for word in spec.job.resume]
    last = [str(word) for word in command[-len(resume) :]] if resume else []
    for word, shape in zip(last, resume, strict=False):
        head, mark, tail = shape.partition("{last_checkpoint}")
        if mark and word != shape and word.startswith(head) and word.endswith(tail):
            inner = word[len(head) : len(word) - len(tail)]
            is_all = all(one == two or "{" in two for one, two in zip(last, resume, strict=True))
            return inner if is_all and len(last) == len(resume) else ""
    return ""


def _named_dir(command: Sequence[Any], *folders: object) -> str:
    """The run directory as its command names it."""
    return next(
        (str(one) for one in folders if any(str(one) in str(word) for word in command)), str(folders[0])
    )


__all__ = ["Doubt", "have_again", "make_code", "recipe_of"]

"""HAND: what git and the machine tell of the code of a run when it starts, so that it can be had again."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from trainui.core.process.beat import beat

LIMIT = 1_000_000
"""Characters of a diff that are kept; a longer one is cut, and that is told."""
MOST_NAMES = 200
"""Untracked files, binary files and paths that are named."""
PATIENCE = 10.0
"""Seconds for one question: after one that took longer nothing more is asked."""
LOCKS = (
    "uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "requirements.lock", "requirements.txt", "conda-lock.yml",
    "environment.yml", "pixi.lock", "pylock.toml", "package-lock.json",
)  # fmt: skip
"""Files that say which packages a project wants."""
LARGEST_LOCK = 16 << 20

_SAME_EVERYWHERE = (
    "-c",
    "diff.noprefix=false",
    "-c",
    "diff.mnemonicPrefix=false",
    "-c",
    "core.quotePath=true",
)
_DIFF = (
    "diff",
    "HEAD",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--no-relative",
    "--ignore-submodules=dirty",
)
_LOGIN = re.compile(r"://[^/@\s]*@")


class Git:
    """Asks git about one folder. Whatever goes wrong is an empty answer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trouble = ""
        """What git said when it would not answer; '' as long as it did."""
        self._is_stuck = False

    def ask(self, *words: str) -> str:
        """What `git WORDS` prints."""
        return self.bytes(*words).decode("utf-8", "replace")

    def lines(self, *words: str) -> list[str]:
        """What `git WORDS -z` lists."""
        return [one for one in self.ask(*words).split("\0") if one]

    def bytes(self, *words: str) -> bytes:
        """What `git WORDS` prints, byte by byte."""
        if self._is_stuck:
            return b""
        try:
            done = subprocess.run(
                ["git", "-C", str(self.folder), *_SAME_EVERYWHERE, *words],
                capture_output=True,
                timeout=PATIENCE,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
            )
        except subprocess.TimeoutExpired:
            self._is_stuck, self.trouble = True, f"git took longer than {PATIENCE:.0f} s"
            return b""
        except OSError as error:
            self.trouble = f"git: {error.strerror}"
            return b""
        finally:
            beat()  # a stuck file system may have taken ten seconds of our time
        if done.returncode:
            self.trouble = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0][:200]
            return b""
        return done.stdout


def snapshot(folder: Path) -> dict[str, Any]:
    """Commit, uncommitted difference and what neither holds; empty where there is no repository."""
    git = Git(folder)
    asked = (
        "rev-parse",
        "HEAD",
        "--abbrev-ref",
        "HEAD",
        "--is-shallow-repository",
        "--show-prefix",
        "--show-toplevel",
    )
    said = git.ask(*asked).split("\n", 4)
    if len(said) < 5:
        is_none = not git.trouble or "not a git repository" in git.trouble or git.trouble.startswith("git:")
        return {} if is_none else {"trouble": git.trouble}
    commit, branch, shallow, prefix, top = said
    told: dict[str, Any] = {"commit": commit, "branch": "" if branch == "HEAD" else branch}
    told |= {"is_shallow": shallow == "true", "prefix": prefix, "top": top.removesuffix("\n")}
    told["remote"] = _LOGIN.sub("://", git.ask("config", "--get", "remote.origin.url").strip())
    whole = git.bytes(*_DIFF)
    diff = whole.decode("utf-8", "replace")
    told["diff"] = diff[:LIMIT]
    told["diff_bytes"] = len(whole)
    if len(diff) <= LIMIT and diff.encode() != whole:  # a file in Latin-1 must come back as it was
        told["diff_base64"] = base64.b64encode(whole).decode()
    numbers = (
        [one.split("\t") for one in git.lines(*_DIFF, "--numstat", "-z", "--no-renames")] if whole else []
    )
    told["binary"] = [one[2] for one in numbers if one[:2] == ["-", "-"]][:MOST_NAMES]
    others = (
        "ls-files",
        "-z",
        "--others",
        "--exclude-standard",
        "--directory",
        "--no-empty-directory",
        "--full-name",
    )
    untracked = git.lines(*others, ":/")
    told |= {"untracked": untracked[:MOST_NAMES], "untracked_count": len(untracked)}
    root = Path(told["top"])
    if (root / ".gitmodules").exists():
        told["submodules"] = git.ask("-C", str(root), "submodule", "status").splitlines()[:MOST_NAMES]
    if b"filter=lfs" in _content(root / ".gitattributes"):
        told["lfs"] = git.lines("ls-files", "-z", ":(top,attr:filter=lfs)")[:MOST_NAMES]
    return told


def lock_files(folders: Iterable[Path]) -> dict[str, str]:
    """Path → SHA-256 of the files in these folders that say which packages are wanted."""
    found = {}
    for path in dict.fromkeys(folder / name for folder in folders for name in LOCKS):
        if content := _content(path):
            found[str(path)] = hashlib.sha256(content).hexdigest()
    return found


def named_paths(words: Sequence[str], folder: Path) -> dict[str, list[int]]:
    """Path → (bytes, mtime in nanoseconds) of what words of a command name; of a folder its own."""
    found: dict[str, list[int]] = {}
    for word in words:
        told = word.rpartition("=")[2] if word.startswith("-") else word
        if told and "\0" not in told and len(told) < 1000 and len(found) < MOST_NAMES:
            try:
                path = folder / os.path.expanduser(told)  # Path's own raises where `~5` is nobody's home
                stat = path.stat()
            except (OSError, ValueError):
                continue
            found[str(path)] = [stat.st_size, stat.st_mtime_ns]
    return found


def graphics() -> dict[str, Any]:
    """The driver and the GPUs of this machine, as the driver itself tells; empty without one."""
    told: dict[str, Any] = {}
    head = _content(Path("/proc/driver/nvidia/version")).decode("utf-8", "replace").partition("\n")[0]
    if found := re.search(r"\s(\d+\.\d+(?:\.\d+)?)\s", head):
        told["driver"] = found[1]
    models = []
    for path in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        models += re.findall(r"^Model:\s*(.+?)\s*$", _content(path).decode("utf-8", "replace"), re.MULTILINE)
    return told | ({"gpu_models": models} if models else {})


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_LOCK)
    except (OSError, ValueError):
        return b""

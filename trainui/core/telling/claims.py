"""Who carries a message: a file beside the word that it leaves, made by one process alone and never twice."""

from __future__ import annotations

import json
import os
from pathlib import Path

from trainui.core.process.identity import Identity, identity_of


def _claim_of(word: Path) -> Path:
    return word.with_suffix(".claim")


def left_by(word: Path) -> tuple[Path, Path]:
    """The files of an errand."""
    return word, _claim_of(word)


def claim(word: Path) -> bool:
    """Take an errand for this process; False when another has it. Raises OSError."""
    word.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        file = os.open(_claim_of(word), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return False
    try:
        who = identity_of(os.getpid())
        assert who is not None, "it is this process"
        os.write(file, json.dumps(who.to_dict()).encode())
    finally:
        os.close(file)
    return True


def whose(word: Path) -> tuple[bool, Identity | None]:
    """(whether an errand is taken, by whom); nobody where its file is not whole."""
    try:
        told = json.loads(_claim_of(word).read_text(encoding="utf-8") or "{}")
        return True, Identity.from_dict(told)
    except FileNotFoundError:
        return False, None
    except (OSError, ValueError, KeyError, TypeError):
        return True, None

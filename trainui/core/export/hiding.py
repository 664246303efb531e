"""RULE: what of a command, its params and its environment may be a secret, and so leaves the machine in no summary."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

HIDDEN = "(hidden)"
_NAME = re.compile(
    r"(?:^|[_\-.])(?:api|access|private|secret|auth)?[_\-]?(?:key|token|secret|password|passwd|passphrase|pwd|credentials?)"
    r"(?:$|[_\-.](?:id|file)?$)",
    re.IGNORECASE,
)
_COUNTS = re.compile(r"num|max|min|n_|per|size|len|count|vocab|pad|eos|bos|special", re.IGNORECASE)
"""A `max_token` is no secret."""
_LOOKS = re.compile(
    r"(?:sk|hf|ghp|gho|glpat|xox[abp]|wandb)[-_][A-Za-z0-9_-]{16,}|AKIA[0-9A-Z]{12,}|://[^/\s:@]+:[^/\s@]+@"
)
"""What keys of common services look like, and a password in an address."""


def is_secret(name: str, value: object = "") -> bool:
    """Whether what is called `name`, or the value itself, looks like a secret."""
    bare = name.lstrip("-")
    if isinstance(value, str) and _LOOKS.search(value):
        return True
    is_number = isinstance(value, int | float)
    return bool(not is_number and _NAME.search(bare) and not _COUNTS.search(bare))


def without_secrets(said: Mapping[str, Any]) -> dict[str, Any]:
    """The same names, with what looks like a secret hidden."""
    return {name: HIDDEN if is_secret(name, value) else value for name, value in said.items()}


def command_without_secrets(words: Sequence[str]) -> tuple[str, ...]:
    """A command's words; what follows `--api-key`, or stands after `API_KEY=`, is hidden."""
    shown: list[str] = []
    is_next = False
    for word in words:
        name, is_said, value = word.partition("=")
        if is_next and not word.startswith("--"):
            shown.append(HIDDEN)
        elif is_said and is_secret(name, value):
            shown.append(f"{name}={HIDDEN}")
        elif is_secret("", word):
            shown.append(HIDDEN)
        else:
            shown.append(word)
        is_next = not is_said and word.startswith("-") and is_secret(word)
    return tuple(shown)

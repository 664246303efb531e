"""RULE: a recipe as a script for a POSIX shell, in which every word is quoted: nothing a run says is ever a command."""

from __future__ import annotations

import base64
import re
import shlex
from pathlib import Path

from trainui.core.reproducing.recipe import Recipe, moved

WIDTH = 76
"""Columns of the diff, which goes as base64: no line of it can end the text it stands in."""
RUN_DIR = "run"
CODE = "code"
"""What the folders are called in which a run is had again: for its code, for what it writes."""
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def environment(recipe: Recipe, run_dir: Path) -> dict[str, str]:
    """What is set for the command, beside what there is."""
    named = {
        name: value
        for name, value in recipe.environment.items()
        if VARIABLE.fullmatch(name) and "\0" not in value
    }
    own = {"RUN": recipe.run, "RUN_DIR": str(run_dir), "METRICS": str(run_dir / "metrics.jsonl")}
    return named | {f"TRAINUI_{name}": value for name, value in own.items()}


def shell(recipe: Recipe, folder: Path) -> str:
    """The whole script. `folder`: where it makes the code and the run directory, absolute."""
    code, run_dir = folder / CODE, folder / RUN_DIR
    lines = ["#!/bin/sh", f"# {_comment(recipe.run)}, as far as it can be had again"]
    lines += [f"# gone: {_comment(one.text)}" for one in recipe.gone]
    lines += [f"# other: {_comment(one.text)}" for one in recipe.differs]
    lines += ["set -eu", f"mkdir -p -- {quoted(folder)} {quoted(run_dir)}"]
    if recipe.repository:
        lines.append(
            f"git -C {quoted(recipe.repository)} worktree add --detach -- {quoted(code)} {quoted(recipe.commit)}"
        )
        if recipe.diff:
            apply = f"base64 -d <<'DIFF' | git -C {quoted(code)} apply --whitespace=nowarn -"
            lines += [apply, *_encoded(recipe.diff), "DIFF"]
        modules = f"git -C {quoted(code)} submodule update --init --recursive || :"
        lines.append(f"if [ -f {quoted(code / '.gitmodules')} ]; then {modules}; fi")
    else:
        lines.append(f"mkdir -p -- {quoted(code)}")
    lines.append(f"cd -- {quoted(code / recipe.prefix)}")
    lines += [f"export {name}={quoted(value)}" for name, value in environment(recipe, run_dir).items()]
    words = moved(recipe, run_dir)
    lines += (
        [" ".join(["exec", *(["--"] if words[0].startswith("-") else []), *map(quoted, words)])]
        if words
        else []
    )
    return "\n".join(lines) + "\n"


def quoted(word: object) -> str:
    """One word of a shell, whatever is in it; NUL, which no word can hold, is left out."""
    return shlex.quote(str(word).replace("\0", ""))


def _encoded(diff: bytes) -> list[str]:
    text = base64.b64encode(diff).decode()
    return [text[at : at + WIDTH] for at in range(0, len(text), WIDTH)]


def _comment(text: str) -> str:
    """On one line, and nothing that drives a terminal."""
    return "".join(one if one.isprintable() else "?" for one in text)

"""A diarization system's answer: its RTTM where it has run already, else its own command, run on each recording.

DiariZen is not part of this project and is called where it is installed:

    --diarizen "python diarizen_infer.py {audio} {out}"     {audio}: a recording, {out}: where its RTTM goes
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from jobs.boundary.rttm import Conversation, Segment, read_rttm
from jobs.training.errors import DataError
from jobs.training.progress import Progress


def diarized(command: str, recordings: Sequence[Conversation], folder: Path) -> dict[str, list[Segment]]:
    """What the command answers for each recording; its RTTM files lie in `folder`, and those there are not made
    again. Raises DataError."""
    words = shlex.split(command)
    if not {"{audio}", "{out}"} <= {part for part in ("{audio}", "{out}") if part in command}:
        raise DataError(
            f"--diarizen {command!r} needs {{audio}} and {{out}}: where a recording is read, its RTTM written."
        )
    if shutil.which(words[0]) is None:
        raise DataError(
            f"--diarizen: there is no command {words[0]!r} here. Install DiariZen (github.com/BUTSpeechFIT/DiariZen), "
            "or give the RTTM that it answered elsewhere with --hypothesis."
        )
    folder.mkdir(parents=True, exist_ok=True)
    progress = Progress(len(recordings), "diarization")
    found = {}
    for one in recordings:
        out = folder / f"{one.uri}.rttm"
        if not out.exists():
            run(words, one.audio, out)
        answer = read_rttm(out)
        if one.uri not in answer and len(answer) > 1:
            raise DataError(f"{out} is about {', '.join(sorted(answer))}: expected {one.uri}.")
        # A system that was given one recording may call it as it likes.
        found[one.uri] = answer.get(one.uri) or next(iter(answer.values()), [])
        progress.step()
    return found


def run(words: Sequence[str], audio: Path, out: Path) -> None:
    """Run the command on one recording; its RTTM is there whole or not at all. Raises DataError."""
    part = out.with_suffix(".part")
    filled = [word.replace("{audio}", str(audio)).replace("{out}", str(part)) for word in words]
    done = subprocess.run(filled, capture_output=True, text=True, check=False, errors="replace")
    said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
    if done.returncode:
        raise DataError(f"{words[0]} ended with {done.returncode} on {audio}: {said[-1]}")
    if not part.exists():
        raise DataError(f"{words[0]} wrote no RTTM for {audio}: expected it at {{out}}; it said: {said[-1]}")
    part.rename(out)

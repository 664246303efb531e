"""`NOTES.md` of a study: every attempt, what it was, what came of it; and room for what people found out.

Between its marks it is written anew by every export, elsewhere never: see `marks`.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from trainui.core.errors import UserError
from trainui.core.export.marks import Wanted, merged
from trainui.core.export.markup import escape
from trainui.core.export.model import Digest, RunDigest, StudyDigest
from trainui.core.export.notes_text import next_text, run_text, study_text
from trainui.core.export.whole import alone, draft_of, name_for, sweep
from trainui.core.store.read import Reader

NAME = "NOTES.md"
ATTEMPTS, LESSONS, NEXT = "## Attempts", "## Lessons learned", "## Next steps"
SLOTS = "**Key finding**: \n\n**Lesson**: "
TRIES = 5
"""How often a page is read again that changes while it is written."""


def write(_reader: Reader, digest: Digest, folder: Path) -> list[Path]:
    """Write the notes of each study of the digest; of several into a file each.

    Raises UserError, when all else is written, for marks that cannot be understood, for what was edited between marks,
    and for a page that is never left alone.
    """
    written, complaints = [], list[str]()
    for study in digest.studies:
        name = NAME if len(digest.studies) == 1 else f"NOTES-{name_for(study.study)}.md"
        runs = [one for one in digest.runs if one.run in study.runs]
        path = folder / name
        complaints += renew(path, wanted(study, runs, digest.currency), title=study.study)
        written.append(path)
    if complaints:
        more = f"; and {len(complaints) - 1} more" if len(complaints) > 1 else ""
        hint = "move your words below its end mark and delete the block: it is written anew"
        raise UserError(complaints[0] + more, hint=hint)
    return written


def wanted(study: StudyDigest, runs: Sequence[RunDigest], currency: str) -> list[Wanted]:
    """The blocks of a study's page, in the order in which they stand in a new one."""
    several = len({one.job for one in runs}) > 1
    return [
        Wanted(name="study", body=study_text(study, runs, currency)),
        *(
            Wanted(name=f"run {one.run}", body=run_text(one, currency, several=several), slots=SLOTS, below=ATTEMPTS)
            for one in runs
            if one.started_at is not None or one.result
        ),
        Wanted(name="next", body=next_text(study), below=NEXT),
    ]  # fmt: skip


def fresh(title: str) -> str:
    """A page in which nothing stands yet but what people fill in."""
    return f"# {escape(title)}: training notes\n\n{ATTEMPTS}\n\n{LESSONS}\n\n1. \n\n{NEXT}\n"


def renew(path: Path, blocks: Sequence[Wanted], *, title: str) -> list[str]:
    """Write the blocks into a page; what was left as it stood, in sentences. Raises UserError or OSError.

    A page that somebody changes meanwhile is read again: nothing of theirs is written over.
    """
    path = path.resolve()  # a link stays one
    for _ in range(TRIES):
        before = _read(path)
        first = fresh(title) if before is None else before
        text, complaints = merged(first, blocks, name=path.name)
        if text == before or _put(path, text, before):
            return complaints
    raise UserError(f"{path} is being changed all the time, so nothing was written", hint="export again")


def _read(path: Path) -> str | None:
    """The page as it stands, its bytes kept; None when there is none."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(errno.EINVAL, "it is no plain file", str(path))  # a pipe would be waited for
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None


def _put(path: Path, text: str, before: str | None) -> bool:
    """Put a page in place of what was read `before`; False when something else stands there by now."""
    draft, kept = draft_of(path), draft_of(path.with_name(f"{path.name}.before"))
    with alone(path.parent), _gone(draft, kept):
        sweep(path.parent)
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(text.encode("utf-8", "surrogateescape"))
            file.flush()
            os.fsync(file.fileno())
        if before is None:
            if not _linked(draft, path):
                if path.exists():
                    return False
                os.rename(draft, path)  # files have only one name here
            return True
        os.chmod(draft, path.stat().st_mode & 0o777)
        has_links = _linked(path, kept)
        if _read(path) != before:
            return False
        os.replace(draft, path)
        if not has_links or _read(kept) == before:
            return True
        os.replace(kept, path)  # written to in the instant between
        return False


def _linked(path: Path, to: Path) -> bool:
    """Give a file a second name, at which nothing stands; False where something does, or where files have only one."""
    try:
        os.link(path, to)  # unlike a rename, it takes nothing's place
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _gone(*paths: Path) -> Iterator[None]:
    """Files of ours that are not there before, and not after."""
    for path in paths:
        path.unlink(missing_ok=True)
    try:
        yield
    finally:
        for path in paths:
            path.unlink(missing_ok=True)

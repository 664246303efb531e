"""Which files are one run: the logs below a folder, put together as the frameworks lay them apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from trainui.core.errors import NotFoundError
from trainui.core.ingest.dialects.names import PHASES
from trainui.core.ingest.discover import WATCHED, Finder, Found, form_of, prefix_for, stream_path
from trainui.core.ingest.format import Format

_STRUCTURED = (*WATCHED, "*.csv", "*.tsv", "*.json", "*.jsonl", "*.ndjson", "*.txt", "*.log")
_PRINTED = ("*.log", "*.out", "*.txt")
MOST_FOLDERS = 100_000
_LOG = re.compile(r"(?i)\.(?:log|out)$|log[^.]*\.txt$")
"""Names of what a program printed; any other text may be notes."""
_BELOW = frozenset(
    {"tb", "tb_logs", "tensorboard", "tensorboard_logs", "tf_logs", "events", "logs", "log", "files"}
)
"""Folders in which a run keeps its logs apart from what else it leaves."""
_TOGETHER = frozenset(
    {"trainer_state.json", "all_results.json", "train_results.json", "eval_results.json", "predict_results.json",
     "test_results.json", "results.json", "metrics.json", "history.json", "metrics.csv", "metrics.jsonl"}
)  # fmt: skip
"""Names a framework gives to what it leaves of one run."""
_VAGUE = re.compile(
    r"(?i)(?:version|run|exp|trial|fold|seed|v)?[-_]?\d*|train(?:ing)?|val(?:idation)?|test|eval|metrics|results?|logs?"
    r"|output|progress|history|trainer_state|events.*|files|stdout|console|data|runs|lightning_logs|tmp|checkpoints?"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """The files of one run. `root` is what they are known by: the only file, or the folder they lie in."""

    root: Path
    streams: tuple[Found, ...]


def place_of(path: Path) -> Path:
    """One name for a place however it is called; a file that is a link keeps its own: it tells what it is."""
    return path.resolve() if path.is_dir() else path.parent.resolve() / path.name


def bundles_in(path: Path) -> list[Bundle]:
    """The runs at `path`, a file or a folder with any number of runs below. Raises NotFoundError."""
    path = place_of(path)
    if path.is_file():
        form = form_of(path, printed=True)
        if form is None:
            raise NotFoundError(f"{path} is empty or cannot be read")
        return [Bundle(root=path, streams=(Found(path=str(path), kind=form.kind),))]
    if not path.is_dir():
        raise NotFoundError(f"{path} does not exist", hint="name a log file, or a folder with logs")
    found = list(_files_in(path))
    if not found:
        hint = "name the file itself: trainui import FILE"
        raise NotFoundError(f"{path} holds no file of a format that trainui knows by its name", hint=hint)
    return [_bundle(root, files) for root, files in sorted(_by_run(path, found).items())]


def _files_in(folder: Path) -> Iterator[tuple[Path, Format]]:
    """Structured streams below a folder, and what was printed: logs by their names, other text only where there is
    nothing better."""
    seen: set[str] = set()
    structured: set[Path] = set()
    for name in Finder(folder, watched=_STRUCTURED, most=MOST_FOLDERS).look():
        form = form_of(folder / name)
        if form is not None and (stream := stream_path(name, form)) not in seen:
            seen.add(stream)
            structured.add((folder / stream).parent)
            yield folder / stream, form
    for name in Finder(folder, watched=_PRINTED, most=MOST_FOLDERS).look():
        path = folder / name
        has_better = any(path.is_relative_to(one) or one.is_relative_to(path.parent) for one in structured)
        if has_better and not _LOG.search(path.name):
            continue
        form = form_of(path, printed=True)
        if form is not None and form.kind == "console":
            yield path, form


def _by_run(top: Path, found: Sequence[tuple[Path, Format]]) -> dict[Path, list[tuple[Path, Format]]]:
    """Root of a run → its files. Files of one folder are one run, unless they are several of the same table."""
    folders: dict[Path, list[tuple[Path, Format]]] = {}
    for path, form in found:
        folders.setdefault(_run_folder(path, top, {one.parent for one, _ in found}), []).append((path, form))
    runs: dict[Path, list[tuple[Path, Format]]] = {}
    for folder, files in folders.items():
        alike = [path for path, form in files if _stands_alone(path, form, files)]
        for path, form in files:
            runs.setdefault(path if path in alike else folder, []).append((path, form))
    return runs


def _run_folder(path: Path, top: Path, holding: set[Path]) -> Path:
    """The folder of the run a file belongs to, at most `top`."""
    folder = path.parent
    while folder != top:
        is_part = folder.name.lower() in PHASES or folder.name.lower() in _BELOW
        is_series = folder.parent in holding and path.name.startswith("events.")  # SummaryWriter.add_scalars
        if not (is_part or is_series):
            break
        folder = folder.parent
    return folder


def _stands_alone(path: Path, form: Format, files: Iterable[tuple[Path, Format]]) -> bool:
    """Whether a file is a run by itself, as several of one kind in a folder are, but for event files and for those
    whose names differ by the phase alone: `train_log.csv` and `val_log.csv`."""
    peers = [one for one, its in files if its.kind == form.kind and one.parent == path.parent and one != path]
    if form.kind == "tensorboard" or not peers or path.name in _TOGETHER:
        return False
    if form.kind == "console":
        return True
    stem, phase = _split(path)
    return not (phase and any(_split(one)[0] == stem and _split(one)[1] not in ("", phase) for one in peers))


def _split(path: Path) -> tuple[str, str]:
    """(the name without its word for a phase, that phase)."""
    words = re.split(r"[\W_]+", path.name.lower())
    phases = [PHASES[word] for word in words if word in PHASES]
    return " ".join(word for word in words if word not in PHASES), phases[0] if phases else ""


def _bundle(root: Path, files: Sequence[tuple[Path, Format]]) -> Bundle:
    streams: list[Found] = []
    for path, form in files:
        _, phase = _split(path)
        peers = sum(its.kind == form.kind for _, its in files)
        is_named = phase and peers > 1 and form.kind != "tensorboard"
        prefix = f"{phase}/" if is_named else prefix_for(str(path), form.kind, streams)
        streams.append(Found(path=str(path), kind=form.kind, prefix=prefix))
    return Bundle(root=root, streams=tuple(streams))


def joined(known: Sequence[Found], found: Iterable[Found]) -> list[Found]:
    """The streams of a run with those that have appeared since, whose names keep apart from what was there."""
    streams = list(known)
    for one in found:
        if all(one.path != other.path for other in known):
            prefix = one.prefix or prefix_for(one.path, one.kind, streams)
            streams.append(replace(one, prefix=prefix))
    return streams


def job_name(root: Path) -> str:
    """A name for the runs of an imported root: its own, with its folder's where that says too little."""
    stem = root.stem if root.is_file() else root.name
    words = [stem]
    for parent in root.parents:
        if not _VAGUE.fullmatch(words[0]) or len(words) == 3:
            break
        words.insert(0, parent.name)
    name = re.sub(r"[^A-Za-z0-9_]+", "-", "-".join(word for word in words if word)).strip("-_").lower()
    return name[:40].strip("-_") or "imported"

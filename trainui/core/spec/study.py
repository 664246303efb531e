"""Study files: gates across runs, and gates that each of its runs carries. Read strictly, complaints begin `file:line`.

[study] name, about, runs = { alias = "job" or ["job", "pattern*"] }; [metric.NAME], [[gate]], [[remedy]] as in a spec;
[[table]] as in `results`. Several studies in one file: [group.NAME] runs = {...}, each with what follows it.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from trainui.core.errors import SpecError, nearest
from trainui.core.gates import GateError, parse_gates
from trainui.core.gates.plan import StudyPlan, plan_study
from trainui.core.spec.check import WrongValueError, check_estimate, check_remedies, check_words
from trainui.core.spec.estimate import Estimate, StudyEstimate
from trainui.core.spec.model import MetricWords, Remedy
from trainui.core.spec.results import ResultRow, ResultTable, check_results
from trainui.core.spec.toml import in_words, read_toml

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
HEADER = re.compile(
    r"""\s*\[\[?\s*(gate|table|remedy|group|study|metric)\s*(?:\.\s*["']?([^"'\]]+)["']?)?\s*\]"""
)
GATE_ID = re.compile(r"gate '([^']*)'")


class Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[study], or one [group.NAME]."""

    name: str = ""
    about: str = ""
    runs: dict[str, str | list[str]] = {}
    estimate: StudyEstimate | None = None


class Page(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole study file."""

    study: Head | None = None
    group: dict[str, Head] = {}
    schema: int = 1
    estimate: StudyEstimate | None = None
    metric: dict[str, MetricWords] = {}
    gate: list[dict[str, Any]] = []
    remedy: list[Remedy] = []
    table: list[ResultTable] = []


@dataclass(frozen=True, kw_only=True)
class Study:
    """A study as written: its plan, and what goes into the specs of its runs."""

    name: str
    about: str
    plan: StudyPlan
    tables: tuple[Mapping[str, Any], ...]
    """Its gates as written, in the order of the file."""
    metric: Mapping[str, MetricWords]
    remedy: tuple[Remedy, ...]
    path: Path = Path()
    estimate: StudyEstimate | None = None
    """What it was expected to take."""
    results: tuple[ResultTable, ...] = ()
    """The tables that exports fill in."""

    def line_of(self, word: str) -> int:
        """The line of its file that names `word` first; 1 when there is no such file any more."""
        try:
            rows = self.path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return 1
        return next((number for number, row in enumerate(rows, 1) if word in row), 1)

    @property
    def text(self) -> str:
        """Canonical JSON; `study_of` reads it back."""
        whole = {
            "name": self.name,
            "about": self.about,
            "runs": {alias: list(jobs) for alias, jobs in self.plan.runs.items()},
            "gate": list(self.tables),
            "metric": msgspec.to_builtins(dict(self.metric)),
            "remedy": msgspec.to_builtins(list(self.remedy)),
        }
        if self.estimate is not None:  # a study without one reads as it did before there were any
            whole["estimate"] = msgspec.to_builtins(self.estimate)
        if self.results:  # each a text, as its columns keep their order
            whole["table"] = [msgspec.json.encode(one).decode() for one in self.results]
        return json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


@functools.lru_cache(maxsize=64)
def study_of(text: str) -> Study:
    """The study that `Study.text` was made of; the same one for the same text, so leave it as it is."""
    whole = json.loads(text)
    return _study(
        whole["name"],
        whole["about"],
        {alias: tuple(jobs) for alias, jobs in whole["runs"].items()},
        whole["gate"],
        msgspec.convert(whole["metric"], dict[str, MetricWords]),
        msgspec.convert(whole["remedy"], list[Remedy]),
        estimate=msgspec.convert(whole.get("estimate"), StudyEstimate | None),
        results=[msgspec.json.decode(one, type=ResultTable) for one in whole.get("table", ())],
        jobs=tuple(whole["runs"]),
        path=Path(),
    )


def study_with(
    job: str, tables: Sequence[Mapping[str, Any]], metric: Mapping[str, MetricWords],
    remedy: Sequence[Remedy], *, path: Path,
) -> Study:  # fmt: skip
    """The study of a job's own gates. Raises SpecError."""
    return _study(job, "", {job: (job,)}, tables, metric, remedy, jobs=(), path=path)


def load_studies(path: Path, *, jobs: Collection[str] = ()) -> tuple[Study, ...]:
    """The studies of a file, none when it has no [study] and no [group]; `jobs` are names that exist.

    Raises SpecError.
    """
    toml = read_toml(path)
    tables = toml.tables
    if "job" in tables or not {"study", "group"} & tables.keys():
        return ()
    lines = _Lines(toml.text)
    try:
        page = msgspec.convert(tables, Page)
        check_words(page.metric)
        studies = _studies(path, page, lines, jobs)
        written = [str(table["id"]) for table in page.gate]
        gates = {gate.id: gate for study in studies for gate in study.plan.gates}
        check_remedies(page.remedy, [gates[name] for name in written])
        return studies
    except msgspec.ValidationError as error:
        raise _explained(path, lines, error) from error
    except WrongValueError as error:
        line = toml.line(error.near, error.table, error.number)
        raise SpecError(f"{path}:{line}: {error.message}", hint=error.hint) from error
    except SpecError as error:
        raise SpecError(f"{path}:{lines.of(error)}: {error.message}", hint=error.hint) from error


def _studies(path: Path, page: Page, lines: _Lines, jobs: Collection[str]) -> tuple[Study, ...]:
    heads = dict(page.group)
    if page.study is not None:
        if not page.study.name:
            raise SpecError("[study] needs a name", hint='for example name = "first"')
        heads = {page.study.name: page.study, **heads}
    kinds: dict[str, Sequence[object]] = {"gate": page.gate, "table": page.table}
    of = [lines.groups(kind, len(them), list(heads)) for kind, them in kinds.items()]
    found = []
    for name, head in heads.items():
        if not NAME.fullmatch(name):
            hint = "letters, digits, '.', '_' and '-', up to 64"
            raise SpecError(f"{name!a:.80} is not a usable name for a study", hint=hint)
        runs = {alias: (one,) if isinstance(one, str) else tuple(one) for alias, one in head.runs.items()}
        for alias in runs:
            if not NAME.fullmatch(alias):
                raise SpecError(f"{alias!a:.80} is not a usable name for runs of study {name!r}")
        places, tables = ([place for place, group in enumerate(one) if group == name] for one in of)
        mine, results = [page.gate[place] for place in places], [page.table[place] for place in tables]
        try:
            study = _study(
                name, head.about, runs, mine, page.metric, page.remedy, jobs=jobs, path=path,
                estimate=_estimate(page, name, head), results=results,
            )  # fmt: skip
        except GateError as error:
            error.number = places[error.number - 1] + 1 if error.number else 0
            raise
        check_results(study, [place + 1 for place in tables])
        found.append(study)
    return tuple(found)


def _study(
    name: str, about: str, runs: Mapping[str, Sequence[str]], tables: Sequence[Mapping[str, Any]],
    metric: Mapping[str, MetricWords], remedy: Sequence[Remedy], *, jobs: Collection[str], path: Path,
    estimate: StudyEstimate | None = None, results: Sequence[ResultTable] = (),
) -> Study:  # fmt: skip
    gates = parse_gates(tables, words=metric)
    known = {one.id for one in remedy}
    for gate in gates:
        for one in gate.remedy:
            if one not in known:
                raise SpecError(f"gate {gate.id!r}: there is no remedy {one!r}", hint=nearest(one, known))
    named = {one for gate in gates for one in gate.remedy}
    ids = {gate.id for gate in gates}
    return Study(
        name=name,
        about=about,
        plan=plan_study(name, runs, gates, jobs=jobs),
        tables=tuple(tables),
        metric=metric,
        remedy=tuple(one for one in remedy if one.id in named or one.on in ids),
        path=path,
        estimate=estimate,
        results=tuple(results),
    )


def _estimate(page: Page, name: str, head: Head) -> StudyEstimate | None:
    """What a study was expected to take: [estimate] of a file with one study, else [study.estimate] or
    [group.NAME.estimate]."""
    at: tuple[str, ...] = ("study", "estimate") if page.study is head else ("group", name, "estimate")
    if page.estimate is not None:
        if head.estimate is not None or len(page.group) + (page.study is not None) > 1:
            hint = f"write [{'.'.join(at)}]" if head.estimate is None else "keep one"
            message = f"[estimate] may be of study {name!r} or of another"
            raise WrongValueError("", message, hint=hint, table=("estimate",))
        at = ("estimate",)
    estimate = page.estimate or head.estimate
    if estimate is not None:
        check_estimate(estimate, at)
        for alias, one in estimate.runs.items():
            if alias not in head.runs:
                hint = nearest(alias, head.runs)
                message = f"[{'.'.join(at)}.runs]: study {name!r} has no run {alias!r}"
                raise WrongValueError(alias, message, hint=hint, table=(*at, "runs"))
            check_estimate(one, (*at, "runs", alias))
    return estimate


class _Lines:
    """Where the tables of a file begin; tomllib does not keep it."""

    def __init__(self, text: str) -> None:
        self._rows = text.splitlines()
        self._heads = [
            (number, match[1], match[2] or "")
            for number, row in enumerate(self._rows, 1)
            if (match := HEADER.match(row))
        ]
        self.gates = [number for number, kind, _ in self._heads if kind == "gate"]

    def groups(self, wanted: str, count: int, names: Sequence[str]) -> list[str]:
        """The study of each of `count` tables of a kind: the one whose header stood last before it, else the first."""
        current, found = names[0], []
        for _, kind, name in self._heads:
            if kind == "group" and name.strip() in names:
                current = name.strip()
            elif kind == wanted and not name:
                found.append(current)
        return found if len(found) == count else [names[0]] * count

    def of(self, error: SpecError) -> int:
        """The line that a complaint is about."""
        number = getattr(error, "number", 0)
        named = GATE_ID.match(error.message)
        if named is None and not number:
            quoted = re.search(r"'([^']*)'", error.message)
            return self.line(quoted[1]) if quoted else 1
        start = self.gates[number - 1] if 0 < number <= len(self.gates) else 1
        if named and not number:
            start = next((at for at in self.gates if self._is_of(at, named[1])), 1)
        key = getattr(error, "key", "")
        return self.line(key, start) if key else start

    def line(self, word: str, start: int = 1) -> int:
        """The first line from `start` that has `word` as a key, or names it; `start` when none has."""
        key = re.compile(rf"""\s*\[*["']?{re.escape(word)}\b""")
        rows = list(enumerate(self._rows, 1))[start - 1 :]
        found = next((at for at, row in rows if key.match(row)), 0)
        return found or next((at for at, row in rows if word and word in row), start)

    def _is_of(self, start: int, gate: str) -> bool:
        rows = self._rows[start:]
        end = next((n for n, row in enumerate(rows) if HEADER.match(row)), len(rows))
        return any(re.match(r"\s*id\s*=", row) and gate in row for row in rows[:end])


def _explained(path: Path, lines: _Lines, error: msgspec.ValidationError) -> SpecError:
    message = str(error)
    where = re.search(r" - at `\$(.*)`$", message)
    table = re.findall(r"\.(\w+)", where[1]) if where else []
    if unknown := re.search(r"unknown field `(.*?)`", message):
        structs: dict[str, type[msgspec.Struct]] = {
            "study": Head, "group": Head, "metric": MetricWords, "remedy": Remedy, "estimate": StudyEstimate,
            "table": ResultRow if "rows" in table else ResultTable,
        }  # fmt: skip
        known = structs.get(table[0] if table else "", Page).__struct_encode_fields__
        if "estimate" in table:
            known = (Estimate if "runs" in table else StudyEstimate).__struct_encode_fields__
        place = f"[{table[0]}]" if table else "a study file"
        text = f"{path}:{lines.line(unknown[1])}: {place} has no key {unknown[1]!r}"
        return SpecError(text, hint=nearest(unknown[1], known))
    line = lines.line(table[-1]) if table else 1
    return SpecError(f"{path}:{line}: {'.'.join(table) or 'the file'}: {in_words(message, table)}")

"""JSON documents that are rewritten as a run goes on: trainer_state.json, history.json, results.json."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec

from trainui.core.ingest.documents import Content, Series, content_of
from trainui.core.ingest.fields import record_of
from trainui.core.ingest.format import Format
from trainui.core.ingest.records import NOTHING, Counting, Record, Tally
from trainui.core.ingest.text import strip_escapes

REMEMBERED = 1536
"""Entries of all histories together that are known again one by one; those before them only all together."""
FEWEST = 16
MAX_RESULTS = 200
"""Results, and histories, that are remembered: of those in a document that has more, the first are told."""
MAX_KEY = 40
"""Characters of a name that is remembered as it is; of a longer one its digest."""
_BYTES = 2
_TOLD = re.compile(
    r"metric|result|hist|state|eval|test|train|score|summary|loss|log|stat|report|perf", re.IGNORECASE
)
_SIGNS = re.compile(
    rb'"(?:log_history|epochs?|global_step|step|(?:\w+[_/])?(?:loss|acc|accuracy))"\s*:\s*[\[\d-]'
)

_decode = msgspec.json.Decoder().decode


@dataclass(slots=True)
class Told:
    """The entries of one history that were told: how many, a digest of the early ones, a short one of each later."""

    count: int = 0
    early: str = ""
    late: bytes = b""

    def state(self) -> list[Any]:
        """As JSON can hold it."""
        return [self.count, self.early, base64.b64encode(self.late).decode()]

    @classmethod
    def restore(cls, state: list[Any]) -> Told:
        """What gave `state`."""
        return cls(state[0], state[1], base64.b64decode(state[2]))

    def common(self, digests: list[bytes]) -> int:
        """How many entries of a history were told already; 0 when its early ones are others."""
        begin = self.count - len(self.late) // _BYTES
        if len(digests) < begin or _early(digests[:begin]) != self.early:
            return 0
        for number in range(begin, min(self.count, len(digests))):
            at = (number - begin) * _BYTES
            if self.late[at : at + _BYTES] != digests[number]:
                return number
        return min(self.count, len(digests))

    def take(self, digests: list[bytes], kept: int) -> None:
        """Remember that all of these were told."""
        begin = max(0, len(digests) - kept)
        self.count, self.early, self.late = len(digests), _early(digests[:begin]), b"".join(digests[begin:])


class Rewritten(Counting):
    """Reads a whole document each time it changed, and gives what it did not hold before.

    A history that is shorter than the one told (a run resumed from an older checkpoint) gives nothing until it
    says something else: then all from there on is new. A document cut short gives nothing and changes nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[str, Told] = {}
        self._results: dict[str, str] = {}

    def state(self) -> str:
        """JSON from which `restore` goes on exactly: of a long history the last 1,536 entries are known singly."""
        tally = self._tally
        told = {name: one.state() for name, one in self._told.items()}
        return json.dumps([[tally.lines, tally.understood, tally.samples], told, self._results])

    @classmethod
    def restore(cls, state: str) -> Rewritten:
        """A reader that goes on where the one that gave `state` stopped; "" starts afresh."""
        reader = cls()
        if state:
            tally, told, reader._results = json.loads(state)
            reader._tally = Tally(*tally)
            reader._told = {name: Told.restore(one) for name, one in told.items()}
        return reader

    def read(self, item: bytes) -> Sequence[Record]:
        """The records of what is new in the document."""
        data = document_of(item)
        if data is None:
            return NOTHING
        content = content_of(data)
        self._tally.lines += 1
        if not content.series and not content.results:
            self._tally.miss(strip_escapes(item[:800]).replace("\n", " "))
            return NOTHING
        self._tally.understood += 1
        records = [*self._entries(content.series), *self._new_results(content)]
        if (
            records
            and isinstance(data, dict)
            and (totals := record_of({key: data.get(key) for key in _TOTALS}))
        ):
            records.append(totals)
        return records

    def _entries(self, histories: list[Series]) -> Iterator[Record]:
        """New entries in the order of their place in their lists; curves side by side make one record."""
        kept = max(FEWEST, REMEMBERED // max(1, len(histories)))
        fresh: list[tuple[int, Record]] = []
        for one in histories:
            told = self._told.setdefault(_key(one.name), Told())
            digests = [_digest(entry) for entry in one.entries]
            common = told.common(digests)
            if common < len(digests) or (common == 0 and told.count):
                told.take(digests, kept)
            for number in range(common, len(digests)):
                record = record_of(one.entries[number])
                if record is not None and record.metrics:
                    fresh.append((number, record))
        _forget(self._told, {_key(one.name) for one in histories})
        fresh.sort(key=lambda pair: pair[0])
        pending: tuple[int, Record] | None = None
        for number, record in fresh:
            if record.step is None and record.epoch is None:
                record = msgspec.structs.replace(record, step=number)
            if pending is not None and pending[0] == number and _joins(pending[1], record):
                metrics = {**pending[1].metrics, **record.metrics}
                pending = number, msgspec.structs.replace(pending[1], metrics=metrics)
                continue
            if pending is not None:
                yield pending[1]
            pending = number, record
        if pending is not None:
            yield pending[1]

    def _new_results(self, content: Content) -> Iterator[Record]:
        results = dict(islice(content.results.items(), MAX_RESULTS))
        now = {
            _key(name): hashlib.blake2b(repr(value).encode(), digest_size=4).hexdigest()
            for name, value in results.items()
        }
        changed = {
            name: value for name, value in results.items() if self._results.get(_key(name)) != now[_key(name)]
        }
        self._results.update(now)
        _forget(self._results, now)
        record = record_of({**content.place, **changed}) if changed else None
        if record is not None:
            yield record


_TOTALS = ("max_steps", "num_train_epochs")


def document_of(item: bytes) -> Any:
    """The JSON value `item` is, bare NaN included; None when it is cut short or nothing of the kind."""
    text = item.lstrip(b"\xef\xbb\xbf").strip()
    if text[:1] not in (b"{", b"["):
        return None
    try:
        return _decode(text)
    except (ValueError, RecursionError):
        try:
            return json.loads(text.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            return None


def claims(name: str, head: bytes) -> bool:
    """Whether this is one JSON document that may hold a history or results."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1] not in (b"{", b"[") or name.endswith((".jsonl", ".ndjson")):
        return False
    data = document_of(head)
    if data is not None:
        content = content_of(data)
        return bool(content.series) or bool(content.results and _TOLD.search(name.rpartition("/")[2]))
    return name.lower().endswith(".json") and bool(_SIGNS.search(head))


def _joins(left: Record, right: Record) -> bool:
    is_one = (left.step, left.epoch) == (right.step, right.epoch)
    return is_one and left.metrics.keys().isdisjoint(right.metrics)


def _key(name: str) -> str:
    """A short name for a name of any length; SQLite takes no half of a surrogate pair."""
    if len(name) <= MAX_KEY and name.isprintable():
        return name
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _forget(known: dict[str, Any], now: Container[str]) -> None:
    """Drop what other documents of this file told long ago, until few enough are remembered."""
    for name in [name for name in known if name not in now][: max(0, len(known) - MAX_RESULTS)]:
        del known[name]


def _digest(entry: dict[str, Any]) -> bytes:
    return hashlib.blake2b(repr(entry).encode("utf-8", "replace"), digest_size=_BYTES).digest()


def _early(digests: list[bytes]) -> str:
    return hashlib.blake2b(b"".join(digests), digest_size=8).hexdigest() if digests else ""


FORMAT = Format(
    kind="json",
    rank=5,
    make=lambda state, _patterns: Rewritten.restore(state),
    claims=claims,
    is_whole=True,
    watched=(
        "trainer_state.json",
        "*history*.json",
        "*results*.json",
        "*metrics*.json",
        "*training_log*.json",
    ),
)

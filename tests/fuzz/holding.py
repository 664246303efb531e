"""What holds of every format, whatever the bytes: one function that reads them as the manager would, and checks.

It never raises but AssertionError. The same records come out however the file grew, with three exceptions:

- a file that is rewritten whole tells what each stage of it held, if that was a document;
- a line longer than LONGEST is kept by its head, of which a piece may already have been read;
- a framed record that is not all there is left out only when the file is final.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

from trainui.core.ingest.fields import MAX_NAME, MAX_TEXT
from trainui.core.ingest.follow import LIMIT, read_chunk
from trainui.core.ingest.format import HEAD, Format, Reader
from trainui.core.ingest.records import MAX_SAMPLE_CHARACTERS, MAX_SAMPLES, Record
from trainui.core.ingest.text import strip_escapes

MOST_STATE = 16 << 10
"""Characters of a state beside its samples: it is written again with every batch."""
WIDE = {"csv": 1 << 20, "json": 48 << 10, "tensorboard": 96 << 10}
"""What must remember more: the header of a table, a few entries of each of 200 histories, the names of 256 tags."""
FARTHEST = 2**63


def follow(
    form: Format, path: Path, data: bytes, ends: list[int] = (), limit: int = LIMIT
) -> tuple[list[Record], str]:
    """The records of data that grew to these ends, and the last state; the reader is made anew for every chunk.

    Checks that offsets only go forward and end at the file's size, and every record, state and sample.
    """
    form.claims(path.name, data[:HEAD])
    told: list[Record] = []
    state, place = "", {"offset": 0, "inode": None, "mark": ""}
    path.write_bytes(b"")
    for end in [*sorted(end % (len(data) + 1) for end in ends), len(data)]:
        with path.open("ab") as file:
            file.write(data[file.tell() : end])
        while chunk := read_chunk(path, **place, limit=limit, final=end == len(data), form=form):
            if form.is_whole:
                assert chunk.end == end
            else:
                assert chunk.start == place["offset"] < chunk.end <= end, "offsets only go forward"
            assert not chunk.rewound
            place = {"offset": chunk.end, "inode": chunk.inode, "mark": chunk.mark}
            reader = form.make(state, ())
            for item in chunk.items:
                told += reader.read(item)
            state = reader.state()
            check_reader(form, reader)
    assert place["offset"] == len(data), "the end was not reached"
    for record in told:
        check_record(record)
    return told, state


def check_reader(form: Format, reader: Reader) -> None:
    """Counts, samples and the state are bounded, harmless, and make the reader again."""
    state = reader.state()
    json.loads(state)
    size = len(state) - len(json.dumps(list(reader.samples)))
    assert size <= WIDE.get(form.kind, MOST_STATE), f"{size} characters of state"
    assert form.make(state, ()).state() == state
    assert 0 <= reader.understood <= reader.lines
    assert len(reader.samples) <= MAX_SAMPLES
    for sample in reader.samples:
        assert len(sample) <= MAX_SAMPLE_CHARACTERS
        assert strip_escapes(sample) == sample


def check_record(record: Record) -> None:
    """What the store can keep and a terminal can show."""
    for name, value in record.metrics.items():
        assert 0 < len(name) <= MAX_NAME
        assert strip_escapes(name) == name, repr(name)
        assert "\n" not in name
        assert type(value) is float, (name, value)
    for field in ("step", "epoch", "at", "total_steps", "total_epochs"):
        value = getattr(record, field)
        if value is None:
            continue
        assert type(value) in (int, float), (field, value)
        assert math.isfinite(value), (field, value)
        if type(value) is int:
            assert -FARTHEST <= value < FARTHEST, (field, value)
    for text in (record.checkpoint, record.event):
        if text is not None:
            assert 0 < len(text) <= MAX_TEXT
            assert strip_escapes(text) == text


def points(records: list[Record]) -> str:
    """All they tell, to be compared: NaN equals NaN there."""
    return repr(records)

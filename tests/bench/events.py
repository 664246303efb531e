"""What an event file costs to read, beside TensorBoard's own readers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.bench.ingest import add_run
from tests.bench.measure import Row, clock
from trainui.core.ingest.follow import chunks_of
from trainui.core.ingest.formats import format_named
from trainui.core.store.read import Reader
from trainui.core.store.schema import connect
from trainui.core.store.streams import StreamWriter
from trainui.core.watching import Watch

EVENTS = 200_000
TAGS = ("train/loss", "train/acc", "lr", "grad_norm")


def events(folder: Path) -> Iterator[Row]:
    """A file of 200,000 scalars to points, and to committed points with envelopes."""
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        from tensorboard.backend.event_processing.event_file_loader import (
            EventFileLoader,
            LegacyEventFileLoader,
        )
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        yield "event file", "TensorBoard is not installed", "–"
        return
    db = connect(folder / "runs.db")
    run = add_run(folder, db)
    with SummaryWriter(str(run.directory / "tb"), max_queue=10_000) as writer:
        for step in range(EVENTS // len(TAGS)):
            for tag in TAGS:
                writer.add_scalar(tag, 1 / (step + 1), step)
    (path,) = (run.directory / "tb").iterdir()

    def read() -> None:
        form = format_named("tensorboard")
        reader = form.make("", ())
        points = sum(
            len(record.metrics)
            for chunk in chunks_of(path, form)
            for item in chunk.items
            for record in reader.read(item)
        )
        assert points == EVENTS

    ours = EVENTS / clock(read)
    yield "event file: to points", f"{ours:,.0f} points/s", "1"
    watch = Watch(db, run, StreamWriter(db))
    watch.find(now=1.7e9, final=True)
    stored = EVENTS / clock(lambda: watch.read(now=1.7e9, final=True))
    assert Reader(folder / "runs.db").metrics("bench-1")[0].points == EVENTS // len(TAGS)
    yield "event file: to committed points", f"{stored:,.0f} points/s", f"{ours / stored:.2f}"

    peers = {
        "TensorBoard events, parsed only": lambda: sum(1 for _ in LegacyEventFileLoader(str(path)).Load()),
        "TensorBoard EventFileLoader": lambda: sum(1 for _ in EventFileLoader(str(path)).Load()),
        "TensorBoard EventAccumulator": lambda: EventAccumulator(
            str(path), {"tensors": 0, "scalars": 0}
        ).Reload(),
    }
    for name, peer in peers.items():
        its = EVENTS / clock(peer)
        yield f"  {name}", f"{its:,.0f} points/s", f"{ours / its:.2f}"

"""One training of a system, for some seconds: as it trains, or as a plain loop would. Prints JSON.

    python -m tests.bench.one_training ast FOLDER 5 [--times 8] [--plain]

The plain loop is the one that the four plans would have been begun with: a file for each example, a DataLoader with
workers, float32, an optimizer that takes tensor by tensor, and `loss.item()` each step.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.bench.measure import wait_for


def boundary(folder: Path, run_dir: Path, on_gpu: bool) -> Any:
    """S0's transformer."""
    from jobs.boundary.settings import Settings
    from jobs.boundary.train import Refining

    small = {} if on_gpu else {"tokens": 34, "stride": 6}
    chosen = Settings(source=str(folder / "speech"), data="small", data_dir=str(folder / "made"), **small)
    return _looped(Refining, run_dir), chosen


def _looped(build: Callable[..., Any], run_dir: Path) -> Callable[[Any], Any]:
    from jobs.training.loop import Loop
    from jobs.training.report import Report
    from jobs.training.stopping import Stopping

    report = Report(run_dir)
    return lambda chosen: Loop(chosen, build(chosen, report), run_dir, Stopping(), report)


def diarization(folder: Path, run_dir: Path, on_gpu: bool) -> Any:
    """S1 on spliced readings."""
    from jobs.diarization.settings import Settings
    from jobs.diarization.train import Diarization

    small = {} if on_gpu else {"features": "mfcc"}
    chosen = Settings(corpus="librispeech", source=str(folder / "speech"), real="", val_windows=8, **small)
    return _looped(Diarization, run_dir), chosen


def ast(folder: Path, run_dir: Path, on_gpu: bool) -> Any:
    """S2 from nothing."""
    from jobs.ast.settings import Settings
    from jobs.ast.train import FineTuning, split_of

    chosen = Settings(source=str(folder / "clips"), size="base" if on_gpu else "tiny")
    return _looped(lambda chosen, report: FineTuning(chosen, report, split_of(chosen)), run_dir), chosen


def sign(folder: Path, run_dir: Path, on_gpu: bool) -> Any:
    """S3's teacher."""
    from jobs.sign.readers import corpus_of
    from jobs.sign.settings import Settings
    from jobs.sign.signing import Signing

    chosen = Settings(source=str(folder / "signs"), sentences=256, augment=False, narrow=1 if on_gpu else 4)
    return _looped(
        lambda chosen, report: Signing(chosen, report, corpus_of(chosen, report.say)), run_dir
    ), chosen


KINDS: dict[str, Callable[[Path, Path, bool], Any]] = {
    "boundary": boundary,
    "diarization": diarization,
    "ast": ast,
    "sign": sign,
}
"""System → what builds its training, and its usual settings."""


def fast(training: Any, seconds: float, examples: float) -> dict[str, float]:
    """As it trains: a first epoch to warm up, then so many seconds."""
    stop(training, seconds / 2)
    training.one_epoch(0, 0)
    barrier()
    training.stopping.asked = False
    stop(training, seconds)
    began, done, epoch, share = time.perf_counter(), 0, 1, 0.0
    while training.goes_on():
        training.one_epoch(epoch, 0)
        figures, done, epoch = training.pace.figures(1), done + training.pace.batches, epoch + 1
        share = figures.get("speed/roofline", share)
    return {"examples": done * examples / (time.perf_counter() - began), "roofline": share}


def stop(training: Any, seconds: float) -> None:
    """Ask it to stop then."""
    timer = threading.Timer(seconds, lambda: setattr(training.stopping, "asked", True))
    timer.daemon = True
    timer.start()


def barrier() -> None:
    """Those that run at once are measured at once."""
    told = os.environ.get("TRAINUI_BENCH_GO")
    if told:
        Path(f"{told}.{os.getpid()}").touch()
        wait_for(Path(told).exists, 600)


# ------------------------------------------------------------------ the plain loop


class Rows:
    """A file for each example, as a torch Dataset."""

    def __init__(self, folder: Path, examples: Iterator[Sequence[Any]], most: int = 256) -> None:
        import numpy as np

        self.paths = []
        for number, parts in zip(range(most), examples, strict=False):
            self.paths.append(folder / f"{number}.npz")
            np.savez(self.paths[-1], **{f"part{place}": np.asarray(part) for place, part in enumerate(parts)})

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, number: int) -> list[Any]:
        import numpy as np
        import torch

        with np.load(self.paths[number]) as held:
            return [torch.from_numpy(np.asarray(held[name])) for name in sorted(held)]


def examples_of(name: str, training: Any) -> Iterator[Sequence[Any]]:
    """One after the other, out of an epoch's batches."""
    for batch in training.system.batches(0, 0):
        if name == "sign":
            for one in batch[1]:
                clip, lengths = training.system.clips_of([one])
                yield clip[0].cpu().numpy(), lengths[0], training.system.train.targets[one]
        else:
            yield from zip(*(part.cpu().numpy() for part in batch), strict=True)


def padded(rows: Sequence[Sequence[Any]]) -> list[Any]:
    """Sentences of a batch, the shorter ones filled up with zeros."""
    from torch.nn.utils.rnn import pad_sequence

    return [
        pad_sequence([row[0] for row in rows], batch_first=True),
        [int(row[1]) for row in rows],
        [row[2].tolist() for row in rows],
    ]


def plain_loss(name: str, training: Any, parts: Sequence[Any]) -> Any:
    """The same loss, in float32."""
    import torch

    if name == "boundary":
        from jobs.boundary.examples import Batch
        from jobs.boundary.losses import loss_of

        batch, system = Batch(*parts), training.system
        return loss_of(
            system.model(batch.frames, batch.left, batch.right), batch, system.window, system.settings
        )
    if name == "sign":
        from jobs.sign.ctc import ctc_loss
        from jobs.sign.signer import frames_of

        frames, lengths, targets = parts
        answer, _ = training.system.model(frames, torch.tensor(lengths, device=frames.device))
        return ctc_loss(answer, frames_of(lengths), targets)[0]
    return training.system.loss(tuple(parts))[0]


def plain(name: str, training: Any, folder: Path, seconds: float) -> dict[str, float]:
    """The loop of the plans."""
    import torch
    from torch.utils.data import DataLoader

    folder.mkdir(parents=True, exist_ok=True)
    model = training.system.model
    device, size = next(model.parameters()).device, training.settings.batch_size
    loader: Any = DataLoader(
        Rows(folder, examples_of(name, training)),
        batch_size=size,
        shuffle=True,
        drop_last=True,  # type: ignore[arg-type]
        num_workers=2,
        pin_memory=device.type == "cuda",
        collate_fn=padded if name == "sign" else None,
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=False, foreach=False)
    model.train()
    done, began = 0, 0.0
    while not began or time.perf_counter() - began < seconds:
        for parts in loader:
            if not began:
                began = time.perf_counter()  # the first batch waits for the workers
            moved = [part.to(device) if isinstance(part, torch.Tensor) else part for part in parts]
            optimizer.zero_grad()
            loss = plain_loss(name, training, moved)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            loss.item()
            done += size
    return {"examples": done / (time.perf_counter() - began), "roofline": 0.0}


def one(name: str, folder: Path, seconds: float, *, times: int, is_plain: bool) -> dict[str, float]:
    """One training of a system, `times` its usual batch."""
    import torch

    torch.set_float32_matmul_precision("high")
    run_dir = folder / f"run-{os.getpid()}"
    run_dir.mkdir()
    build, usual = KINDS[name](folder, run_dir, torch.cuda.is_available())
    chosen = replace(usual, batch_size=usual.batch_size * times)
    training = build(chosen)
    if is_plain:
        return plain(name, training, folder / f"{name}-rows", seconds)
    return fast(training, seconds, chosen.batch_size)


if __name__ == "__main__":
    name, folder, seconds, *words = sys.argv[1:]
    times = int(words[words.index("--times") + 1]) if "--times" in words else 1
    print(json.dumps(one(name, Path(folder), float(seconds), times=times, is_plain="--plain" in words)))

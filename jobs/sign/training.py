"""From a command line to a trained recognizer and its results: what the three trainings share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from jobs.sign.ending import Diary, finish
from jobs.sign.readers import Corpus, corpus_of
from jobs.sign.settings import Settings
from jobs.sign.signer import open_signer
from jobs.sign.signing import Signing
from jobs.training.loop import train
from jobs.training.report import Report
from jobs.training.stopping import Stopping


def carry_out(
    settings: Settings, build: Callable[[Settings, Report, Corpus], Signing], corpus: Corpus | None = None
) -> None:
    """Train, then test what validated best; a training that was asked to stop is not tested. Raises DataError."""
    opened: list[Corpus] = [corpus] if corpus else []

    def built(report: Report) -> Signing:
        if not opened:
            opened.append(corpus_of(settings, report.say))
        return build(settings, report, opened[0])

    stopping, run_dir = Stopping(), Path(settings.run_dir)
    loop = train(settings, built, run_dir, stopping, reporter=Diary)
    best = run_dir / "best_model.pth"
    if not best.is_file() and settings.resume:
        best = Path(settings.resume).with_name("best_model.pth")
    is_over = not stopping.asked and not 0 < settings.stop_after < settings.epochs
    if is_over and best.is_file():
        signer = open_signer(best, loop.system.kind, type(settings))
        finish(signer, opened[0], run_dir, epochs=round(loop.epoch), step=loop.at.step)

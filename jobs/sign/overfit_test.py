"""Five clips learnt by heart, down to a WER of 0 %, or nothing else need be tried.

    python -m jobs.sign.overfit_test --source /data/phoenix_sample

Ends with 1 when it is not reached. The WER is that of the network as it would be used, without dropout; a network that
gets there can learn, which is all that it says: the original passed, and then never beat a constant answer.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from jobs.sign.clips import Bank, Usual, Vocabulary
from jobs.sign.ctc import ctc_loss, greedy
from jobs.sign.ending import Diary
from jobs.sign.readers import corpus_of
from jobs.sign.settings import Settings, read
from jobs.sign.signer import frames_of, network
from jobs.sign.wer import edits
from jobs.training import files
from jobs.training.device import pick_device
from jobs.training.errors import DataError, say_and_leave
from jobs.training.schedule import warm_cosine
from jobs.training.stopping import Stopping

EVERY = 10
"""Steps from one look at the WER to the next."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OverfitSettings(Settings):
    """The plan's: 2,000 steps at most, a dropout of 0.1, five clips a batch."""

    epochs: int = 2000
    batch_size: int = 5
    learning_rate: float = 1e-3
    dropout: float = 0.1
    weight_decay: float = 0.0
    warmup_epochs: float = 50.0
    model: str = "teacher"


def overfit(settings: OverfitSettings, run_dir: Path) -> float:
    """Train on the first clips until each is said rightly; the WER in the end, %. Raises DataError."""
    report, stopping, device = Diary(run_dir), Stopping(), pick_device(settings)
    corpus = corpus_of(settings, report.say)
    clips = corpus.splits["train"][: settings.batch_size]
    if not clips or settings.model not in ("teacher", "student"):
        raise DataError("--model is teacher or student, and --source needs clips to train on.")
    torch.manual_seed(settings.seed)
    vocabulary, usual = Vocabulary.of(clips), Usual.of(clips, corpus.source.layout)
    bank = Bank(clips, vocabulary, usual, device)
    model = network(settings.model, len(vocabulary), corpus.source.layout, settings).to(device)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    which = list(range(len(clips)))
    x_BTF, lengths = bank.gather(which)
    length_B, frames, found = torch.tensor(lengths, device=device), frames_of(lengths), 100.0
    for step in range(1, settings.epochs + 1):
        rate = settings.learning_rate * warm_cosine(
            step - 1, settings.epochs, warmup=round(settings.warmup_epochs)
        )
        optimizer.param_groups[0]["lr"] = rate
        loss, feasible = ctc_loss(model.train()(x_BTF, length_B)[0], frames, bank.targets)
        if not all(feasible):
            raise DataError(f"{settings.source}: a clip has fewer frames of an answer than its glosses take.")
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.max_grad_norm)
        optimizer.step()
        if step % EVERY == 0 or step == settings.epochs:
            with torch.inference_mode():
                said = greedy(model.eval()(x_BTF, length_B)[0], frames)
            found = edits([clip.glosses for clip in clips], [vocabulary.glosses(one) for one in said]).wer
            report.log(
                {"train/loss": float(loss.detach()), "train/wer": found, "train/lr": rate},
                step=step,
                epoch=step,
            )
            report.say(f"Epoch {step} | Loss: {float(loss.detach()):.4f} | Train WER: {found:.2f}%")
            if found == 0 or stopping.asked:
                break
    report.close()
    files.save_json(run_dir / "results.json", {"train_wer": found, "clips": [clip.name for clip in clips]})
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: 0 when all was learnt by heart, 1 when it was not, 2 when there is something to mend."""
    found = 100.0

    def work() -> None:
        nonlocal found
        settings = read(OverfitSettings, arguments, prog="jobs.sign.overfit_test")
        assert isinstance(settings, OverfitSettings)
        if settings.threads:
            torch.set_num_threads(settings.threads)
        found = overfit(settings, Path(settings.run_dir))

    return say_and_leave(work) or int(found > 0)


if __name__ == "__main__":
    sys.exit(main())

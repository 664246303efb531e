"""What a training leaves behind: log, test of its best checkpoint, results, curves."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from jobs.sign.readers import Clip, Corpus
from jobs.sign.signer import Answers, Signer, answers, megabytes
from jobs.sign.wer import constant_line
from jobs.training import files
from jobs.training.device import pick_device
from jobs.training.report import Report

TARGET = 25.0
"""Percent: what the plan asks of the teacher."""
TIMED = 20


class Diary(Report):
    """A report that also writes every line for people into training.log."""

    def say(self, text: str) -> None:
        """To the output and to the log."""
        super().say(text)
        with (self.run_dir / "training.log").open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")


def on_test(signer: Signer, corpus: Corpus, *, width: int) -> tuple[str, Answers, float]:
    """(the split, what was said of it, the WER of a constant answer): of test, or of dev where there is no test."""
    split = "test" if corpus.splits["test"] else "dev"
    clips = corpus.splits[split]
    device = pick_device(signer.settings)
    said = answers(signer.model.to(device), signer.bank(clips, device), signer.vocabulary, width=width)
    assert said is not None
    train = [clip.glosses for clip in corpus.splits["train"]]
    return split, said, constant_line(train, [clip.glosses for clip in clips])[1]


@torch.inference_mode()
def frames_per_second(signer: Signer, clips: Sequence[Clip]) -> float:
    """Frames of video that it reads in a second, one clip of usual length at a time, where it computes."""
    ordered = sorted(clips, key=lambda clip: len(clip.frames))
    device = pick_device(signer.settings)
    x_BTF, lengths = signer.bank([ordered[len(ordered) // 2]], device).gather([0])
    length_B, model = torch.tensor(lengths, device=device), signer.model.to(device).eval()
    took = []
    for _ in range(TIMED):
        begun = time.perf_counter()
        model(x_BTF, length_B)[0].sum().item()
        took.append(time.perf_counter() - begun)
    return lengths[0] / sorted(took)[len(took) // 2]


def results_of(signer: Signer, corpus: Corpus, epochs: int) -> dict[str, Any]:
    """What the plan's results.json holds, and what its numbers are to be held against."""
    split, said, constant = on_test(signer, corpus, width=signer.settings.beam)
    figures = said.figures("test")
    return {
        "best_val_wer": signer.figures.get("val/wer", math.nan),
        "test_wer": figures["test/wer"],
        "test_wer_phoenix": figures["test/wer_phoenix"],
        "test_ser": figures["test/ser"],
        "test_wer_constant": constant,
        "tested_on": split,
        "total_params": sum(one.numel() for one in signer.model.parameters()),
        "model_size_mb": megabytes(signer.model),
        "fps": frames_per_second(signer, corpus.splits["dev"]),
        "training_epochs": epochs,
        "config": asdict(signer.settings),
    }


def finish(signer: Signer, corpus: Corpus, run_dir: Path, *, epochs: int, step: int) -> dict[str, Any]:
    """Test, tell, write the results and draw the curves."""
    results = results_of(signer, corpus, epochs)
    report = Diary(run_dir)
    where = "" if results["tested_on"] == "test" else " (on dev, which flatters: there is no test split)"
    report.say(
        f"Test WER: {results['test_wer']:.2f}%{where} | a constant answer: {results['test_wer_constant']:.2f}% "
        f"| SER: {results['test_ser']:.2f}%"
    )
    told = {f"test/{name}": results[f"test_{name}"] for name in ("wer", "wer_phoenix", "ser", "wer_constant")}
    told |= {"model_size_mb": results["model_size_mb"], "fps": results["fps"]}
    report.log(told, step=step, epoch=epochs)
    report.close()
    files.save_json(run_dir / "results.json", results)
    draw(run_dir / "training_curves.png", signer.state["kept"]["history"], results["test_wer_constant"])
    return results


def draw(path: Path, history: Sequence[Mapping[str, float]], constant: float) -> None:
    """Losses, val WER with its target and the constant line, learning rate, loss against WER."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    def column(name: str) -> list[float]:
        return [one.get(name, math.nan) for one in history]

    figure = Figure(figsize=(12, 9), layout="constrained")
    FigureCanvasAgg(figure)
    (losses, rates_of_error), (rates, against) = figure.subplots(2, 2)
    epoch = column("epoch")
    losses.plot(epoch, column("epoch/loss"), label="train")
    losses.plot(epoch, column("val/loss"), label="val")
    losses.set(title="Loss", xlabel="epoch")
    rates_of_error.plot(epoch, column("val/wer"), label="val WER")
    rates_of_error.plot(epoch, column("epoch/wer"), label="train WER")
    rates_of_error.axhline(TARGET, linestyle="--", color="green", label=f"target {TARGET:.0f} %")
    rates_of_error.axhline(constant, linestyle=":", color="black", label="a constant answer")
    rates_of_error.set(title="WER, %", xlabel="epoch")
    rates.plot(epoch, column("lr"))
    rates.set(title="Learning rate", xlabel="epoch")
    against.scatter(column("val/loss"), column("val/wer"), c=epoch)
    against.set(title="Loss against WER", xlabel="val loss", ylabel="val WER, %")
    for axes in (losses, rates_of_error):
        axes.legend()
    part = path.with_name(path.name + ".part")
    figure.savefig(part, dpi=100, format="png")
    part.rename(path)

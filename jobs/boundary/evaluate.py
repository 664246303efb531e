"""Compare trained refiners with each other and with doing nothing, on speakers that none of them ever heard.

    python -m jobs.boundary.evaluate --model transformer --checkpoint best.pt
    python -m jobs.boundary.evaluate                       the newest best.pt of each job below runs/
    python -m jobs.boundary.evaluate --source PATH         other speech than the training's

Then the best one is put to use: it refines a diarization of the test recordings, and the error rate (DER) is
counted before and after. That diarization is the truth, displaced as a real system displaces it, unless
--hypothesis names a real system's RTTM. Leaves results.json in the run directory.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from jobs.boundary import checkpoint, data, statistics
from jobs.boundary.checkpoint import Saved
from jobs.boundary.decode import Decoder
from jobs.boundary.dialogue import read_audio
from jobs.boundary.examples import Errors, Examples, Window
from jobs.boundary.judge import judge, table
from jobs.boundary.refine import Refiner, settle
from jobs.boundary.rttm import Conversation, Segment, read_conversations, read_rttms, write_rttm
from jobs.boundary.scoring import score
from jobs.boundary.sources import Conversations
from jobs.training.errors import DataError
from jobs.training.report import Report
from models.boundary import MODELS, count_parameters

Figures = dict[str, float]


def find_checkpoints(runs: Path) -> dict[str, Path]:
    """The best.pt of each model's newest run below `runs` (runs are named <job>-<number>)."""
    found: dict[str, Path] = {}
    for model in MODELS:
        numbered = []
        for path in runs.glob(f"{model}-*/best.pt"):
            match = re.fullmatch(rf"{model}-(\d+)", path.parent.name)
            if match:
                numbered.append((int(match[1]), path))
        if numbered:
            found[model] = max(numbered)[1]
    if not found:
        raise DataError(f"No run below {runs} has a best.pt yet: train first, or name one with --checkpoint.")
    return found


def test(saved: Saved, source: str, data_dir: str) -> tuple[Figures, Figures]:
    """The figures of one network and of doing nothing, on the test split."""
    settings = saved.settings
    folder = test_folder(saved, source, data_dir)
    window = Window(tokens=settings.tokens, stride=settings.stride)
    device = torch.device("cpu")
    examples = Examples(data.load(folder, "test"), window, device)
    measured = statistics.load().errors
    judged = judge(
        saved.model,
        examples,
        Errors(measured, window, 0.0),
        Decoder(window, measured, settings.uniform, device),
        autocast=functools.partial(torch.autocast, "cpu", dtype=torch.bfloat16, enabled=False),
    )
    assert judged is not None
    return judged.figures | {"parameters": count_parameters(saved.model)}, judged.nothing


def test_folder(saved: Saved, source: str, data_dir: str) -> Path:
    """The training's examples; of another source, examples made the same way at the same sample rate."""
    recipe = data.recipe_of(saved.settings)
    if source and source != recipe.source:
        recipe = replace(recipe, source=source, sample_rate=recipe.rate())
    return data.prepare(recipe, data_dir or saved.settings.data_dir)


def test_recordings(saved: Saved, source: str, data_dir: str) -> list[Conversation]:
    """The recordings behind the test split, with their true segments."""
    folder = test_folder(saved, source, data_dir)
    if (folder / "test.rttm").exists():
        return read_conversations(folder)
    given = data.speech(
        replace(data.recipe_of(saved.settings), source=source or saved.settings.source), folder
    )
    assert isinstance(given, Conversations)
    return given.test


def displaced(one: Conversation, random: np.random.Generator) -> list[Segment]:
    """The true segments, each boundary as wrong as a real system's; their order stays."""
    errors = statistics.load().errors.draw(2 * len(one.segments), random).reshape(-1, 2)
    wished = [
        Segment(max(0.0, s.start - float(a)), s.stop - float(b), s.speaker)
        for s, (a, b) in zip(one.segments, errors, strict=True)
    ]
    return settle(one.segments, wished)


def integrate(saved: Saved, recordings: list[Conversation], hypothesis: str, run_dir: Path) -> Figures:
    """Refine a diarization of the recordings; DER and boundary errors before and after."""
    random = np.random.default_rng(2024)
    answers = read_rttms(Path(hypothesis)) if hypothesis else {}
    refiner = Refiner(saved)
    before: dict[str, list[Segment]] = {}
    after: dict[str, list[Segment]] = {}
    for one in recordings:
        answer = answers.get(one.uri, []) if hypothesis else displaced(one, random)
        samples = read_audio(one.audio, refiner.rate)
        before[one.uri] = answer
        after[one.uri] = refiner.refine(samples, answer, (one.start, one.stop))
    write_rttm(run_dir / "system.rttm", before)
    write_rttm(run_dir / "refined.rttm", after)
    truth = {one.uri: one.segments for one in recordings}
    parts = {one.uri: (one.start, one.stop) for one in recordings if one.stop != float("inf")}
    was, now = score(truth, before, parts), score(truth, after, parts)
    return {
        "der/before": was["der"],
        "der/after": now["der"],
        "system/mae": was.get("mae", float("nan")),
        "refined/mae": now.get("mae", float("nan")),
    }


def compare(given: argparse.Namespace, run_dir: Path) -> dict[str, Figures]:
    """Test every checkpoint, put the best to use, say and save what came out."""
    paths = (
        {given.model: Path(given.checkpoint)} if given.checkpoint else find_checkpoints(Path(given.runs_dir))
    )
    if given.model != "all" and not given.checkpoint:
        paths = {name: path for name, path in paths.items() if name == given.model}
    report = Report(run_dir)
    results: dict[str, Figures] = {}
    networks: dict[str, Saved] = {}
    nothing: Figures = {}
    for path in paths.values():
        saved = checkpoint.read(path)
        name = saved.settings.model
        report.say(f"{name}: {path}")
        networks[name] = saved
        results[name], nothing = test(saved, given.source, given.data_dir)
    best = min(results, key=lambda name: results[name]["mae"])
    report.say("\n" + table({"do nothing": nothing, **results}) + "\n")
    numbers = {f"{name}/{key}": value for name, row in results.items() for key, value in row.items()}
    numbers |= {f"test/{key}": results[best][key] for key in ("mae", "median", "acc50", "acc100", "acc200")}
    numbers |= {f"test/{key}_zero": nothing[key] for key in ("mae", "median", "acc100")}
    rivals = [row["mae"] for name, row in results.items() if name != "transformer"]
    if rivals:
        numbers["rivals/mae"] = min(rivals)
    recordings = test_recordings(networks[best], given.source, given.data_dir)
    integrated = integrate(networks[best], recordings, given.hypothesis, run_dir)
    report.say(
        f"best: {best}, {results[best]['mae']:.1f} ms where doing nothing leaves {nothing['mae']:.1f} ms\n"
        f"put to use on {len(recordings)} recordings: DER {integrated['der/before']:.2f} % → "
        f"{integrated['der/after']:.2f} %"
    )
    report.log(numbers | integrated, step=1, epoch=1)
    report.close()
    results = {"do nothing": nothing, **results, "put to use": integrated}
    (run_dir / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return results


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 2 when there is something for the user to mend."""
    parser = argparse.ArgumentParser(prog="jobs.boundary.evaluate", description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=["all", *MODELS], default="all")
    parser.add_argument("--checkpoint", default="", help="a best.pt; else the newest below --runs_dir")
    parser.add_argument("--runs_dir", "--runs-dir", default="runs")
    parser.add_argument("--run_dir", "--run-dir", default="", help="where results.json goes")
    parser.add_argument("--source", default="", help="other speech than the training's")
    parser.add_argument("--hypothesis", default="", help="RTTM of a real system for the test recordings")
    parser.add_argument("--data_dir", "--data-dir", default="")
    parser.add_argument("--threads", type=int, default=0)
    given = parser.parse_args(arguments)
    if given.threads:
        torch.set_num_threads(given.threads)
    run_dir = Path(given.run_dir or os.environ.get("TRAINUI_RUN_DIR", "") or "runs/evaluate-by-hand")
    run_dir.mkdir(parents=True, exist_ok=True)
    try:
        compare(given, run_dir)
    except DataError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

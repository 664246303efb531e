"""From speech to examples: exact boundaries, honest windows, the statistics they are drawn from."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from jobs.boundary import data, dialogue, statistics
from jobs.boundary.decode import Decoder, figures
from jobs.boundary.examples import Errors, Examples, Window, disturb
from jobs.boundary.features import BANDS
from jobs.boundary.recipe import Recipe
from jobs.boundary.recordings import ROOM, Recordings, turns
from jobs.boundary.rttm import Segment, read_rttms, write_rttm
from jobs.boundary.statistics import Quantiles
from jobs.training.errors import DataError
from jobs.training.progress import Progress
from models.boundary import Answer

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
WINDOW = Window(tokens=50, stride=4)
RATE = 8_000


def manner(gap: float) -> dialogue.Manner:
    return dialogue.Manner(rate=RATE, turns=6, gaps=Quantiles(values=(gap, gap)))


@pytest.mark.parametrize("gap", [-0.3, 0.0, 0.25])
def test_boundaries_are_exact_to_the_sample(gap: float) -> None:
    """A chunk of constant loudness starts at the very sample its segment names."""
    random = np.random.default_rng(1)
    cast = dialogue.Cast({"a": [], "b": []}, RATE, random)
    cast.names = ["a", "b"]
    for name in cast.names:
        chunk = dialogue.Chunk(samples=np.ones(12_000, dtype=np.float32), speech=(0, 12_000))
        cast.cut[name] = [chunk] * 6
    samples, segments = dialogue.converse(cast, manner(gap), random)
    assert len(segments) == 6
    first = segments[0].start * RATE
    assert first == pytest.approx(round(first), abs=1e-6)
    before, after = samples[round(first) - 200 : round(first)], samples[round(first) : round(first) + 200]
    assert abs(after.mean()) > 4 * abs(before).mean()
    for one, two in pairwise(segments):
        assert one.speaker != two.speaker
        assert two.start - one.stop == pytest.approx(gap, abs=1 / RATE)


def test_a_recording_is_cut_at_its_silences() -> None:
    """0.4 s silence, 1.6 s speech, 0.4 s, 2.2 s, 0.4 s: one chunk of 4.2 s, its pause inside."""
    level = np.full(500, -60.0)
    level[40:200] = level[240:460] = -5.0
    assert list(dialogue.pieces(level)) == [(40, 460)]


@pytest.mark.parametrize(("length", "count"), [(100, 0), (130, 1), (450, 1), (700, 2)])
def test_chunks_are_neither_too_short_nor_too_long(length: int, count: int) -> None:
    """What is too long is cut at its quietest moment."""
    level = np.concatenate([np.full(30, -60.0), np.full(length, -3.0), np.full(30, -60.0)])
    if length > 450:
        level[30 + 350] = -9.0
    found = list(dialogue.pieces(level))
    assert len(found) == count
    assert all(120 <= stop - start <= 450 for start, stop in found)


def test_silence_is_no_speech() -> None:
    assert list(dialogue.pieces(np.zeros(0))) == []


def test_one_voice_at_two_speeds_is_two_people_only_when_they_are_well_apart() -> None:
    cast = dialogue.Cast({}, RATE, np.random.default_rng(0))
    cast.names = ["a"]
    for _ in range(20):
        one, two = cast.people(2, (0.8, 0.85, 0.9, 1.0, 1.1))
        assert max(one.speed / two.speed, two.speed / one.speed) > 1.12


def test_everything_is_said_before_anything_is_said_twice(people: Path) -> None:
    """Three recordings of one chunk each, asked for six times."""
    files = sorted((people / "100").rglob("*.wav"))
    cast = dialogue.Cast({"100": files, "mute": []}, RATE, np.random.default_rng(0))
    assert cast.names == ["100"]
    said = [cast.next("100").samples.tobytes() for _ in range(2 * len(files))]
    assert len(set(said)) == len(files)
    assert len(set(said[:3])) == len(set(said[3:])) == 3


def test_the_voices_around_a_boundary_are_the_neighbours() -> None:
    said = [Segment(1.0, 3.0, "a"), Segment(2.5, 4.0, "b"), Segment(5.0, 6.0, "a")]
    assert turns(said) == [
        (1.0, "", "a", True),
        (2.5, "a", "b", True),
        (3.0, "a", "b", False),
        (4.0, "b", "a", False),
        (5.0, "b", "a", True),
        (6.0, "a", "", False),
    ]


def recordings(time: float, length: int = 600) -> Recordings:
    """One recording whose spectra count themselves, with one boundary `time` spectra into it."""
    ramp = torch.arange(length + 2 * ROOM)[:, None].expand(-1, BANDS)
    return Recordings(
        spectra=ramp.to(torch.float64),
        time=torch.tensor([ROOM + time], dtype=torch.float64),
        left=torch.tensor([1]),
        right=torch.tensor([2]),
        onset=torch.tensor([True]),
        recording=torch.tensor([0]),
        voices=torch.stack([torch.full((3 * BANDS,), float(v)) for v in range(3)]),
    )


@pytest.mark.parametrize("time", [300.0, 300.4, 301.7])
@pytest.mark.parametrize("error", [-0.61, 0.0, 0.333])
@pytest.mark.parametrize("window", [WINDOW, Window(tokens=34, stride=6), Window(tokens=199, stride=2)])
def test_a_window_is_centred_where_the_system_put_the_boundary(
    time: float, error: float, window: Window
) -> None:
    """target says how far the true boundary lies from the window's own centre, rounding and all."""
    examples = Examples(recordings(time), window, torch.device("cpu"))
    batch = examples.batch(torch.tensor([0]), torch.tensor([error]))
    assert batch.frames.shape == (1, window.tokens, 768)
    centre = batch.frames.double().mean().item()
    assert (ROOM + time - centre) * 0.01 == pytest.approx(batch.error.item(), abs=1e-4)
    assert batch.error.item() == pytest.approx(error, abs=0.0051)
    assert batch.target.item() == pytest.approx(batch.error.item() / window.half, abs=1e-5)
    assert batch.left[0, :192].unique().tolist() == [1.0]
    assert batch.right[0, :192].unique().tolist() == [2.0]
    assert (batch.left[0, -1].item(), batch.right[0, -1].item()) == (-1.0, 1.0)


def test_no_window_reaches_into_another_recording() -> None:
    longest = Window(tokens=200, stride=2)
    assert longest.length / 2 + 120 < ROOM


def test_errors_are_as_a_real_systems() -> None:
    """The measured mean absolute error is 205 ms, the median 129 ms."""
    errors = Errors(statistics.load().errors, WINDOW, 0.0)
    drawn = figures(errors.draw(20_000, torch.Generator().manual_seed(0)))
    assert drawn["mae"] == pytest.approx(205, abs=6)
    assert drawn["median"] == pytest.approx(129, abs=6)


def test_disturbing_keeps_what_is_asked_for_and_can_be_left_out() -> None:
    examples = Examples(recordings(300.0), WINDOW, torch.device("cpu"))
    batch = examples.batch(torch.tensor([0]), torch.tensor([0.1]))
    assert disturb(batch, 0.0) is batch
    other = disturb(batch, 1.0)
    assert torch.equal(other.target, batch.target)
    assert torch.equal(other.left[:, -BANDS:], batch.left[:, -BANDS:])
    assert not torch.equal(other.frames, batch.frames)


def test_the_median_of_the_posterior_is_taken_not_its_mean_or_mode() -> None:
    """Three candidates, 40, 35 and 25 % likely: the middle one is the answer."""
    flat = Quantiles(values=tuple(np.linspace(-2, 2, 101)))
    decoder = Decoder(WINDOW, flat, 0.0, torch.device("cpu"))
    decoder.shift.zero_()
    logits = torch.full((1, 50), -30.0)
    logits[0, 10], logits[0, 25], logits[0, 40] = np.log(0.40), np.log(0.35), np.log(0.25)
    found = decoder(Answer(torch.zeros(1), logits)).item()
    assert found == pytest.approx((25 - 24.5) * 0.04, abs=0.02)


def test_a_candidate_far_from_where_errors_are_is_doubted() -> None:
    measured = statistics.load().errors
    decoder = Decoder(WINDOW, measured, 0.5, torch.device("cpu"))
    logits = torch.full((1, 50), -30.0)
    logits[0, 24] = logits[0, 3] = 0.0
    assert abs(decoder(Answer(torch.zeros(1), logits)).item()) < 0.05


def test_figures_are_milliseconds_and_percent() -> None:
    found = figures(torch.tensor([0.01, -0.05, 0.1, -0.4]))
    assert found["mae"] == pytest.approx(140)
    assert (found["acc50"], found["acc100"], found["acc200"]) == (50.0, 75.0, 75.0)


def test_quantiles_draw_what_was_measured() -> None:
    table = statistics.load()
    assert list(table.errors.values) == sorted(table.errors.values)
    assert -1.0 <= table.gaps.values[0] < table.gaps.values[-1] <= 1.5
    drawn = table.gaps.draw(5_000, np.random.default_rng(0))
    assert 0.2 < np.mean(drawn < -0.02) < 0.3


def test_the_table_is_measured_from_rttm(tmp_path: Path) -> None:
    truth = [Segment(float(n), n + 0.9, "ab"[n % 2]) for n in range(20)]
    (tmp_path / "ref").mkdir()
    write_rttm(tmp_path / "ref" / "x.rttm", {"x": truth})
    moved = [Segment(s.start + 0.05, s.stop + 0.05, s.speaker) for s in truth]
    write_rttm(tmp_path / "sys.rttm", {"x": moved})
    text = statistics.measure(tmp_path / "ref", tmp_path / "sys.rttm")
    (tmp_path / "statistics.toml").write_text(text)
    table = statistics.load(tmp_path / "statistics.toml")
    assert table.gaps.at(0.5) == pytest.approx(0.1, abs=1e-4)
    assert table.errors.at(0.5) == pytest.approx(-0.05, abs=1e-4)


@pytest.mark.skipif(not (SHARED / "vbx_output").exists(), reason=f"skipped: no {SHARED}")
def test_the_table_that_ships_is_what_its_command_prints() -> None:
    text = statistics.measure(
        SHARED / "voxconverse_rttm" / "dev", SHARED / "vbx_output" / "offline_vbx_VoxConverse.rttm"
    )
    assert text == statistics.TABLE.read_text()


def recipe(people: Path) -> Recipe:
    return Recipe(
        source=str(people),
        sample_rate=RATE,
        dialogues=2,
        val_dialogues=1,
        test_dialogues=2,
        turns=3,
        speeds=(1.0,),
    )


def test_examples_are_built_once_and_found_again(people: Path, tmp_path: Path) -> None:
    said: list[str] = []
    one = data.prepare(recipe(people), str(tmp_path), said.append)
    assert any("building" in line for line in said)
    said.clear()
    assert data.prepare(recipe(people), str(tmp_path), said.append) == one
    assert said == []
    heard = read_rttms(one / "test.rttm")
    assert sum(len(found) for found in heard.values()) == 6
    assert len(data.load(one, "test").time) == 12


def test_the_same_recipe_gives_the_same_examples(people: Path, tmp_path: Path) -> None:
    one, two = (data.prepare(recipe(people), str(tmp_path / name), lambda text: None) for name in "ab")
    for split in ("train", "val", "test"):
        for mine, theirs in zip(
            data.load(one, split).tensors().values(), data.load(two, split).tensors().values(), strict=True
        ):
            assert torch.equal(mine, theirs)


def test_three_trainings_at_once_build_once(people: Path, tmp_path: Path) -> None:
    def build(number: int) -> list[str]:
        lines: list[str] = []
        data.prepare(recipe(people), str(tmp_path), lines.append)
        return lines

    with ThreadPoolExecutor(3) as pool:
        said = list(pool.map(build, range(3)))
    assert sum(any("building boundary examples:" in line for line in lines) for lines in said) == 1


def test_speech_too_short_to_converse_is_explained(tmp_path: Path) -> None:
    for name in "abcd":
        path = tmp_path / "speech" / name / "a.wav"
        path.parent.mkdir(parents=True)
        soundfile.write(path, np.random.default_rng(0).standard_normal(4_000) * 0.1, RATE)
    with pytest.raises(DataError, match="longer recordings or more speakers"):
        data.prepare(recipe(tmp_path / "speech"), str(tmp_path), lambda text: None)


def test_progress_is_a_line_each_tenth_away_from_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(100, "examples")
    for _ in range(100):
        progress.step()
    lines = capsys.readouterr().err.splitlines()
    assert 10 <= len(lines) <= 11
    assert "100%" in lines[-1]


def test_conversations_of_a_folder_become_examples(tmp_path: Path) -> None:
    """Two recordings with RTTM: one to learn from, one held out and therefore both val and test."""
    folder = tmp_path / "speech"
    folder.mkdir()
    random = np.random.default_rng(0)
    for uri, names in (("trñ00", "ab"), ("dev00", "cd")):
        soundfile.write(folder / f"{uri}.wav", random.standard_normal(RATE * 8) * 0.1, RATE)
        said = [Segment(1.0, 3.0, names[0]), Segment(3.5, 6.0, names[1])]
        write_rttm(folder / f"{uri}.rttm", {uri: said})
    folder = data.prepare(recipe(folder), str(tmp_path), lambda text: None)
    assert [len(data.load(folder, split).time) for split in ("train", "val", "test")] == [4, 4, 4]


@pytest.mark.skipif(not (SHARED / "ami_excerpts").exists(), reason=f"skipped: no {SHARED}")
def test_real_ami_excerpts_become_examples(tmp_path: Path) -> None:
    folder = data.prepare(Recipe(source=str(SHARED / "ami_excerpts")), str(tmp_path), lambda text: None)
    assert len(data.load(folder, "train").time) > 30
    assert len(data.load(folder, "test").time) > 5

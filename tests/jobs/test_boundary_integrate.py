"""Put to use on a real system's answer: its own command, its own errors, and whether refining does harm there."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from jobs.boundary import baseline, integrate, train
from jobs.boundary.integrate import followed
from jobs.boundary.rttm import Conversation, Segment, read_rttms, write_rttm
from jobs.boundary.system import diarized
from jobs.training.errors import DataError
from tests.jobs.conftest import RATE, hum

FAKE = """
import sys; from pathlib import Path
audio, out = map(Path, sys.argv[1:])
(audio.parent / 'calls').open('a').write(audio.stem + '\\n')
out.write_text('SPEAKER anything 1 0.350 1.900 <NA> <NA> s0 <NA> <NA>\\nSPEAKER anything 1 2.600 2.300 <NA> <NA> s1 <NA> <NA>\\n')
"""
TRUTH = [Segment(0.5, 2.1, "a"), Segment(2.5, 4.7, "b")]


@pytest.fixture
def meeting(tmp_path: Path) -> Path:
    """A recording of two people who hum one after the other, with its RTTM."""
    folder = tmp_path / "meeting"
    folder.mkdir()
    samples = np.zeros(RATE * 6, dtype=np.float32)
    for one, pitch in zip(TRUTH, (90.0, 240.0), strict=True):
        samples[round(one.start * RATE) : round(one.stop * RATE)] = hum(pitch, one.stop - one.start, 1)
    soundfile.write(folder / "x.wav", samples, RATE)
    write_rttm(folder / "x.rttm", {"x": TRUTH})
    return folder


@pytest.fixture
def command(tmp_path: Path) -> str:
    """A system installed here: always the same answer, under a name of its own."""
    (tmp_path / "system.py").write_text(FAKE)
    return f"{shlex.quote(sys.executable)} {tmp_path / 'system.py'} {{audio}} {{out}}"


def test_each_true_boundary_is_followed_from_the_system_to_the_refiner() -> None:
    """The match is the system's: a boundary that flees to another true one is as wrong as it is."""
    before = [Segment(0.4, 2.2, "s"), Segment(2.4, 9.0, "t")]
    after = [Segment(0.5, 2.5, "s"), Segment(2.6, 9.0, "t")]
    found = followed(TRUTH, before, after)
    assert found == [pytest.approx(pair) for pair in [(0.1, 0.0), (-0.1, -0.4), (0.1, -0.1)]]


def test_harm_on_a_real_systems_errors_is_measured(
    tiny: list[str], tmp_path: Path, meeting: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main([*tiny, "--epochs", "1", "--run_dir", str(tmp_path / "runs/mlp-1")]) == 0
    out = tmp_path / "out"
    flags = ["--runs_dir", str(tmp_path / "runs"), "--run_dir", str(out), "--source", str(meeting)]
    assert integrate.main([*flags, "--diarizen", command]) == 0
    found = json.loads((out / "results.json").read_text())
    assert found["real/matched"] == 4
    assert found["real/mae_zero"] == pytest.approx((150 + 150 + 100 + 200) / 4, abs=0.1)
    assert found["real/mae"] > 0
    assert found["der/oracle"] == pytest.approx(0.0, abs=1e-6)
    assert found["der/before"] == pytest.approx(100 * (0.15 + 0.15 + 0.1 + 0.2) / 3.8, abs=1e-3)
    said = capsys.readouterr().out
    assert "DER with ±0.25 s around reference boundaries left out, overlapping speech left out" in said
    assert "4 a real system's boundaries" in said
    assert read_rttms(out / "refined.rttm").keys() == {"x"}


def test_without_a_system_what_is_refined_is_called_made_up(
    tiny: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main([*tiny, "--epochs", "1", "--run_dir", str(tmp_path / "runs/mlp-1")]) == 0
    flags = ["--runs_dir", str(tmp_path / "runs"), "--run_dir", str(tmp_path / "out")]
    assert integrate.main(flags) == 0
    found = json.loads((tmp_path / "out/results.json").read_text())
    assert {"der/before", "der/after", "der/oracle", "system/mae"} <= found.keys()
    assert not any(name.startswith("real/") for name in found)
    assert "no system was given" in capsys.readouterr().out


def test_a_systems_command_is_run_once_for_each_recording(
    tmp_path: Path, meeting: Path, command: str
) -> None:
    one = Conversation(uri="x", audio=meeting / "x.wav", segments=tuple(TRUTH))
    for _ in range(2):
        assert [s.speaker for s in diarized(command, [one], tmp_path / "made")["x"]] == ["s0", "s1"]
    assert (meeting / "calls").read_text() == "x\n"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("diarizen-is-not-here {audio} {out}", "no command 'diarizen-is-not-here' here. Install DiariZen"),
        ("true {audio}", r"needs \{audio\} and \{out\}"),
        ("false {audio} {out}", "false ended with 1 on .*x.wav: it said nothing"),
        ("true {audio} {out}", "true wrote no RTTM for"),
    ],
)
def test_a_system_that_cannot_answer_says_why(
    tmp_path: Path, meeting: Path, line: str, sentence: str
) -> None:
    one = Conversation(uri="x", audio=meeting / "x.wav", segments=tuple(TRUTH))
    with pytest.raises(DataError, match=sentence):
        diarized(line, [one], tmp_path / "made")


def test_the_baseline_runs_the_system_and_says_how_its_error_was_counted(
    tiny: list[str], tmp_path: Path, meeting: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    known = dict(zip(tiny[::2], tiny[1::2], strict=True))
    flags = [part for name in ("--data", "--source", "--data_dir") for part in (name, known[name])]
    flags += ["--audio", str(meeting), "--reference", str(meeting), "--diarizen", command]
    assert baseline.main([*flags, "--run_dir", str(tmp_path / "out")]) == 0
    found = json.loads((tmp_path / "out/results.json").read_text())
    assert found["der"] == pytest.approx(100 * 0.6 / 3.8, abs=1e-3)
    assert found["system/oracle"] == pytest.approx(0.0, abs=1e-6)
    assert "(no collar, overlapping speech scored)" in capsys.readouterr().out

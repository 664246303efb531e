"""Where speech comes from: layouts, who is held out, Debian's packages, and what is said when there is none."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import numpy as np
import pytest
import soundfile

from jobs.boundary import debian
from jobs.boundary.rttm import (
    Conversation,
    Segment,
    find_audio,
    read_conversations,
    read_rttms,
    read_uems,
    write_rttm,
)
from jobs.boundary.sources import (
    Conversations,
    Voices,
    audio_files,
    open_folder,
    split_conversations,
    together,
)
from jobs.training.errors import DataError

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def needs(folder: Path) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not folder.exists(), reason=f"skipped: no {folder}")


def conversation(uri: str, *speakers: str, split: str = "") -> Conversation:
    segments = tuple(Segment(float(n), n + 0.9, name) for n, name in enumerate(speakers))
    return Conversation(uri=uri, audio=Path(f"{uri}.wav"), segments=segments, split=split)


def test_a_folder_per_speaker_holds_some_speakers_out_entirely(people: Path) -> None:
    voices = open_folder(people)
    assert isinstance(voices, Voices)
    assert len(voices.train) == 4
    assert len(voices.held_out) == 2
    assert not voices.train.keys() & voices.held_out.keys()
    assert len(voices.files()) == 18


def test_librispeech_subsets_keep_their_own_split(tmp_path: Path) -> None:
    for subset, speaker in [
        ("train-clean-100", "1"),
        ("train-clean-100", "2"),
        ("dev-clean", "3"),
        ("dev-clean", "4"),
    ]:
        path = tmp_path / subset / speaker / "9" / f"{speaker}-9-0000.flac"
        path.parent.mkdir(parents=True)
        soundfile.write(path, np.zeros(1600), 16_000)
    voices = open_folder(tmp_path)
    assert isinstance(voices, Voices)
    assert sorted(voices.train) == ["1", "2"]
    assert sorted(voices.held_out) == ["3", "4"]


@pytest.mark.parametrize("name", ["silence/1.wav", "beep.wav", "ascending-2tone.wav", "conf-bgmusic.wav"])
def test_what_is_no_speech_is_passed_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    for path in (tmp_path / name, tmp_path / "tonight.wav"):
        path.write_bytes(b"")
    assert [path.name for path in audio_files(tmp_path)] == ["tonight.wav"]


def test_meetings_that_share_a_person_stay_on_one_side() -> None:
    """AMI's labels are people: a chain of meetings with common members is one group."""
    found = [
        conversation("a", "ann", "bob"),
        conversation("b", "bob", "cy"),
        conversation("c", "cy"),
        conversation("d", "di"),
    ]
    groups = together(found)
    assert groups[0] == groups[1] == groups[2] != groups[3]
    split = split_conversations(found)
    heard = {name for one in split.train for name in one.speakers()}
    assert not heard & {name for one in split.held_out for name in one.speakers()}


def test_voxconverse_numbers_its_speakers_anew_in_every_file() -> None:
    found = [conversation(uri, "spk00", "spk01") for uri in "abcd"]
    assert len(set(together(found))) == 4


def test_an_official_split_wins_but_a_speaker_on_both_sides_leaves_training() -> None:
    found = [
        conversation("a", "ann", split="train"),
        conversation("b", "bob", split="train"),
        conversation("c", "bob", split="dev"),
        conversation("d", "di", split="test"),
    ]
    split = split_conversations(found)
    assert [one.uri for one in split.train] == ["a"]
    assert [one.uri for one in split.held_out] == ["c", "d"]
    assert "left out" in split.about


def test_audio_is_found_under_amis_and_voxconverses_names(tmp_path: Path) -> None:
    (tmp_path / "amicorpus/ES2011a/audio").mkdir(parents=True)
    (tmp_path / "amicorpus/ES2011a/audio/ES2011a.Mix-Headset.wav").touch()
    (tmp_path / "abjxc.wav").touch()
    (tmp_path / "only_words/rttms/dev").mkdir(parents=True)
    write_rttm(tmp_path / "only_words/rttms/dev/ES2011a.rttm", {"ES2011a": [Segment(1.0, 2.5, "MEE012")]})
    write_rttm(tmp_path / "abjxc.rttm", {"abjxc": [Segment(0.4, 7.04, "spk00")]})
    (tmp_path / "ES2011a.uem").write_text("ES2011a 1 0.000 1113.845375\n")
    vox, ami = sorted(read_conversations(tmp_path), key=lambda one: one.audio.name, reverse=True)
    assert (vox.uri, vox.segments, vox.split) == ("abjxc", (Segment(0.4, 7.04, "spk00"),), "")
    assert (ami.uri, ami.split, ami.stop) == ("ES2011a", "dev", 1113.845375)


def test_rttm_survives_being_written_and_read(tmp_path: Path) -> None:
    said = {"one": [Segment(0.123456, 1.654321, "MÉO069"), Segment(1.0, 3.0, "b")]}
    write_rttm(tmp_path / "a.rttm", said)
    write_rttm(tmp_path / "again.rttm", said)
    assert read_rttms(tmp_path)["one"] == pytest.approx(said["one"])


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("SPEAKER x 1 0.0 1.0", "line 2: 5 fields; expected `SPEAKER <recording>"),
        ("SPEAKER x 1 zero 1.0 <NA> <NA> a <NA> <NA>", "line 2: 'zero' is no time in seconds"),
        ("SPEAKER x 1 0.0 nan <NA> <NA> a <NA> <NA>", "line 2: 'nan' is no time in seconds"),
        ("SPEAKER x 1 -1 1.0 <NA> <NA> a <NA> <NA>", "line 2: '-1' is no time in seconds"),
        ("34.27 44.39 speech", "line 2: '34.27' begins no RTTM line"),
    ],
)
def test_a_line_that_is_no_rttm_is_named(tmp_path: Path, line: str, sentence: str) -> None:
    path = tmp_path / "a.rttm"
    path.write_text(f"SPKR-INFO x 1 <NA> <NA> <NA> unknown a <NA>\n{line}\n")
    with pytest.raises(DataError, match=sentence) as caught:
        read_rttms(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("x 1 0.0", "line 1: 3 fields; expected `<recording> <channel> <start> <end>`"),
        ("x NA 5.0 end", "line 1: 'end' is no time in seconds"),
        ("x NA 5.0 5.0", "line 1: it ends at 5.0, before it starts"),
    ],
)
def test_a_line_that_is_no_uem_is_named(tmp_path: Path, line: str, sentence: str) -> None:
    (tmp_path / "a.uem").write_text(line + "\n")
    with pytest.raises(DataError, match=sentence):
        read_uems(tmp_path)


def test_comments_and_byte_order_marks_and_empty_segments_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.rttm"
    lines = [
        ";; made by hand",
        "",
        "SPEAKER x 1 1.0 0.0 <NA> <NA> a <NA>",
        "SPEAKER x 1 1.0 2.0 <NA> <NA> a <NA>",
    ]
    path.write_text("\ufeff" + "\n".join(lines), encoding="utf-8")
    assert read_rttms(path) == {"x": [Segment(1.0, 3.0, "a")]}


def test_files_that_disagree_about_a_recording_are_not_added_up(tmp_path: Path) -> None:
    write_rttm(tmp_path / "truth.rttm", {"x": [Segment(0.0, 1.0, "a")]})
    write_rttm(tmp_path / "system.rttm", {"x": [Segment(0.0, 1.1, "a")]})
    with pytest.raises(DataError, match="say different things about x"):
        read_rttms(tmp_path)


def test_a_recording_in_dev_and_in_test_is_refused(tmp_path: Path) -> None:
    for split in ("dev", "test"):
        (tmp_path / split).mkdir()
        write_rttm(tmp_path / split / "x.rttm", {"x": [Segment(0.0, 1.0, "a")]})
    with pytest.raises(DataError, match=r"x is in dev .* and in test"):
        read_rttms(tmp_path)


def test_voxconverse_learns_from_dev_and_never_sees_test() -> None:
    found = [conversation(f"d{n}", "spk00", "spk01", split="dev") for n in range(10)]
    found += [conversation(f"t{n}", "spk00", "spk01", split="test") for n in range(3)]
    split = split_conversations(found)
    assert (len(split.train), len(split.val), len(split.test)) == (8, 2, 3)
    assert {one.split for one in [*split.train, *split.val]} == {"dev"}
    assert {one.split for one in split.test} == {"test"}
    with pytest.raises(DataError, match="Only a test split is there"):
        split_conversations(found[10:])


def test_amis_dev_is_val_and_its_test_is_test() -> None:
    names = ("train", "train", "dev", "test")
    found = [conversation(f"m{n}", f"p{n}", split=split) for n, split in enumerate(names)]
    split = split_conversations(found)
    assert [[one.uri for one in side] for side in (split.train, split.val, split.test)] == [
        ["m0", "m1"],
        ["m2"],
        ["m3"],
    ]


def test_of_a_meetings_channels_the_mix_is_heard(tmp_path: Path) -> None:
    for name in ("Array1-01", "Headset-0", "Mix-Headset"):
        (tmp_path / f"ES2011a.{name}.wav").touch()
    assert find_audio(tmp_path)["ES2011a"].name == "ES2011a.Mix-Headset.wav"


def test_rttm_without_audio_says_which_names_are_looked_for(tmp_path: Path) -> None:
    write_rttm(tmp_path / "a.rttm", {"abjxc": [Segment(0.0, 1.0, "a")]})
    with pytest.raises(DataError, match=r"audio for none of them: expected abjxc\.wav"):
        open_folder(tmp_path)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path / "nowhere", "is not a folder"),
        (lambda path: path, "holds 0 speakers"),
    ],
)
def test_a_folder_without_speech_is_explained(tmp_path: Path, make: object, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        open_folder(make(tmp_path))  # type: ignore[operator]


def test_no_person_is_both_learnt_from_and_tested_on_in_debians_prompts() -> None:
    """The English and the Spanish prompts are one woman's; languages must not overlap either."""
    sides = {
        held: {(one.speaker, one.folder[:2]) for one in debian.PACKAGES if one.held_out is held}
        for held in (True, False)
    }
    for part in (0, 1):
        assert not {one[part] for one in sides[True]} & {one[part] for one in sides[False]}
    by_name = {one.folder.split("_")[-1]: one.speaker for one in debian.PACKAGES}
    assert len(set(by_name.values())) == len(by_name)


def tool(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(path.stat().st_mode | stat.S_IEXEC)


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An apt whose only package is four bytes long, on an otherwise usual PATH."""
    tools = tmp_path / "tools"
    facts = f"Package: voice\nVersion: 1\nSize: 4\nSHA256: {hashlib.sha256(b'real').hexdigest()}\n"
    (tmp_path / "facts").write_text(facts)
    tool(tools, "apt-cache", f'case "$*" in *voice*) cat {tmp_path}/facts;; esac\n')
    tool(tools, "apt-get", f"cp {tmp_path}/remote voice_1_all.deb 2>/dev/null || echo 'E: no network' >&2\n")
    tool(tools, "dpkg-deb", 'mkdir -p "$3/usr" && cp "$2" "$3/usr/voice"\n')
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    return tmp_path


def test_a_package_is_fetched_checked_and_unpacked(archive: Path) -> None:
    (archive / "remote").write_bytes(b"real")
    debian.fetch("voice", archive / "home")
    assert (archive / "home/voice/usr/voice").read_bytes() == b"real"
    assert list((archive / "home/downloads").iterdir()) == []


def test_a_package_that_arrives_changed_is_refused(archive: Path) -> None:
    (archive / "remote").write_bytes(b"fake")
    with pytest.raises(DataError, match=r"did not arrive as the archive describes it.*--source PATH"):
        debian.fetch("voice", archive / "home")
    assert not (archive / "home/voice").exists()


def test_a_package_that_cannot_be_fetched_says_why_and_what_to_give_instead(archive: Path) -> None:
    with pytest.raises(DataError, match=r"could not be fetched \(no network\).*--source PATH"):
        debian.fetch("voice", archive / "home")


def test_a_package_that_apt_does_not_know_is_looked_for_in_lists_of_our_own(archive: Path) -> None:
    with pytest.raises(DataError, match="apt knows no noise"):
        debian.fetch("noise", archive / "home")
    assert (archive / "home/apt/lists").is_dir()


def test_without_apt_one_sentence_says_what_to_give_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match="there is no apt-get here: give a folder of speech with"):
        debian.fetch("voice", tmp_path)


@needs(SHARED / "librispeech_test-other")
def test_real_librispeech_is_read() -> None:
    voices = open_folder(SHARED / "librispeech_test-other")
    assert isinstance(voices, Voices)
    assert (len(voices.train), len(voices.held_out), len(voices.files())) == (8, 2, 100)


@needs(SHARED / "ami_excerpts")
def test_real_ami_excerpts_are_split_by_their_people() -> None:
    """One of the people has a name beyond ASCII."""
    found = open_folder(SHARED / "ami_excerpts")
    assert isinstance(found, Conversations)
    heard = {name for one in found.train for name in one.speakers()}
    assert not heard & {name for one in found.held_out for name in one.speakers()}
    assert any(not name.isascii() for one in [*found.train, *found.held_out] for name in one.speakers())

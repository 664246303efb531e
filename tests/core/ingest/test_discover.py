"""Finding what a script leaves: by name in the run directory, whatever lies elsewhere by its bytes."""

import os

import pytest

from trainui.core.ingest import discover
from trainui.core.ingest.discover import Finder, Found, form_of, newest_copy, prefix_for


def make(folder, path, text='{"step": 1, "loss": 0.5}\n'):
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_streams_are_found_at_any_depth_and_new_ones_at_the_next_look(tmp_path):
    make(tmp_path, "a.log.json")
    finder = Finder(tmp_path)
    assert finder.look() == ["a.log.json"]
    make(tmp_path, "deep/er/b.log.json")
    assert finder.look() == ["a.log.json", "deep/er/b.log.json"]
    assert finder.look() == ["a.log.json", "deep/er/b.log.json"]


def test_a_file_made_in_the_same_tick_as_the_last_look_is_found(tmp_path):
    finder = Finder(tmp_path)
    for number in range(50):
        make(tmp_path, f"{number:02}.log.json")
        assert len(finder.look()) == number + 1


def test_hidden_folders_and_links_are_not_followed(tmp_path):
    make(tmp_path, "outside/x.log.json")
    run = tmp_path / "run"
    make(run, ".cache/y.log.json")
    (run / "link").symlink_to(tmp_path / "outside")
    (run / "z.log.json").symlink_to(tmp_path / "outside" / "x.log.json")
    assert Finder(run).look() == []


def test_a_loop_of_many_folders_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(discover, "MOST_FOLDERS", 20)
    for number in range(40):
        make(tmp_path, f"{number:02}/a.log.json")
    assert 0 < len(Finder(tmp_path).look()) < 20


def test_a_data_set_of_many_folders_hides_no_logs_and_old_runs_hide_no_new_one(tmp_path, monkeypatch):
    monkeypatch.setattr(discover, "MOST_FOLDERS", 60)
    for number in range(100):
        (tmp_path / "data" / "train" / f"n{number:03}").mkdir(parents=True)
        old = make(tmp_path, f"lightning_logs/version_{number}/a.log.json").parent
        os.utime(old, (number, number))
    deep = "outputs/2026-11-21/11-22-33/logs/a.log.json"
    make(tmp_path, deep)
    found = Finder(tmp_path).look()
    assert deep in found
    assert "lightning_logs/version_99/a.log.json" in found
    assert len(found) < 60


def test_a_file_is_a_stream_once_it_shows_what_it_is(tmp_path):
    file = make(tmp_path, "a.log.json", "")
    finder = Finder(tmp_path)
    assert finder.fresh(["a.log.json"], []) == []
    file.write_text('{"step": 1, "loss": 0.5}\n')
    assert finder.fresh(["a.log.json"], []) == [Found(path="a.log.json", kind="jsonl")]
    assert finder.fresh(["a.log.json"], [Found(path="a.log.json", kind="jsonl")]) == []


def test_a_text_without_structure_is_a_stream_only_where_it_was_named(tmp_path):
    make(tmp_path, "train.log", "epoch 1 loss 0.5\n")
    assert Finder(tmp_path).fresh(["train.log"], []) == []
    assert Finder(tmp_path).fresh(["train.log"], [], printed=True) == [Found(path="train.log", kind="log")]


def test_a_pipe_or_a_folder_in_its_place_is_passed_over(tmp_path):
    os.mkfifo(tmp_path / "a.log.json")
    (tmp_path / "b.log.json").mkdir()
    assert form_of(tmp_path / "a.log.json", printed=True) is None
    assert form_of(tmp_path / "b.log.json", printed=True) is None


@pytest.mark.parametrize(
    ("paths", "prefixes"),
    [
        (["tb/events.1", "tb/events.2"], ["", ""]),
        (["logs/train/events.1", "logs/validation/events.1"], ["train/", "val/"]),
        (["tb/events.1", "tb/loss_train/events.1", "tb/loss_val/events.1"], ["", "loss_train/", "loss_val/"]),
        (["v/version_0/metrics.csv", "v/version_1/metrics.csv"], ["", "version_1/"]),
        (["/out/a/metrics.csv", "metrics.csv"], ["", "top/"]),
        (["metrics.csv", "/out/a/metrics.csv"], ["", "a/"]),
        (["train_log.csv", "val_log.csv", "other.csv"], ["", "val/", "other/"]),
    ],
)
def test_files_of_other_folders_do_not_mix_their_names(paths, prefixes):
    known = []
    for path, prefix in zip(paths, prefixes, strict=True):
        kind = "tensorboard" if "events" in path else "csv"
        known.append(Found(path=path, kind=kind, prefix=prefix_for(path, kind, known)))
        assert known[-1].prefix == prefix


def test_of_a_history_with_copies_the_newest_is_read(tmp_path):
    top = tmp_path / "trainer_state.json"
    for number, at in ((500, 100), (1000, 200)):
        os.utime(make(tmp_path, f"checkpoint-{number}/trainer_state.json"), (at, at))
    assert newest_copy(top) == tmp_path / "checkpoint-1000" / "trainer_state.json"
    os.utime(make(tmp_path, "trainer_state.json"), (300, 300))
    assert newest_copy(top) == top

"""The streams of a run: found, followed while they grow, rewritten, emptied or replaced, each point once."""

import json
import os
import shutil
import time

import pytest

from trainui.core import following
from trainui.core.following import BEFORE, FOUND, SHRUNK, told
from trainui.core.ingest.follow import size_and_mark
from trainui.core.store.read import Reader
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import atomic, connect
from trainui.core.store.streams import StreamWriter
from trainui.core.watching import Watch


class Followed:
    """A run whose files are read as the manager does, by a new Watch each time when `forgets`."""

    def __init__(self, folder, *, files=(), forgets=False):
        self.project = folder
        (folder / "runs" / "a-1").mkdir(parents=True)
        self.db = connect(folder / "runs.db")
        self.folder = folder / "runs" / "a-1"
        self.forgets = forgets
        spec = {"job": {"name": "a", "command": ["true"]}, "metrics": {"files": list(files)}}
        payload = {"job": "a", "study": "a", "spec": json.dumps(spec), "project": str(folder)}
        with atomic(self.db):
            self.run = RunWriter(self.db).add(
                "a-1", payload, directory=self.folder, queued_at=time.time() - 60
            )
        self._watch = None
        self.now = time.time()

    def read(self, *, final=False, opened=(), seconds=10.0):
        self.now += seconds
        if self._watch is None or self.forgets:
            self._watch = Watch(self.db, self.run, StreamWriter(self.db))
        self._watch.find(opened, now=self.now, final=final)
        self._watch.read(now=self.now, final=final)

    def curve(self, metric):
        return [(point.step, point.value) for point in Reader(self.project / "runs.db").curve("a-1", metric)]

    def metrics(self):
        return {one.metric: one.points for one in Reader(self.project / "runs.db").metrics("a-1")}


@pytest.fixture(params=[False, True], ids=["one manager", "a new manager each time"])
def followed(tmp_path, request):
    return Followed(tmp_path, forgets=request.param)


def csv(*rows):
    return "step,val/loss\n" + "".join(f"{step},{value}\n" for step, value in rows)


def test_a_table_in_the_run_directory_is_found_and_followed(followed):
    file = followed.folder / "metrics.csv"
    file.write_text(csv((1, 0.5)))
    followed.read()
    with file.open("a") as log:
        log.write("2,0.25\n3,0.")
    followed.read()
    assert followed.curve("val/loss") == [(1, 0.5), (2, 0.25)]
    with file.open("a") as log:
        log.write("125")
    followed.read(final=True)
    assert followed.curve("val/loss") == [(1, 0.5), (2, 0.25), (3, 0.125)]
    assert [one.path for one in told(followed.folder)] == ["metrics.csv"]


def test_a_table_that_is_written_anew_each_time_gives_each_row_once(followed):
    """As pandas does: emptied, then filled; or written beside and renamed."""
    file = followed.folder / "metrics.csv"
    rows = [(step, step / 8) for step in range(1, 6)]
    for count in (2, 3):
        file.write_text(csv(*rows[:count]))
        followed.read()
    file.write_text("")
    followed.read(seconds=1)
    file.write_text(csv(*rows[:1]))
    followed.read(seconds=1)
    file.write_text(csv(*rows[:4]))
    followed.read(seconds=1)
    beside = followed.folder / "metrics.csv.tmp"
    beside.write_text(csv(*rows))
    beside.rename(file)
    followed.read(final=True)
    assert followed.curve("val/loss") == rows


def test_a_file_that_stays_short_was_truncated_and_is_read_again(tmp_path):
    followed = Followed(tmp_path)
    file = followed.folder / "metrics.csv"
    file.write_text(csv((1, 0.5), (2, 0.25)))
    followed.read()
    file.write_text(csv((7, 0.7)))
    followed.read(seconds=0)
    assert followed.curve("val/loss") == [(1, 0.5), (2, 0.25)]
    followed.read(seconds=SHRUNK + 1)
    assert followed.curve("val/loss") == [(1, 0.5), (2, 0.25), (7, 0.7)]


def test_a_history_rewritten_whole_gives_what_is_new(followed):
    def state(entries):
        history = [{"step": 10 * n, "epoch": n / 2, "loss": 1 / n} for n in range(1, entries + 1)]
        return json.dumps({"global_step": 10 * entries, "log_history": history})

    for entries in (1, 2, 4):
        folder = followed.folder / "out" / f"checkpoint-{10 * entries}"
        folder.mkdir(parents=True)
        (folder / "trainer_state.json").write_text(state(entries))
        os.utime(folder / "trainer_state.json", (entries, entries))
        followed.read()
    (followed.folder / "out" / "trainer_state.json").write_text(state(5)[:-20])  # caught half-written
    followed.read()
    (followed.folder / "out" / "trainer_state.json").write_text(state(5))
    followed.read(final=True)
    assert followed.curve("loss") == [(10 * n, 1 / n) for n in range(1, 6)]
    assert [one.path for one in told(followed.folder)] == ["out/trainer_state.json"]


def test_event_files_of_two_writers_keep_their_names_apart(followed):
    tensorboard = pytest.importorskip("torch.utils.tensorboard")
    for phase, value in (("train", 0.5), ("validation", 0.25)):
        writer = tensorboard.SummaryWriter(str(followed.folder / "logs" / phase))
        writer.add_scalar("epoch_loss", value, 3)
        writer.close()
    followed.read(final=True)
    assert followed.curve("train/epoch_loss") == [(3, 0.5)]
    assert followed.curve("val/epoch_loss") == [(3, 0.25)]


def test_what_a_script_holds_open_elsewhere_is_followed(followed, tmp_path):
    elsewhere = tmp_path / "elsewhere" / "history.csv"
    elsewhere.parent.mkdir()
    elsewhere.write_text(csv((1, 0.5)))
    followed.read(opened=[str(elsewhere), str(followed.folder / "output.log")])
    with elsewhere.open("a") as log:
        log.write("2,0.25\n")
    followed.read(final=True)
    assert followed.curve("val/loss") == [(1, 0.5), (2, 0.25)]


def test_files_the_spec_names_are_followed_if_this_run_wrote_them(tmp_path):
    followed = Followed(tmp_path, files=["out/{run}/*.csv", "logs/train*.txt"])
    (tmp_path / "out" / "a-1").mkdir(parents=True)
    (tmp_path / "logs").mkdir()
    (tmp_path / "out" / "a-1" / "x.csv").write_text(csv((1, 0.5)))
    (tmp_path / "logs" / "train_old.txt").write_text("step 1 loss 9.0\n")
    os.utime(tmp_path / "logs" / "train_old.txt", (1, 1))
    (tmp_path / "logs" / "train_new.txt").write_text("step 1 loss 0.5\n")
    followed.read(final=True)
    assert followed.metrics() == {"val/loss": 1, "loss": 1}
    assert followed.curve("loss") == [(1, 0.5)]
    assert not [event for event in Reader(tmp_path / "runs.db").events() if "found nothing" in event.text]


def test_a_name_of_the_spec_that_found_nothing_is_told_at_the_end(tmp_path):
    followed = Followed(tmp_path, files=["nothing/*.csv"])
    followed.read()
    followed.read(final=True)
    (told,) = [event.text for event in Reader(tmp_path / "runs.db").events() if event.kind == "stream"]
    assert told == "files: nothing/*.csv found nothing"


def test_the_same_metric_from_two_sources_counts_once(followed):
    (followed.folder / "metrics.jsonl").write_text('{"step": 1, "metrics": {"val/loss": 0.5}}\n')
    (followed.folder / "metrics.csv").write_text(csv((1, 0.5), (2, 0.25)))
    followed.read(final=True)
    assert followed.curve("val/loss") == [(1, 0.5)]


def test_a_list_of_streams_that_makes_no_sense_is_made_anew(followed):
    (followed.folder / FOUND).write_text('{"streams": [{"path": 3}]}')
    (followed.folder / "metrics.csv").write_text(csv((1, 0.5)))
    followed.read(final=True)
    assert followed.curve("val/loss") == [(1, 0.5)]
    assert [one.path for one in told(followed.folder)] == ["metrics.csv"]


def test_a_run_directory_full_of_samples_costs_little(tmp_path, monkeypatch):
    """No format watches for them, so none is opened."""
    followed = Followed(tmp_path)
    (followed.folder / "samples").mkdir()
    for number in range(300):
        (followed.folder / "samples" / f"{number}.png").write_bytes(b"png")
    opened = []
    monkeypatch.setattr(
        following.Finder, "fresh", lambda _self, paths, _known, **_rest: opened.extend(paths) or []
    )
    followed.read()
    assert opened == []


def test_a_run_directory_that_is_gone_gives_nothing_and_breaks_nothing(followed):
    followed.read()
    shutil.rmtree(followed.folder)
    followed.read(final=True)
    assert followed.metrics() == {}


def test_a_name_that_is_no_pattern_and_one_that_is_no_text_stop_nothing(followed):
    """A star in a name would raise as a pattern, and bytes that are no UTF-8 cannot be kept in the store."""
    for name in ("results**.json", "results[1].json"):
        (followed.folder / name).write_text('[{"step": 1, "val/loss": 0.5}, {"step": 2, "val/loss": 0.25}]')
        followed.read()
    with open(os.fsencode(followed.folder) + b"/\xff-metrics.csv", "w") as file:
        file.write(csv((1, 9.0)))
    followed.read()
    (followed.folder / "metrics.csv").write_text(csv((3, 0.125)))
    followed.read(final=True)
    assert [one.path for one in told(followed.folder)] == ["results**.json", "results[1].json", "metrics.csv"]
    assert (3, 0.125) in followed.curve("val/loss")


def test_files_are_found_in_a_project_whose_name_looks_like_a_pattern(tmp_path):
    project = tmp_path / "tries[1]"
    project.mkdir()
    followed = Followed(project, files=["logs/{run}*.csv", "{run_dir}/*.tab"])
    (project / "logs").mkdir()
    (project / "logs" / "a-1-x.csv").write_text(csv((1, 0.5)))
    (followed.folder / "b.tab").write_text("step\tval/acc\n1\t0.5\n")
    followed.read()
    assert followed.curve("val/loss") == [(1, 0.5)]
    assert followed.curve("top/val/acc") == [(1, 0.5)]


def test_lines_of_json_elsewhere_keep_their_names_unless_the_run_logs_some_itself(followed, tmp_path):
    """Every run has a metrics.jsonl; while that is empty there is nothing to keep apart."""
    elsewhere = tmp_path / "logs" / "one" / "log.jsonl"
    elsewhere.parent.mkdir(parents=True)
    elsewhere.write_text('{"step": 1, "loss": 0.5}\n')
    followed.read(opened=[str(elsewhere)])
    assert followed.curve("loss") == [(1, 0.5)]
    (followed.folder / "metrics.jsonl").write_text('{"step": 1, "metrics": {"acc": 0.25}}\n')
    second = tmp_path / "logs" / "two" / "log.jsonl"
    second.parent.mkdir()
    second.write_text('{"step": 1, "loss": 0.125}\n')
    followed.read(opened=[str(second)], final=True)
    assert followed.metrics() == {"loss": 1, "acc": 1, "two/loss": 1}


def test_what_lay_in_a_file_before_the_run_is_not_its_own(followed, tmp_path):
    """Several runs append to one table and one log of JSON lines; the first left a line without its end."""
    table, log = tmp_path / "results.csv", tmp_path / "shared.jsonl"
    table.write_text(csv((1, 0.5), (2, 0.25)))
    log.write_text('{"step": 1, "acc": 0.5}\n{"step": 2, "acc"')
    before = {str(path): size_and_mark(path) for path in (table, log)}
    (followed.folder / BEFORE).write_text(json.dumps({"files": before}))
    with table.open("a") as file:
        file.write("1,8.0\n2,4.0\n")
    with log.open("a") as file:
        file.write(': 0.75}\n{"step": 1, "acc": 0.125}\n')
    followed.read(opened=[str(table), str(log)])
    with table.open("a") as file:
        file.write("3,2.0\n")
    followed.read(final=True)
    assert followed.curve("val/loss") == [(1, 8.0), (2, 4.0), (3, 2.0)]
    assert followed.curve("acc") == [(1, 0.125)]
    table.write_text(csv((9, 9.0)))
    followed.read(seconds=1)
    followed.read(seconds=SHRUNK + 1)
    followed.read(final=True)
    assert followed.curve("val/loss") == [(1, 8.0), (2, 4.0), (3, 2.0), (9, 9.0)]


def test_a_log_that_is_rotated_is_read_to_its_end(followed, tmp_path):
    named = Followed(tmp_path / "other", files=["*.log"], forgets=followed.forgets)
    log = tmp_path / "other" / "train.log"
    log.write_text("".join(f"step {n} | loss {n}.5\n" for n in range(3)))
    named.read()
    with log.open("a") as file:
        file.write("step 3 | loss 3.5\nstep 4 | loss 4.5\n")
    log.rename(tmp_path / "other" / "train.log.1")
    log.write_text("step 5 | loss 5.5\n")
    named.read()
    named.read(final=True)
    assert named.curve("loss") == [(n, n + 0.5) for n in range(6)]


@pytest.mark.parametrize("rows", [2, 3, 4], ids=["shorter", "the same", "longer"])
def test_a_table_that_each_run_writes_anew_is_all_its_own(followed, tmp_path, rows):
    table = tmp_path / "results.csv"
    table.write_text(csv((1, 9.0), (2, 9.0), (3, 9.0)))
    (followed.folder / BEFORE).write_text(json.dumps({"files": {str(table): size_and_mark(table)}}))
    mine = [(step, 9.0 if rows == 3 else 1.0) for step in range(1, rows + 1)]
    table.write_text(csv(*mine))
    followed.read(opened=[str(table)], final=True)
    assert followed.curve("val/loss") == mine


def test_a_history_that_lay_there_before_is_the_run_s_once_it_is_rewritten(followed, tmp_path):
    state = tmp_path / "trainer_state.json"
    for losses in ([9.0, 8.0], [1.0, 0.5, 0.25]):
        history = [{"step": n, "loss": loss} for n, loss in enumerate(losses, 1)]
        state.write_text(json.dumps({"log_history": history}))
        if losses[0] == 9.0:
            (followed.folder / BEFORE).write_text(json.dumps({"files": {str(state): size_and_mark(state)}}))
    followed.read(opened=[str(state)], final=True)
    assert followed.curve("loss") == [(1, 1.0), (2, 0.5), (3, 0.25)]

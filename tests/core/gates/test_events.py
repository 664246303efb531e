"""What is no number: exit codes, printed lines, files that come or do not, silence."""

from __future__ import annotations

import pytest

from trainui.core.gates import Judge, Notice, Point, parse_gates

ERRORS = {"match": r"(?i)\b(traceback|error)\b"}
MEMORY = {"match": "(?i)cuda out of memory|OutOfMemoryError", "exit": "nonzero"}
TRACEBACK = "Traceback (most recent call last):"


class Scene:
    """One event gate, and what it was told."""

    def __init__(self, role="flag", **keys):
        self.judge = Judge(parse_gates([{"id": "g", "role": role, "test": "event", **keys}]))
        self.glob = next(iter(self.judge.globs), "")
        self.said = []

    def prints(self, *lines, at=0.0):
        for line in lines:
            found = any(pattern.search(line) for pattern in self.judge.looks_for)
            self.said += self.judge.notice(Notice(kind="line", text=line, step=7, at=at)) if found else []
        return self

    def listens(self):
        self.said += self.judge.notice(Notice(kind="output", at=0.0))
        return self

    def stops(self):
        self.said += self.judge.notice(Notice(kind="stop", text="somebody", at=1.0))
        return self

    def files(self, count, written="", *, at=0.0, epoch=None):
        notice = Notice(kind="files", name=self.glob, value=count, text=str(written), at=at, epoch=epoch)
        self.said += self.judge.notice(notice)
        return self

    def epochs(self, first, last):
        for epoch in range(first, last + 1):
            point = Point(metric="loss", step=epoch * 10, value=1.0, epoch=epoch, at=epoch * 60.0)
            self.said += self.judge.feed(point)
        return self

    def meter(self, name, value, at):
        self.said += self.judge.meters({name: value}, at=at)
        return self

    def ends(self, result="finished", code=0):
        self.said += self.judge.end(result=result, exit_code=code, at=1e6)
        return self

    @property
    def story(self):
        return " ".join(str(verdict.state) for verdict in self.said)

    @property
    def reason(self):
        return self.judge.current()["g"].reason


@pytest.mark.parametrize(
    ("scene", "story", "reason"),
    [
        (Scene(**ERRORS).listens().prints("all is well").ends(), "ok", "nothing it printed matches"),
        (Scene(**ERRORS).ends(), "unknown", "nobody looked at what it printed"),
        (Scene(**ERRORS).listens().prints("fatal error: bad").ends("failed", 1), "ok tripped", "it printed 'fatal error: bad' at step 7"),
        (Scene(**ERRORS).listens().prints(TRACEBACK, "KeyboardInterrupt").ends("failed", 1), "ok warn ok", "nothing it printed"),
        (Scene(**ERRORS).listens().prints(TRACEBACK, '  File "error.py", line 3', "KeyboardInterrupt").ends(), "ok warn ok", "nothing it printed"),
        (Scene(**ERRORS).listens().prints("[rank1]: " + TRACEBACK, "[rank1]:   raise error", "[rank1]: KeyboardInterrupt"), "ok warn ok", "nothing it printed"),
        (Scene(**ERRORS).listens().prints(TRACEBACK, "KeyError: 'x'"), "ok warn tripped", "it printed \"KeyError: 'x'\" at step 7"),
        (Scene(**ERRORS).listens().prints(TRACEBACK).ends("failed", 1), "ok warn tripped", "ended with exit code 1"),
        (Scene(**ERRORS).listens().prints(TRACEBACK, "KeyboardInterrupt", "an error after it"), "ok warn ok tripped", "an error after it"),
        (Scene(**ERRORS).listens().stops().prints("error: torn down").ends("stopped", -15), "ok", "up to where somebody asked it to stop"),
        (Scene(match="KeyboardInterrupt").listens().prints(TRACEBACK, "KeyboardInterrupt"), "ok tripped", "it printed 'KeyboardInterrupt'"),
        (Scene("criterion", **ERRORS).listens().prints("fine").ends(), "ok passed", "nothing it printed"),
        (Scene("criterion", **ERRORS).listens().prints("an error"), "ok failed", "it printed 'an error'"),
        (Scene("criterion", **ERRORS).ends(), "unknown", "nobody looked"),
    ],
)  # fmt: skip
def test_a_printed_line_trips_once_it_is_known_to_be_an_error(scene, story, reason):
    assert scene.story == story
    assert reason in scene.reason


@pytest.mark.parametrize(
    ("ending", "story", "reason"),
    [
        (("failed", 1), "warn tripped", "CUDA out of memory' at step 7, and ended with exit code 1"),
        (("finished", 0), "warn", "CUDA out of memory"),
        (("stopped", -15), "warn", "CUDA out of memory"),
        (("lost", None), "warn", "CUDA out of memory"),
    ],
)
def test_out_of_memory_trips_only_when_the_program_also_fails(ending, story, reason):
    """A batch that was skipped for want of memory is a warning; so is one of a run that somebody stopped."""
    scene = Scene(**MEMORY).prints("torch.OutOfMemoryError: CUDA out of memory").ends(*ending)
    assert scene.story == story
    assert reason in scene.reason


def test_a_program_that_fails_without_the_words_is_another_matter():
    assert Scene(**MEMORY).listens().ends("failed", 1).story == "ok"


def test_a_long_line_is_cut_where_it_is_quoted():
    scene = Scene(match="oops").prints("oops " + "x" * 5000)
    assert len(scene.reason) < 200


@pytest.mark.parametrize(
    ("count", "found", "story", "reason"),
    [
        (">= 5400", 5399, "failed", "5399 files match train/*.npz (should be >= 5400)"),
        (">= 5400", 6012, "passed", "6012 files match train/*.npz (should be >= 5400)"),
        (5400, 5400, "passed", "5400 files match train/*.npz (should be >= 5400)"),
        ("< 2", 1, "passed", "1 file matches train/*.npz (should be < 2)"),
        (None, 0, "failed", "0 files match train/*.npz (should be >= 1)"),
    ],
)
def test_files_are_counted_once_before_a_launch(count, found, story, reason):
    keys = {"count": count} if count is not None else {}
    scene = Scene("preflight", file="train/*.npz", **keys).files(found).files(0)
    assert (scene.story, scene.reason) == (story, reason)


def test_files_nobody_counted_are_unknown():
    scene = Scene("preflight", file="train/*.npz").ends()
    assert (scene.story, scene.reason) == ("unknown", "nobody has counted train/*.npz")


def test_a_criterion_on_files_waits_for_the_end():
    """Files may still come and go while the run lives."""
    assert Scene("criterion", file="*.pt", count=2).files(0).files(3).ends().story == "ok passed"


def test_checkpoints_that_stop_coming_are_told_in_epochs():
    scene = Scene(file="*.pth", newer_than="12 epochs")
    scene.files(1, -50.0, at=0.0).epochs(1, 10).files(2, 610.0, at=610.0).epochs(11, 22)
    assert scene.story == "ok"
    scene.epochs(23, 23)
    assert (scene.story, scene.reason) == (
        "ok tripped",
        "the newest *.pth is 13 epochs old (12 epochs allowed)",
    )
    scene.files(3, 1400.0, at=1400.0)
    assert scene.story == "ok tripped ok"


def test_checkpoints_of_an_earlier_run_are_none():
    scene = Scene(file="*.pth", newer_than="12 epochs").files(9, -50.0, at=0.0).epochs(1, 14)
    assert scene.story == "ok tripped"
    assert scene.reason == "no file of this run matches *.pth after 13 epochs (12 epochs allowed)"


def test_checkpoints_may_also_be_late_by_the_clock():
    scene = Scene(file="*.pth", newer_than="2h")
    scene.meter("@wall_h", 0.0, 0.0).files(1, 100.0, at=100.0).meter("@wall_h", 2.0, 7200.0)
    assert scene.story == "ok"
    scene.meter("@wall_h", 2.1, 7560.0)
    assert (scene.story, scene.reason) == ("ok tripped", "the newest *.pth is 2.07222h old (2h allowed)")


def test_files_nobody_looked_for_are_unknown_though_time_went_by():
    scene = Scene(file="*.pth", newer_than="2 epochs").epochs(1, 9).ends()
    assert (scene.story, scene.reason) == ("unknown", "nobody has looked for *.pth")


def test_silence_trips_and_a_word_clears_it():
    scene = Scene(silent="15m")
    for value, at in ((10.0, 10.0), (901.0, 911.0), (2.0, 1000.0)):
        scene.meter("@silent_s", value, at)
    assert scene.story == "ok tripped ok"
    assert "(15m allowed)" in scene.said[1].reason
    assert Scene(silent="15m").ends().story == "unknown"


def test_what_must_be_looked_for_is_known_beforehand():
    judge = Judge(
        parse_gates(
            [
                {"id": "a", "role": "flag", "test": "event", **ERRORS},
                {"id": "b", "role": "flag", "test": "event", "file": "*.pt"},
                {"id": "c", "role": "criterion", "test": "event", "exit": "zero"},
            ]
        )
    )
    assert list(judge.globs) == ["*.pt"]
    assert any(pattern.search("an Error") for pattern in judge.looks_for)
    assert not any(pattern.search("epoch 3: loss 0.4") for pattern in judge.looks_for)

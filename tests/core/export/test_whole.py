"""Files of an export on real disks: a process that is killed, two at once, a pipe in the way, no room for the list."""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from trainui.core.export.notes import renew
from trainui.core.export.whole import MANIFEST, whole, whole_folder, write_whole

HALF = """
import sys
from pathlib import Path
from trainui.core.export.whole import whole
with whole(Path(sys.argv[1])) as written:
    written.file.write(b"half")
    print("begun", flush=True)
    sys.stdin.read()
"""


HALF_A_FOLDER = """
import sys
from pathlib import Path
from trainui.core.export.whole import whole_folder
with whole_folder(Path(sys.argv[1])) as part:
    (part / "one").write_text("half")
    print("begun", flush=True)
    sys.stdin.read()
"""


KILLED_BETWEEN = """
import os, signal, sys
from pathlib import Path
from trainui.core.export.whole import whole_folder
move = os.rename
def moves_once(*where):
    move(*where)
    os.kill(os.getpid(), signal.SIGKILL)
os.rename = moves_once
with whole_folder(Path(sys.argv[1])) as part:
    (part / "one").write_text("new")
"""


def half_written(path, code=HALF):
    """A process in the middle of writing a file, or a folder."""
    words = [sys.executable, "-c", code, path]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begun\n"
    return process


def names(folder):
    return sorted(os.listdir(folder))


def test_what_a_killed_export_left_behind_is_taken_away_by_the_next(tmp_path):
    with half_written(tmp_path / "a.md") as process:
        process.send_signal(signal.SIGKILL)
    assert len(names(tmp_path)) == 1
    write_whole(tmp_path / "a.md", "whole")
    assert names(tmp_path) == [MANIFEST, "a.md"]


def test_a_folder_that_a_killed_export_left_behind_is_taken_away_by_the_next_of_any_kind(tmp_path):
    for renewed in ("a.md", "tensorboard", "NOTES.md"):
        with half_written(tmp_path / "tensorboard", HALF_A_FOLDER) as process:
            process.send_signal(signal.SIGKILL)
        assert len([name for name in names(tmp_path) if name.startswith(".tensorboard")]) == 1
        if renewed == "a.md":
            write_whole(tmp_path / renewed, "whole")
        elif renewed == "tensorboard":
            with whole_folder(tmp_path / renewed) as part:
                (part / "one").write_text("whole")
        else:
            renew(tmp_path / renewed, [], title="s")
        assert not [name for name in names(tmp_path) if name.endswith(".part")]
    assert (tmp_path / "tensorboard" / "one").read_text() == "whole"


def test_a_folder_that_another_export_is_writing_is_left_alone(tmp_path):
    with half_written(tmp_path / "tensorboard", HALF_A_FOLDER) as process:
        write_whole(tmp_path / "a.md", "mine")
        process.communicate()
    assert process.returncode == 0
    assert names(tmp_path) == [MANIFEST, "a.md", "tensorboard"]
    assert (tmp_path / "tensorboard" / "one").read_text() == "half"


def test_killed_between_the_two_moves_of_a_replacement_the_older_folder_comes_back(tmp_path):
    with whole_folder(tmp_path / "tb") as part:
        (part / "one").write_text("old")
    done = subprocess.run([sys.executable, "-c", KILLED_BETWEEN, tmp_path / "tb"])
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "tb").exists()
    write_whole(tmp_path / "a.md", "whole")
    assert names(tmp_path) == [MANIFEST, "a.md", "tb"]
    assert (tmp_path / "tb" / "one").read_text() == "old"


def test_only_what_is_a_draft_of_ours_is_taken_away(tmp_path):
    for name in (".a.md.7.part", "a.trainui.part", ".hidden.trainui.parts"):
        (tmp_path / name).write_text("mine")
    (tmp_path / "mine").mkdir()
    (tmp_path / ".b.7.trainui.part").symlink_to(tmp_path / "mine")
    before = names(tmp_path)
    write_whole(tmp_path / "b.md", "text")
    assert names(tmp_path) == sorted([*before, MANIFEST, "b.md"])


def test_what_another_export_is_writing_is_left_alone(tmp_path):
    with half_written(tmp_path / "a.md") as process:
        write_whole(tmp_path / "a.md", "mine")
        process.communicate()
    assert process.returncode == 0
    assert names(tmp_path) == [MANIFEST, "a.md"]
    assert (tmp_path / "a.md").read_text() == "half"


def test_exports_at_once_into_one_folder_know_what_each_of_them_wrote(tmp_path):
    kinds = [f"{number}.md" for number in range(8)]
    for text in ("old", "new"):
        with ThreadPoolExecutor(8) as pool:
            written = list(pool.map(lambda name, text=text: write_whole(tmp_path / name, text), kinds))
        assert written == [[tmp_path / name] for name in kinds]
    assert names(tmp_path) == [MANIFEST, *kinds]
    assert sorted(json.loads((tmp_path / MANIFEST).read_text())) == kinds


def test_a_pipe_in_the_place_of_a_file_is_put_aside_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.md")
    os.mkfifo(tmp_path / MANIFEST)
    assert write_whole(tmp_path / "a.md", "text") == [tmp_path / "a.md", tmp_path / "a.md.edited"]
    assert (tmp_path / "a.md").read_text() == "text"


def test_a_pipe_in_the_place_of_notes_is_refused(tmp_path):
    os.mkfifo(tmp_path / "NOTES.md")
    with pytest.raises(OSError, match="no plain file"):
        renew(tmp_path / "NOTES.md", [], title="s")


def test_where_what_was_written_cannot_be_kept_no_drafts_stay(tmp_path):
    (tmp_path / MANIFEST).mkdir()
    with pytest.raises(OSError), whole(tmp_path / "a.md") as written:  # noqa: PT011 (which one is the system's)
        written.file.write(b"text")
    assert MANIFEST in names(tmp_path)
    assert not [name for name in names(tmp_path) if name.endswith(".part")]

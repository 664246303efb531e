"""A run had again: the commit, the changes, the command; what cannot be had is said, and nothing said is ever a command."""

import json
import os
import subprocess
import sys

import pytest

from tests.core.carry.test_archive import pack, take
from tests.core.money_store import Books
from trainui.core import repository
from trainui.core.errors import TrainuiError, UserError
from trainui.core.launching import order_for, prepare_directory
from trainui.core.reproducing.doing import have_again, recipe_of
from trainui.core.reproducing.recipe import Doubt, Now, Recipe, moved, recipe
from trainui.core.reproducing.script import shell
from trainui.core.store.read import Reader

TELL = """\
import json, os, sys
told = {"argv": sys.argv[1:], "cwd": os.getcwd(), "text": open("what.txt", "rb").read().decode("latin-1")}
told["env"] = {name: value for name, value in os.environ.items() if name.startswith(("TRAINUI_", "OMP_", "MINE"))}
json.dump(told, open(os.path.join(os.environ["TRAINUI_RUN_DIR"], "told.json"), "w"))
sys.exit(7)
"""


@pytest.fixture(autouse=True)
def quiet_git(monkeypatch, tmp_path):
    """git as nobody has configured it."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "ann")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "ann@example.org")


def git(folder, *words):
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def made(folder, where=""):
    """A repository with a project in it (in its folder `where`), all committed."""
    project = folder / where
    (project / "jobs").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    (project / "tell.py").write_text(TELL)
    (project / "what.txt").write_text("committed\n")
    (folder / ".gitignore").write_text("runs\nruns.db*\n*-again\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "first")
    return project


def ran(project, command=("{python}", "tell.py"), params=None, env=None, name="tell-1", **job):
    """A run of the project as it stands, which has ended; its row says what its directory says."""
    books = Books(project)
    spec = {
        "job": {"name": "tell", "command": list(command), **job},
        "params": params or {},
        "env": env or {},
    }
    books.run(name, start=0, end=5, spec=spec)
    books.runs.change(name, project=str(project))
    run = books.runs.get(name)
    order = order_for(run, db=books.path, last_checkpoint="", manager_argv=(), env={"PATH": os.environ["PATH"], "OMP_X": "3", "API_KEY": "hush"})  # fmt: skip
    prepare_directory(run, order)
    return Reader(books.path)


def again(reader, project, to, run="tell-1", **how):
    """What the run tells when it is had again."""
    one = recipe_of(reader, run, project)
    code = have_again(one, to, **how)
    return code, json.loads((to / "run" / "told.json").read_text())


def kinds(doubts):
    return [one.kind for one in doubts]


def texts(doubts):
    return " | ".join(one.text for one in doubts)


def test_a_clean_commit_is_run_again_as_it_was_whatever_came_after(tmp_path):
    project = made(tmp_path / "repo")
    reader = ran(
        project, params={"lr": 0.1, "note": "two  words; $HOME `id`", "seed": 3}, env={"MINE": "a 'b'"}
    )
    (project / "what.txt").write_text("later\n")
    git(project, "commit", "-qam", "second")
    code, told = again(reader, project, tmp_path / "again")
    assert code == 7
    assert told["text"] == "committed\n"
    assert told["argv"] == ["--lr", "0.1", "--note", "two  words; $HOME `id`", "--seed", "3"]
    assert told["cwd"] == str(tmp_path / "again" / "code")
    assert told["env"]["TRAINUI_RUN"] == "tell-1"
    assert (told["env"]["MINE"], told["env"]["OMP_X"]) == ("a 'b'", "3")
    assert git(project, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    "content", [b"dirty\n", b"latin \xe9\n", b"no newline", b"\r\nwindows\r\n", b"\t trailing  \n\n\n"]
)
def test_what_was_changed_and_not_committed_comes_back_byte_by_byte(tmp_path, content):
    project = made(tmp_path / "repo")
    (tmp_path / "gitconfig").write_text(
        "[diff]\nnoprefix = true\nexternal = false\n[color]\nui = always\n[core]\npager = false\n"
    )
    (project / "what.txt").write_bytes(content)
    (project / "new.txt").write_text("new\n")
    git(project, "add", "new.txt")
    reader = ran(project)
    git(project, "checkout", "-q", "--force", "HEAD", "--", "what.txt")
    one = recipe_of(reader, "tell-1", project)
    assert one.diff.count(b"diff --git a/") == 2
    _, told = again(reader, project, tmp_path / "again")
    assert told["text"].encode("latin-1") == content
    assert (tmp_path / "again" / "code" / "new.txt").read_text() == "new\n"


def test_a_project_in_a_folder_of_its_repository_and_a_detached_head(tmp_path):
    project = made(tmp_path / "repo", "deep/er")
    git(project, "checkout", "-q", "--detach")
    reader = ran(project)
    told = json.loads((project / "runs" / "tell-1" / "origin.json").read_text())["git"]
    assert (told["branch"], told["prefix"], told["top"]) == ("", "deep/er/", str(tmp_path / "repo"))
    _, told = again(reader, project, tmp_path / "again")
    assert told["cwd"] == str(tmp_path / "again" / "code" / "deep" / "er")


def test_untracked_and_binary_files_are_named_and_ignored_ones_are_not(tmp_path):
    project = made(tmp_path / "repo")
    (project / "weights.bin").write_bytes(b"\0one")
    git(project, "add", "weights.bin")
    git(project, "commit", "-qm", "weights")
    (project / "weights.bin").write_bytes(b"\0two" * 9)
    (project / "scratch.py").write_text("x")
    (project / "heap").mkdir()
    for number in range(30):
        (project / "heap" / f"{number}.txt").write_text("x")
    reader = ran(project)
    one = recipe_of(reader, "tell-1", project)
    said = texts(one.gone)
    assert "binary, so not kept: weights.bin" in said
    assert "not in git, so not kept: heap/, scratch.py" in said
    assert "runs.db" not in said
    assert not any(doubt.is_code for doubt in one.gone)


def test_what_trainui_and_the_run_itself_wrote_is_not_missed(tmp_path):
    project = made(tmp_path / "repo", "deep")
    (tmp_path / "repo" / ".gitignore").write_text("")
    (project / "scratch.py").write_text("x")
    reader = ran(project, ("{python}", "tell.py", "{run_dir}"))
    (project / "runs" / "tell-1" / "model.bin").write_text("x")
    one = recipe_of(reader, "tell-1", project)
    assert "not in git, so not kept: deep/scratch.py" in texts(one.gone)
    assert "runs.db" not in texts(one.gone)
    assert "runs/" not in texts(one.gone)
    assert "tell-1" not in texts(one.differs)


def test_a_diff_too_long_to_keep_is_not_applied_in_part(tmp_path, monkeypatch):
    monkeypatch.setattr(repository, "LIMIT", 100)
    project = made(tmp_path / "repo")
    (project / "what.txt").write_text("x\n" * 1000)
    reader = ran(project)
    one = recipe_of(reader, "tell-1", project)
    assert one.diff == b""
    with pytest.raises(
        UserError, match=r"only 100 characters of the uncommitted changes were kept.*--anyway"
    ):
        have_again(one, tmp_path / "again")
    assert not (tmp_path / "again").exists()
    _, told = again(reader, project, tmp_path / "again", anyway=True)
    assert told["text"] == "committed\n"


def test_no_git_at_all(tmp_path):
    project = tmp_path / "bare"
    (project / "jobs").mkdir(parents=True)
    (project / "tell.py").write_text(TELL)
    reader = ran(project)
    assert json.loads((project / "runs" / "tell-1" / "origin.json").read_text())["git"] == {}
    one = recipe_of(reader, "tell-1", project)
    assert "in no git repository" in texts(one.gone)
    with pytest.raises(UserError, match="in no git repository"):
        have_again(one, tmp_path / "again")


def test_a_repository_without_a_commit_says_so_by_its_silence(tmp_path):
    git(tmp_path, "init", "-q", "repo")
    (tmp_path / "repo" / "jobs").mkdir()
    reader = ran(tmp_path / "repo")
    assert any(doubt.is_code for doubt in recipe_of(reader, "tell-1", tmp_path / "repo").gone)


def test_a_commit_that_was_thrown_away_since(tmp_path):
    project = made(tmp_path / "repo")
    first = git(project, "rev-parse", "HEAD")
    (project / "what.txt").write_text("second\n")
    git(project, "commit", "-qam", "second")
    reader = ran(project)
    commit = git(project, "rev-parse", "HEAD")
    git(project, "reset", "-q", "--hard", first)
    _, told = again(reader, project, tmp_path / "dangling")
    assert told["text"] == "second\n"
    git(project, "worktree", "remove", "--force", str(tmp_path / "dangling" / "code"))
    git(project, "reflog", "expire", "--expire=now", "--all")
    git(project, "gc", "-q", "--prune=now")
    one = recipe_of(reader, "tell-1", project)
    assert f"commit {commit[:12]} is not in {project}" in texts(one.gone)
    with pytest.raises(UserError, match="is not in"):
        have_again(one, tmp_path / "again")


def test_a_shallow_clone_says_what_may_bring_the_commit(tmp_path):
    project = made(tmp_path / "repo")
    reader = ran(project)
    (project / "what.txt").write_text("second\n")
    git(project, "commit", "-qam", "second")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{project}", "shallow")
    told = json.loads((project / "runs" / "tell-1" / "origin.json").read_text())
    told["git"] |= {"top": str(tmp_path / "shallow")}
    told["project"] = str(tmp_path / "shallow")
    (project / "runs" / "tell-1" / "origin.json").write_text(json.dumps(told))
    one = recipe_of(reader, "tell-1", tmp_path / "shallow")
    assert f"which is shallow: git -C {tmp_path / 'shallow'} fetch --unshallow" in texts(one.gone)
    assert repository.snapshot(tmp_path / "shallow")["is_shallow"] is True


def test_submodules_are_named_where_they_stood_elsewhere(tmp_path):
    inner = made(tmp_path / "inner")
    project = made(tmp_path / "repo")
    git(project, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "lib")
    git(project, "commit", "-qm", "with lib")
    (project / "lib" / "what.txt").write_text("changed\n")
    git(project / "lib", "commit", "-qam", "elsewhere")
    (project / "lib" / "tell.py").write_text("dirty")
    (project / "what.txt").write_text("dirty\n")
    reader = ran(project)
    one = recipe_of(reader, "tell-1", project)
    assert f"submodule lib stood at {git(project / 'lib', 'rev-parse', 'HEAD')[:12]}" in texts(one.gone)
    assert b"-dirty" not in one.diff
    _, told = again(reader, project, tmp_path / "again")
    assert told["text"] == "dirty\n"


def test_files_of_lfs_are_named(tmp_path, monkeypatch):
    project = made(tmp_path / "repo")
    (project / ".gitattributes").write_text("*.big filter=lfs -text\n")
    (project / "a.big").write_text("x")
    git(project, "-c", "filter.lfs.clean=cat", "-c", "filter.lfs.required=false", "add", "-A")
    git(project, "commit", "-qm", "big")
    reader = ran(project)
    monkeypatch.setattr("shutil.which", lambda _name: None)
    assert "git-lfs is not installed: only pointers of a.big" in texts(
        recipe_of(reader, "tell-1", project).gone
    )


def test_a_git_that_will_not_answer_is_told(tmp_path, monkeypatch):
    project = made(tmp_path / "repo")
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "git").write_text(
        "#!/bin/sh\necho 'fatal: detected dubious ownership in repository' >&2\nexit 128\n"
    )
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    assert repository.snapshot(project) == {"trouble": "fatal: detected dubious ownership in repository"}


def test_a_git_that_hangs_is_asked_once(tmp_path, monkeypatch):
    project = made(tmp_path / "repo")
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "git").write_text(f"#!/bin/sh\necho x >> {tmp_path}/asked\nexec sleep 600\n")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setattr(repository, "PATIENCE", 0.3)
    assert "longer than" in repository.snapshot(project)["trouble"]
    assert (tmp_path / "asked").read_text() == "x\n"


def test_no_login_of_a_remote_is_kept(tmp_path):
    project = made(tmp_path / "repo")
    git(project, "remote", "add", "origin", "https://ann:hush@example.org/x.git")
    assert repository.snapshot(project)["remote"] == "https://example.org/x.git"


def test_what_changed_since_is_told(tmp_path):
    project = made(tmp_path / "repo")
    (project / "data.csv").write_text("1\n")
    (project / "gone.csv").write_text("1\n")
    (project / "uv.lock").write_text("one")
    reader = ran(project, params={"data": "data.csv", "more": "gone.csv"})
    (project / "data.csv").write_text("1,2\n")
    (project / "gone.csv").unlink()
    (project / "uv.lock").write_text("two")
    path = project / "runs" / "tell-1" / "origin.json"
    told = json.loads(path.read_text())
    told |= {"host": "far", "driver": "1.2.3", "gpu_models": ["H200"], "python": "2.7"}
    told["packages"] = [one for one in told["packages"] if not one.startswith("click==")] + [
        "click==0.1",
        "nosuch==9",
    ]
    path.write_text(json.dumps(told))
    said = texts(recipe_of(reader, "tell-1", project).differs)
    for part in (
        f"{project}/data.csv was changed since", f"{project}/gone.csv is gone", f"{project}/uv.lock was changed since",
        "click 0.1 (now ", "nosuch 9 (now none)", "the machine was far", "the GPU driver was 1.2.3", "the GPUs was H200",
        "Python was 2.7",
    ):  # fmt: skip
        assert part in said, part
    assert "API_KEY" in texts(recipe_of(reader, "tell-1", project).gone)
    assert "hush" not in path.read_text()


def test_a_run_without_a_seed_and_one_that_went_on_from_a_checkpoint(tmp_path):
    project = made(tmp_path / "repo")
    reader = ran(project, resume=["--resume", "{last_checkpoint}"])
    path = project / "runs" / "tell-1" / "origin.json"
    told = json.loads(path.read_text())
    told["command"] += ["--resume", "/no/such.pt"]
    path.write_text(json.dumps(told))
    one = recipe_of(reader, "tell-1", project)
    assert "it went on from /no/such.pt, which is gone" in texts(one.gone)
    assert "randomness" in kinds(one.gone)
    assert kinds(one.gone)[-1] == "manager"


def test_the_run_directory_is_another_wherever_the_command_names_it(tmp_path):
    project = made(tmp_path / "repo")
    reader = ran(project, command=("{python}", "tell.py", "--out={run_dir}/x"))
    _, told = again(reader, project, tmp_path / "again")
    assert told["argv"] == [f"--out={tmp_path}/again/run/x"]


def test_the_run_directory_of_another_run_that_begins_like_it_stays(tmp_path):
    one = Recipe(
        run="mlp-1",
        command=("--from=/p/runs/mlp-10/best.pt", "/p/runs/mlp-1", "/p/runs/mlp-1/x"),
        run_dir="/p/runs/mlp-1",
    )
    assert moved(one, tmp_path) == ("--from=/p/runs/mlp-10/best.pt", str(tmp_path), f"{tmp_path}/x")


def test_a_folder_that_is_not_empty_is_left_as_it_is(tmp_path):
    project = made(tmp_path / "repo")
    reader = ran(project)
    with pytest.raises(UserError, match="is not empty"):
        have_again(recipe_of(reader, "tell-1", project), project)


def test_a_changed_file_that_does_not_fit_is_a_sentence(tmp_path):
    project = made(tmp_path / "repo")
    reader = ran(project)
    path = project / "runs" / "tell-1" / "origin.json"
    told = json.loads(path.read_text())
    told["git"] |= {"diff": "garbage", "diff_bytes": 7}
    path.write_text(json.dumps(told))
    with pytest.raises(TrainuiError, match="git apply: "):
        have_again(recipe_of(reader, "tell-1", project), tmp_path / "again")


def test_a_run_out_of_an_archive_is_run_only_when_somebody_insists(tmp_path):
    project = made(tmp_path / "repo")
    ran(project).close()
    take(tmp_path / "there", pack(project, tmp_path / "a.zip", ["tell-1"]))
    reader = Reader(tmp_path / "there" / "runs.db")
    one = recipe_of(reader, "tell-1", tmp_path / "there")
    assert one.is_foreign
    with pytest.raises(UserError, match="somebody else wrote what it runs"):
        have_again(one, tmp_path / "again")
    assert have_again(one, tmp_path / "again", anyway=True) == 7


HOSTILE = ["'; touch OUT; '", "$(touch OUT)", "`touch OUT`", "\n touch OUT\n", "-e", "DIFF\ntouch OUT", "a\0b", "\x1b]0;x\x07", "\\", "!!", "*", "~", "ünï", "a=b", ""]  # fmt: skip


def test_nothing_a_run_says_becomes_a_command_of_the_script(tmp_path):
    out = tmp_path / "OUT"
    words = [one.replace("OUT", str(out)) for one in HOSTILE]
    dump = tmp_path / "dump.py"
    dump.write_text(
        f"import json, os, sys; json.dump([sys.argv[1:], dict(os.environ)], open({str(tmp_path / 'got')!r}, 'w'))"
    )
    one = Recipe(
        run=words[0] + words[3],
        command=(sys.executable, str(dump), *words),
        environment={**{f"V{n}": word for n, word in enumerate(words)}, "bad name; touch OUT": "x", "X;id": "y"},
        gone=tuple(Doubt(kind="code", text=word) for word in words),
        prefix="'; touch x; '",
    )  # fmt: skip
    (tmp_path / words[1].replace("/", "_") / "code" / "'; touch x; '").mkdir(parents=True)
    text = shell(one, tmp_path / words[1].replace("/", "_"))
    for interpreter in ("sh", "bash"):
        done = subprocess.run([interpreter], input=text.encode(), capture_output=True, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        argv, env = json.loads((tmp_path / "got").read_text())
        assert argv == [word.replace("\0", "") for word in words]
        assert [env[f"V{n}"] for n, word in enumerate(words) if "\0" not in word] == [
            word for word in words if "\0" not in word
        ]
        assert not out.exists()
        assert not (tmp_path / "x").exists()
    assert all(line.isprintable() for line in text.splitlines() if line.startswith("#"))


def test_the_script_does_what_the_verb_does(tmp_path):
    project = made(tmp_path / "repo")
    (project / "what.txt").write_bytes(b"dirty \xe9\nDIFF\n$(touch x)\n")
    reader = ran(project, params={"note": "it's; $HOME", "seed": 1})
    text = shell(recipe_of(reader, "tell-1", project), tmp_path / "again")
    done = subprocess.run(["sh"], input=text.encode(), cwd=tmp_path, capture_output=True)
    assert done.returncode == 7, done.stderr
    told = json.loads((tmp_path / "again" / "run" / "told.json").read_text())
    assert told["text"].encode("latin-1") == b"dirty \xe9\nDIFF\n$(touch x)\n"
    assert told["argv"] == ["--note", "it's; $HOME", "--seed", "1"]


def test_the_verb_prints_runs_and_tells_as_json(tmp_path):
    project = made(tmp_path / "repo")
    ran(project).close()

    def trainui(*words):
        return subprocess.run([sys.executable, "-m", "trainui", "reproduce", "tell-1", *words], cwd=project, capture_output=True, text=True)  # fmt: skip

    shown = trainui()
    assert shown.returncode == 0, shown.stderr
    assert f"tell-1: commit {git(project, 'rev-parse', 'HEAD')[:12]} of {project}" in shown.stdout
    assert "cannot be restored:" in shown.stdout
    assert not (project / "tell-1-again").exists()
    told = json.loads(trainui("--json").stdout)
    assert told["command"][1:] == ["tell.py"]
    assert {one["kind"] for one in told["cannot_restore"]} >= {"manager", "environment"}
    assert trainui("--shell").stdout.startswith("#!/bin/sh\n")
    done = trainui("--run")
    assert done.returncode == 7, done.stderr
    assert json.loads((project / "tell-1-again" / "run" / "told.json").read_text())["argv"] == []
    assert trainui("--run").returncode == 2
    assert trainui("--run", "--json").returncode == 2


def test_what_an_older_trainui_kept_is_enough(tmp_path):
    project = made(tmp_path / "repo")
    (project / "what.txt").write_text("dirty\n")
    reader = ran(project)
    path = project / "runs" / "tell-1" / "origin.json"
    told = json.loads(path.read_text())
    told["git"] = {key: told["git"][key] for key in ("commit", "diff")}
    for key in ("locks", "paths", "unkept"):
        told.pop(key)
    path.write_text(json.dumps(told))
    _, seen = again(reader, project, tmp_path / "again")
    assert seen["text"] == "dirty\n"
    assert "was not written down" in texts(recipe_of(reader, "tell-1", project).gone)


@pytest.mark.parametrize("line", ["", "+", "-", " ", "+abc", "+0123456789abcdef sub/module (v1)"])
def test_lines_of_submodules_that_no_git_wrote_end_nothing(line):
    origin = {"command": ["x"], "git": {"commit": "a" * 40, "submodules": [line]}}
    told = texts(recipe("a-1", origin, {}, {}, Now(repository="/r"), run_dir="").gone)
    assert "what was changed within submodules was not kept" in told
    if line.endswith("(v1)"):
        assert "submodule sub/module stood at 0123456789ab, another commit" in told

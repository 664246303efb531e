"""trainui settings and trainui keys: what is in force, who says so, and exit code 2 when a file is wrong."""

import json
import os

import pytest

from trainui.ui.keys import PLACES
from trainui.ui.preferences import preferences_path
from trainui.ui.settings import NAMES


@pytest.fixture
def mine(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    path = preferences_path(os.environ)
    path.parent.mkdir(parents=True)
    return path


def test_every_setting_is_told_with_who_says_so(cockpit, mine):
    mine.write_text("[ui]\nsmoothing = 0.9\n")
    (cockpit.project / "trainui.toml").write_text('[ui]\ntheme = "light"\n')
    told = cockpit.json("settings")
    assert [one["setting"] for one in told["settings"]] == list(NAMES)
    by_name = {one["setting"]: one for one in told["settings"]}
    assert by_name["smoothing"]["value"] == 0.9
    assert by_name["smoothing"]["where"] == f"{mine}:2"
    assert (by_name["theme"]["value"], by_name["theme"]["from"]) == ("light", "trainui.toml")
    assert (by_name["bell"]["value"], by_name["bell"]["from"], by_name["bell"]["where"]) == (
        True,
        "default",
        None,
    )
    assert told["problems"] == []
    assert told["file"] == str(mine)
    assert "smoothing" in cockpit("settings").stdout


def test_every_key_is_told_as_it_is_here(cockpit, mine):
    mine.write_text('[keys]\n"run.stop" = "f8, ctrl+x"\n')
    told = cockpit.json("keys")
    assert len(told["keys"]) == sum(map(len, PLACES.values()))
    stop = [one for one in told["keys"] if one["id"] == "run.stop"]
    assert {one["place"] for one in stop} == {"overview", "run"}
    assert all(one["keys"] == ["f8", "ctrl+x"] and one["default"] == ["x"] for one in stop)
    assert "f8 ^x" in cockpit("keys").stdout


@pytest.mark.parametrize("verb", ["settings", "keys"])
def test_a_wrong_file_is_exit_code_2_with_a_sentence_for_each_fault(cockpit, mine, verb):
    mine.write_text('[ui]\ntheme = "drak"\n[keys]\n"run.stop" = "q"\n')
    for words in ((verb,), (verb, "--json")):
        done = cockpit(*words, code=2)
        assert f"{mine}:2: " in done.stderr
        assert f"{mine}:4: " in done.stderr
    assert len(json.loads(done.stdout)["problems"]) == 2


def test_outside_of_a_project_the_persons_own_are_told(cockpit, mine, tmp_path_factory):
    away = tmp_path_factory.mktemp("away")
    cockpit.project = away
    assert cockpit.json("keys")["problems"] == []
    assert cockpit.json("settings")["file"] == str(mine)


def test_a_fresh_start_is_for_the_dashboard(cockpit):
    assert "--fresh" in cockpit("--fresh", "ls", code=2).stderr

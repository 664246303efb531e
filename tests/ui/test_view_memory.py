"""What is remembered of a view: it comes back as it was left, and a broken file is a sentence."""

import os
import stat
from pathlib import Path

import pytest

from trainui.ui.memory import Charts, Memory, Part, keep, memory_path, recall

LEFT = Memory(
    project="/here",
    left_at=1000.5,
    theme="light",
    marked=("mlp-1", "mlp-2"),
    filter="mlp usd>2",
    metrics="val/*",
    cursor="mlp-2",
    tail="log",
    opened="mlp-1",
    pane="gates",
    is_zoomed=True,
    charts=Charts(
        metric="val/mae",
        axis="step",
        log_x=True,
        log_y=False,
        smooth=0.9,
        clip=True,
        outlook=False,
        parts={"": {"step": Part(low=1, high=9, follows=True)}},
    ),
)


def test_what_was_left_is_recalled_whole(tmp_path):
    path = tmp_path / "state" / "trainui" / "view.json"
    keep(path, LEFT)
    assert recall(path) == (LEFT, "")
    assert all(getattr(LEFT, name) != getattr(Memory(), name) for name in Memory.__struct_fields__)


def test_nobody_else_can_read_it(tmp_path):
    path = tmp_path / "state" / "trainui" / "view.json"
    keep(path, LEFT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert os.listdir(path.parent) == ["view.json"]


def test_nothing_left_is_nothing_to_complain_about(tmp_path):
    assert recall(tmp_path / "none.json") == (Memory(), "")
    assert recall(None) == (Memory(), "")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b'{"marked": 3}',
        b'{"left_at": 1e999}',
        b"\xff\xfe",
        b"[" * 100_000,
        b" " * 2_000_000,
        b'{"charts": {"parts": {"": {"step": {"low": "a"}}}}}',
    ],
    ids=range(9),
)
def test_a_broken_file_is_put_aside_with_a_sentence(tmp_path, raw):
    path = tmp_path / "view.json"
    path.write_bytes(raw)
    memory, told = recall(path)
    assert memory == Memory()
    if told:
        assert "put aside" in told
        assert (tmp_path / "view.json.broken").read_bytes() == raw
        assert not path.exists()
    else:
        assert raw == b'{"left_at": 1e999}'


def test_a_field_of_a_later_version_is_no_fault(tmp_path):
    path = tmp_path / "view.json"
    path.write_text('{"marked": ["a"], "of_tomorrow": {"x": 1}}')
    assert recall(path) == (Memory(marked=("a",)), "")


def test_a_part_that_cannot_be_drawn_is_forgotten(tmp_path):
    path = tmp_path / "view.json"
    path.write_text(
        '{"charts": {"parts": {"a": {"step": {"low": 5, "high": 5}, "wall": {"low": 1, "high": 2}}}}}'
    )
    assert recall(path)[0].charts.parts == {"a": {"wall": Part(low=1, high=2)}}


def test_a_folder_in_its_place_is_a_sentence(tmp_path):
    memory, told = recall(tmp_path)
    assert memory == Memory()
    assert "cannot be read" in told


def test_each_project_and_each_other_database_has_its_own_place(tmp_path):
    env = {"XDG_STATE_HOME": "/state", "HOME": "/home/me"}
    one, two = tmp_path / "one", tmp_path / "two"
    assert memory_path(one, env=env) == memory_path(one, one / "runs.db", env)
    assert (
        len({memory_path(one, env=env), memory_path(two, env=env), memory_path(one, tmp_path / "x.db", env)})
        == 3
    )
    assert memory_path(one, env=env).parent == Path("/state/trainui")


def test_a_relative_folder_for_state_is_not_meant(tmp_path):
    env = {"XDG_STATE_HOME": "state", "HOME": "/home/me"}
    assert memory_path(tmp_path, env=env).parent == Path("/home/me/.local/state/trainui")

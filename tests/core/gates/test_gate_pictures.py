"""The pictures of docs/gates.md: what stands in them is what the judge says today."""

import re

import pytest

from tests.gate_pictures import judged, picture
from tests.gate_scenes import SCENES
from tests.pictures import FOLDER
from trainui.core.gates.primitives import PRIMITIVES

LEAST_TOLD = {"tripped", "failed", "passed"}


def words(svg: str) -> list[str]:
    return re.findall(r">([^<>]+)</text>", svg)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.primitive)
def test_a_picture_shows_where_its_gate_comes_to_something(scene):
    told = judged(scene)
    first = told.gates[0]
    assert first.test == scene.primitive
    assert LEAST_TOLD & {str(turn.state) for turn in told.of(first)}


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.primitive)
def test_the_picture_in_the_docs_says_what_the_judge_says(scene):
    kept = (FOLDER / f"gate-{scene.primitive}.svg").read_text("utf-8")
    assert words(kept) == words(picture(scene)), "python -m tests.pictures gates draws them anew"
    assert len(kept.encode()) < 12_000
    assert "http" not in kept.replace("http://www.w3.org/2000/svg", "")


def test_every_primitive_has_a_picture():
    assert {scene.primitive for scene in SCENES} >= set(PRIMITIVES) - {"any"}

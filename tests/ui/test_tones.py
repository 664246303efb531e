"""The colours: told apart by every kind of eye and in 256 colours, read on every ground, and never alone."""

from itertools import combinations, product

import pytest
from eyes import EYES, apart, contrast, seen
from rich.color import Color, ColorSystem

from trainui.core.run import Result, Status
from trainui.ui import tones
from trainui.ui.present.lights import _RESULTS, _STATUSES, VERDICTS
from trainui.ui.tones import RUN_COLOURS, style

RUNS = [f"run{n}" for n in range(RUN_COLOURS)]
STATES = ["ok", "warn", "bad"]
TEXTS = ["dim", "accent", "calm", "gate", "quote", "head", *STATES]
THEMES = {"dark": tones.DARK, "light": tones.LIGHT}
theme = pytest.mark.parametrize("theme", THEMES)


def grounds(name: str) -> list[Color]:
    """Everything that text lies on."""
    one = THEMES[name]
    shade = style("shade", dark=name == "dark").bgcolor
    assert shade is not None
    told = (one.background, one.surface, one.panel, one.variables["cursor"])
    return [*map(Color.parse, told), shade]


def tone(word: str, name: str) -> Color:
    """The colour of a tone."""
    found = style(word, dark=name == "dark").color
    assert found is not None
    return found


def rgb(colour: Color, *, few: bool = False) -> tuple[int, int, int]:
    """The colour in 0..255; with `few` the nearest of the 256 of xterm, as the terminal is sent it."""
    return tuple((colour.downgrade(ColorSystem.EIGHT_BIT) if few else colour).get_truecolor())


@pytest.mark.parametrize(
    ("one", "other", "far"),
    [((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425), ((50, 2.5, 0), (73, 25, -18), 27.1492),
     ((6.7747, -0.2908, -2.4247), (5.8714, -0.0985, -2.2286), 0.6377), ((50, 0, 0), (50, -1, 2), 2.3669)],
)  # fmt: skip
def test_colours_are_measured_as_the_published_examples_have_it(one, other, far):
    """Sharma, Wu and Dalal 2005."""
    assert apart(one, other) == pytest.approx(far, abs=1e-4)
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)


@theme
@pytest.mark.parametrize("eyes", EYES)
def test_runs_are_told_apart_from_each_other_and_from_states_by_every_kind_of_eye(theme, eyes):
    places = {word: seen(rgb(tone(word, theme)), eyes) for word in RUNS + STATES}
    for one, other in combinations(places, 2):
        assert apart(places[one], places[other]) >= 8, (one, other)
    for one, other in combinations(RUNS[:4], 2):
        assert apart(places[one], places[other]) >= 12, (one, other)


@theme
def test_no_run_looks_like_a_state(theme):
    places = {word: seen(rgb(tone(word, theme)), "all cones") for word in RUNS + STATES}
    for one, other in product(RUNS, STATES):
        assert apart(places[one], places[other]) >= 16, (one, other)


@theme
@pytest.mark.parametrize("eyes", EYES)
def test_they_stay_apart_where_a_terminal_has_256_colours(theme, eyes):
    places = {word: seen(rgb(tone(word, theme), few=True), eyes) for word in RUNS + STATES}
    for one, other in combinations(places, 2):
        assert apart(places[one], places[other]) >= 6, (one, other)


@theme
@pytest.mark.parametrize("few", [False, True], ids=["truecolour", "256"])
def test_text_is_read_on_every_ground_and_curves_are_seen(theme, few):
    there = [rgb(one, few=few) for one in grounds(theme)]
    words = rgb(Color.parse(THEMES[theme].foreground), few=few)
    for ground in there:
        assert contrast(words, ground) >= 7
        for word in TEXTS:
            assert contrast(rgb(tone(word, theme), few=few), ground) >= (4 if few else 4.5), (word, ground)
        for word in RUNS:
            assert contrast(rgb(tone(word, theme), few=few), ground) >= (2.4 if few else 3), (word, ground)


@theme
def test_the_line_of_the_cursor_is_seen_in_256_colours(theme):
    background, _, panel, cursor, _ = (rgb(one, few=True) for one in grounds(theme))
    assert len({background, panel, cursor}) == 3


def test_a_run_beyond_the_eighth_takes_the_colours_again_in_order():
    assert style("run8 bold", dark=True) == style("run0 bold", dark=True)


def test_no_two_states_share_a_sign_unless_they_mean_the_same():
    """What is red, green or amber has a shape of its own: a colour never says anything alone."""
    signs: dict[str, set[str]] = {}
    for light in (*VERDICTS.values(), *_RESULTS.values(), *_STATUSES.values()):
        signs.setdefault(light.text, set()).add(light.tone.replace("calm", "").replace("dim", ""))
    assert {sign: tones - {""} for sign, tones in signs.items() if len(tones - {""}) > 1} == {
        "?": {"warn", "bad"}
    }
    assert set(_RESULTS) == set(Result)
    assert set(_STATUSES) == set(Status) - {Status.ENDED}

"""Where a curve is heading: on curves of known shape, and on the first halves of real ones."""

import json
import math
import random
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from trainui.core.extrapolate import LEAST, MOST, forecast

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "labelled_runs.json"


def power(last, *, floor=20.0, scale=80.0, c=0.6, noise=0.0, seed=1):
    chance = random.Random(seed)
    return [(n, floor + scale * n**-c + chance.gauss(0, noise) if noise else floor + scale * n**-c)
            for n in range(1, last + 1)]  # fmt: skip


@pytest.mark.parametrize("sign", [1, -1], ids=["falls", "rises"])
@pytest.mark.parametrize("c", [0.3, 0.6, 1.2])
def test_the_end_of_a_power_law_lies_in_the_band_and_near_its_middle(c, sign):
    curve = [(x, sign * y) for x, y in power(200, c=c, noise=0.3)]
    found, why = forecast(curve[:80], end=200)
    assert why == ""
    assert found is not None
    end = found.at(200)
    truth = sign * (20 + 80 * 200**-c)
    assert end.low < truth < end.high
    assert abs(end.value - truth) < 0.25 * abs(curve[79][1] - truth) + 0.6


def test_the_band_widens_with_the_distance():
    found, _ = forecast(power(40, noise=0.5), end=200)
    widths = [found.at(x).high - found.at(x).low for x in (40, 60, 100, 200)]
    assert all(near < far for near, far in pairwise(widths))


def test_the_forecast_does_not_depend_on_units():
    curve = power(40, noise=0.5)
    plain, _ = forecast(curve, end=100)
    scaled, _ = forecast([(x * 250, y / 1000) for x, y in curve], end=25_000)
    for name in ("value", "low", "high"):
        assert getattr(plain.at(100), name) == pytest.approx(1000 * getattr(scaled.at(25_000), name))


def test_a_forecast_in_other_units_is_the_same_forecast():
    found, _ = forecast(power(40, noise=0.5), end=100)
    here, there = found.at(80), found.times(100).at(80)
    assert (there.value, there.low, there.high) == pytest.approx(
        (100 * here.value, 100 * here.low, 100 * here.high)
    )


@pytest.mark.parametrize(
    ("curve", "why"),
    [
        ([], f"{LEAST} evaluations are needed, and there are 0"),
        (power(LEAST - 1), f"{LEAST} evaluations are needed, and there are {LEAST - 1}"),
        ([(n, 3.0) for n in range(20)], "it has not moved"),
        ([(7.0, float(n)) for n in range(20)], "it has not moved"),
        ([*power(20), (21, math.nan)], "its last value is not a number"),
        ([*power(20), (21, math.inf)], "its last value is not a number"),
        ([(n, random.Random(n).random()) for n in range(60)], "scatters"),
        ([(n, 10.0 - n) for n in range(1, 10)], "pass zero"),
        ([(n, 9 + 5 / n) for n in range(1, 41)] + [(n, 9.1 + (n - 40) * 0.02) for n in range(41, 61)], "turned"),
        ([(n, 1 / n**2 + 0.01 * random.Random(n).random()) for n in range(1, 40)], "close to zero"),
    ],
    ids=["nothing", "too few", "flat", "one place", "nan", "inf", "noise", "through zero", "turned", "near zero"],
)  # fmt: skip
def test_what_cannot_be_trusted_is_refused_with_a_reason(curve, why):
    found, told = forecast(curve, end=100)
    assert found is None
    assert why in told


def test_nothing_is_forecast_at_the_end_of_a_run():
    assert forecast(power(100), end=100) == (None, "the run is at its end")


def test_a_curve_that_began_anew_is_judged_by_its_newest_stretch():
    before = [(n, 500.0 - n) for n in range(1, 60)]
    assert forecast([*before, *power(40)], end=100) == forecast(power(40), end=100)


def test_values_that_are_no_numbers_are_left_out():
    curve = power(40)
    curve[10] = (11, math.nan)
    found, _ = forecast(curve, end=100)
    assert found.evaluations == 39
    assert found.at(100).value == pytest.approx(20 + 80 * 100**-0.6, rel=0.05)


def test_a_long_noisy_log_is_fitted_by_its_medians():
    chance = random.Random(3)
    curve = [(n, 3 + 8 * (n / 100 + 1) ** -0.5 + chance.gauss(0, 0.4)) for n in range(1, 10_001)]
    for at in range(50, 10_000, 400):
        curve[at] = (curve[at][0], 900.0)
    found, why = forecast(curve, end=20_000)
    assert why == ""
    assert found.evaluations == 10_000 > MOST
    assert found.at(20_000).value == pytest.approx(3 + 8 * 201**-0.5, abs=0.15)


def test_a_loss_is_not_expected_below_zero():
    found, _ = forecast(power(20, floor=0.0, scale=1.0, c=0.3, noise=0.02), end=400)
    assert found.at(400).low >= 0


def _halves():
    """(labels, first half, last value) of every real validation curve that is long enough."""
    for run in json.loads(CORPUS.read_text("utf-8")):
        values = run.get("val") or []
        if len(values) >= 2 * LEAST and all(value is not None and math.isfinite(value) for value in values):
            half = [(float(n), value) for n, value in enumerate(values[: len(values) // 2], 1)]
            yield run["labels"], half, len(values), values[-1]


@pytest.mark.skipif(not CORPUS.is_file(), reason="the corpus of real curves is not here")
def test_the_ends_of_real_curves_from_their_first_halves(capsys):
    errors, flat, held, refused, healthy, healthy_flat = [], [], [], {}, [], []
    for labels, half, end, truth in _halves():
        found, why = forecast(half, end=end)
        if found is None:
            refused[why] = refused.get(why, 0) + 1
            continue
        expected = found.at(end)
        errors.append(abs(expected.value - truth) / abs(truth))
        flat.append(abs(half[-1][1] - truth) / abs(truth))
        held.append(expected.low <= truth <= expected.high)
        if not labels:
            healthy.append(errors[-1])
            healthy_flat.append(flat[-1])
    with capsys.disabled():
        print(f"\nforecast of {len(errors)} real curves: off by {median(errors):.1%}, the last value by"
              f" {median(flat):.1%}; healthy ones ({len(healthy)}): {median(healthy):.1%} and"
              f" {median(healthy_flat):.1%}; {sum(held)} of {len(held)} ends in the band; refused"
              f" {sum(refused.values())}: {refused}")  # fmt: skip
    assert len(errors) >= 15
    assert median(errors) < 0.10
    assert median(healthy) < median(healthy_flat)
    assert sum(held) >= 0.7 * len(held)

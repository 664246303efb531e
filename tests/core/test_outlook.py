"""What a forecast means for the limit of a gate."""

import pytest

from trainui.core.forecast.extrapolate import forecast
from trainui.core.forecast.outlook import Claim, claim_of, outlook


def falling(last, *, end, c=0.6):
    found, why = forecast([(n, 20 + 80 * n**-c) for n in range(1, last + 1)], end=end)
    assert found is not None, why
    return found


@pytest.mark.parametrize(
    ("rule", "claim"),
    [
        ("best(val/mae) < 100", Claim(metric="val/mae", op="<", limit=100)),
        ("last(val acc (top 5)) >= -1.5e-3", Claim(metric="val acc (top 5)", op=">=", limit=-0.0015)),
        ("max(@wall_h) <= 8", None),
        ("best(a) - best(b) > 3", None),
        ("mlp: best(val/mae) < 100", None),
        ("best(val_acc) within 55..65", None),
    ],
)
def test_only_one_value_against_a_limit_is_looked_forward_to(rule, claim):
    assert claim_of(rule) == claim


@pytest.mark.parametrize(("limit", "expected"), [(28.2, "reach"), (26, "open"), (24.9, "open"), (12, "miss")])
def test_a_limit_is_reached_missed_or_open(limit, expected):
    claim = Claim(metric="wer", op="<", limit=limit)
    assert outlook(falling(40, end=100), claim, unit="epoch").expected == expected


def test_what_is_expected_is_said_with_its_band():
    found = falling(40, end=100)
    sure = outlook(found, Claim(metric="wer", op="<", limit=28.2), unit="epoch")
    assert sure.expected == "reach"
    assert sure.low <= sure.at <= sure.high
    assert sure.text == f"expected to reach 28.2 at epoch {sure.at:.0f} ({sure.low:.0f}..{sure.high:.0f})"
    lost = outlook(found, Claim(metric="wer", op="<", limit=20), unit="epoch")
    end = found.at(100)
    assert lost.text == f"expected to miss 20: {end.value:.4g} at epoch 100 ({end.low:.4g}..{end.high:.4g})"


def test_a_rising_metric_is_seen_from_below():
    found, _ = forecast([(n, 80 - 60 * n**-0.8) for n in range(1, 41)], end=100)
    assert outlook(found, Claim(metric="acc", op=">=", limit=99), unit="epoch").expected == "miss"
    assert outlook(found, Claim(metric="acc", op=">=", limit=77.05), unit="epoch").expected == "reach"


def test_without_an_end_nothing_is_missed():
    found = falling(40, end=None)
    far = outlook(found, Claim(metric="wer", op="<", limit=2), unit="step")
    near = outlook(found, Claim(metric="wer", op="<", limit=26), unit="step")
    assert (far.expected, far.text) == ("open", "")
    assert near.text.startswith("may reach 26 at step ")

"""Numbers no run has: a gate that names one is refused in a sentence, a run that writes one stops no judge."""

from __future__ import annotations

import math

import pytest

from trainui.core.errors import SpecError
from trainui.core.gates import Judge, Point, State, parse_gates
from trainui.core.gates.chance import of_ratio, z_of
from trainui.core.spec import MetricWords

HUGE = 10**400
FLAG = {"id": "far", "role": "flag"}
VALUE = FLAG | {"test": "value", "left": "last(a)", "op": "<", "right": 1}
STALL = FLAG | {"test": "stall", "metric": "a", "goal": "min", "min_delta": 1, "window": "9 epochs"}
EVENT = FLAG | {"test": "event"}
LONG = "9" * 400


@pytest.mark.parametrize(
    "table",
    [
        VALUE | {"right": HUGE},
        VALUE | {"op": "within", "right": [0, HUGE]},
        VALUE | {"bands": [[HUGE, "much"]]},
        VALUE | {"warn_at": -HUGE},
        VALUE | {"left": f"last(a, {LONG})"},
        VALUE | {"left": f"at(a, epoch {LONG})"},
        VALUE | {"left": f"last(a, epochs 1..{LONG})"},
        VALUE | {"grace": LONG},
        VALUE | {"when": f"from epoch {LONG}"},
        STALL | {"min_delta": HUGE},
        STALL | {"window": HUGE},
        FLAG | {"test": "finite", "metrics": ["a"], "k": HUGE},
        FLAG | {"test": "track", "metric": "a", "points": [[1, HUGE]], "side": "above"},
        EVENT | {"file": "x", "count": ">= " + "9" * 5000},
        EVENT | {"match": "a{99999999999}"},
        EVENT | {"match": "(" * 5000 + "a" + ")" * 5000},
    ],
)
def test_a_gate_with_a_number_that_no_float_holds_is_refused_in_a_sentence(table):
    with pytest.raises(SpecError, match=r"^gate 'far': "):
        parse_gates([table], words={})


def test_a_comparison_of_two_metrics_that_have_no_value_yet_is_shown():
    """Both are measured on so many samples, and neither has come: nothing says how large a share may be."""
    table = VALUE | {"left": "last(a)", "right": "max(b)", "grace": "5 epochs"}
    (gate,) = parse_gates([table], words={name: MetricWords(n_eval=1, goal="max") for name in "ab"})
    judge = Judge([gate])
    assert judge.current()["far"].interval is None
    judge.feed(Point(metric="a", step=1.0, value=math.nan, epoch=1.0, at=1.0))
    (last,) = judge.end(result="finished", exit_code=0, at=2.0)
    assert last.state is State.UNKNOWN


def test_a_confidence_next_to_certainty_is_wide_and_finite():
    assert 8 < z_of(0.9999999999999999) < 9


def test_a_ratio_to_next_to_nothing_may_be_anything():
    assert of_ratio((0.5, 10), (1e-6, 1), 8.0) == (0.0, math.inf)
    assert of_ratio((1.0, 10), (5e-324, 1), 1.0) == (0.0, math.inf)

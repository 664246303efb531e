"""What is done about a verdict and what is withheld: the rule alone, case by case."""

import pytest

from trainui.core.deeds import Past, Reached, Situation, decide, place_words, saved_words, summary
from trainui.core.gates import Place, State
from trainui.core.gates.units import read_span

ARMED = Situation(is_armed=True)


def reached(state=State.TRIPPED, **place):
    return Reached(id=1, gate="g", state=state, value=1.0, reason="why", place=Place(at=1000.0, **place))


def past(action, state=State.TRIPPED, at=0.0, **place):
    return Past(action=action, state=state, place=Place(at=at, **place), at=at)


def done(deeds):
    return [deed.action for deed in deeds if not deed.withheld]


@pytest.mark.parametrize(
    ("action", "here", "withheld"),
    [
        ("stop", ARMED, ""),
        ("stop", Situation(), "would have stopped (not armed)"),
        (
            "stop",
            Situation(is_armed=True, protected_by="let-run"),
            "would have stopped (protected by let-run)",
        ),
        ("stop", Situation(is_armed=True, is_live=False), "it had ended"),
        ("stop", Situation(is_run=False), "a study is no run"),
        ("relaunch", ARMED, ""),
        ("relaunch", Situation(is_armed=True, is_live=False), ""),
        ("relaunch", Situation(), "would have relaunched (not armed)"),
        (
            "relaunch",
            Situation(is_armed=True, protected_by="let-run"),
            "would have relaunched (protected by let-run)",
        ),
        ("checkpoint", Situation(), ""),
        ("checkpoint", Situation(is_live=False), "it had ended"),
        ("checkpoint:previous", Situation(is_live=False), ""),
        ("notify", Situation(), ""),
        ("notify", Situation(is_run=False), ""),
        ("notify", Situation(past=[past("notify")]), "told before"),
        ("notify", Situation(past=[past("notify", State.FAILED)]), ""),
        ("launch:eval", Situation(), ""),
        ("launch:eval", Situation(past=[past("launch:eval")]), "launched before"),
        ("launch:eval", Situation(past=[past("launch:other")]), ""),
        ("hold-queue", Situation(), ""),
        ("block:a,b", Situation(is_run=False), ""),
    ],
)
def test_an_action_is_done_or_withheld_for_a_reason(action, here, withheld):
    deeds = decide(reached(), [action], here)
    assert [(deed.action, deed.withheld) for deed in deeds] == [("flag", ""), (action, withheld)]


@pytest.mark.parametrize("state", [State.WARN, State.UNKNOWN, State.PENDING, State.OK])
def test_what_was_not_measured_or_is_only_a_warning_stops_nothing(state):
    assert "stop" not in done(decide(reached(state), ["stop", "relaunch"], ARMED))


def test_what_is_quiet_is_not_flagged_and_what_is_loud_always_is():
    assert decide(reached(State.OK), [], ARMED) == []
    assert done(decide(reached(State.UNKNOWN), [], ARMED)) == ["flag"]
    assert done(decide(reached(State.TRIPPED), ["flag", "flag"], ARMED)) == ["flag"]


@pytest.mark.parametrize(
    ("cooldown", "before", "now", "is_done"),
    [
        ("2h", {"at": 1000 - 7199}, {}, False),
        ("2h", {"at": 1000 - 7200}, {}, True),
        ("5 epochs", {"epoch": 3}, {"epoch": 7}, False),
        ("5 epochs", {"epoch": 3}, {"epoch": 8}, True),
        ("100 steps", {"step": 10}, {"step": 60}, False),
        ("100 steps", {"step": 10}, {"step": 110}, True),
        ("5 epochs", {}, {}, False),
    ],
)
def test_no_action_comes_twice_within_its_cooldown(cooldown, before, now, is_done):
    here = Situation(is_armed=True, cooldown=read_span(cooldown), past=[past("checkpoint", **before)])
    deeds = decide(reached(**now), ["checkpoint", "stop"], here)
    assert ("checkpoint" in done(deeds)) is is_done
    assert "stop" in done(deeds), "another action has no part in it"


def test_the_default_watch_says_a_thing_once():
    here = Situation(tells_once=True, past=[past("flag")])
    assert done(decide(reached(), [], here)) == []
    assert done(decide(reached(State.WARN), [], here)) == ["flag"]


@pytest.mark.parametrize(
    ("actions", "here", "words"),
    [
        (["flag"], ARMED, ""),
        (["flag", "notify", "stop"], ARMED, "stopped"),
        (["flag", "notify", "stop"], Situation(), "would have stopped"),
        (["notify", "launch:eval"], ARMED, "notified, launched eval"),
        (["block:a,b"], ARMED, "blocked a,b"),
        (["hold-queue"], ARMED, "held the queue"),
    ],
)
def test_beside_the_gate_stands_what_was_done(actions, here, words):
    assert summary(decide(reached(), actions, here)) == words


def test_what_is_spared_is_told_in_hours_and_dollars():
    assert saved_words(31.2 * 3600, 40_000_000) == "31.2 h and 40.00 $ saved"
    assert saved_words(90, None) == "2 min saved"
    assert saved_words(42, 0) == "42 s saved"
    assert saved_words(None, None) == ""
    assert place_words(Place(epoch=5.0, step=300)) == " at epoch 5"
    assert place_words(Place(step=300)) == " at step 300"

"""S2 on real clips: attempt 1 is caught, attempt 2 learns, a right warm-up does no harm, NaN meets its remedy."""

from __future__ import annotations

from pathlib import Path

from tests.systems.conftest import System


def started(system: System, data: Path, *words: str) -> list[str]:
    """Runs on the real clips, as small as they come, to their end."""
    source = ("--preset", "small", "--set", f"source={data / 'urbansound8k'}")
    return system("start", *words, *source, "--wait", code=None).split()


def test_the_warm_up_that_ruined_the_original_is_caught_and_the_others_learn(
    system: System, data: Path
) -> None:
    """Armed, attempt 1 is stopped long before its schedule ends; both others beat the majority line.

    The others are not armed: on sixty clips eight points are within chance, and 002.diverged is for a whole corpus.
    """
    (ruined,) = started(system, data, "ast_warmup", "--arm")
    right, plain = started(system, data, "ast_right_warmup", "ast_nowarmup")
    assert system.verdicts(ruined)["002.diverged"] == "tripped"
    assert max(system.values(ruined, "val/acc")) < 30
    told = system.json("show", ruined)
    assert (told["result"], told["cause"]) == ("stopped", "gate 002.diverged")
    for run in (right, plain):
        assert system.verdicts(run)["above-majority"] == "passed"
        assert system.verdicts(run)["own-rates"] in ("ok", "passed")
        assert max(system.values(run, "val/acc")) >= 20
    assert max(system.values(ruined, "lr/backbone")) > 5 * max(system.values(plain, "lr/backbone"))
    (tested,) = system("start", "eval_test", "--preset", "small", "--wait", code=None).split()
    assert system.values(tested, "test/acc")[0] >= system.values(tested, "test/majority")[0] + 5


def test_nan_is_caught_stopped_and_tried_again_as_written_down(system: System, data: Path) -> None:
    (broken,) = started(
        system, data, "ast_nowarmup", "--arm", "--set", "break_loss_at=20", "--set", "preflight_steps=0"
    )
    assert system.verdicts(broken)["no-nan"] == "tripped"
    assert system.json("show", broken)["cause"] == "gate no-nan"
    (again,) = system(
        "retry", broken, "--remedy", "nan", "--set", "break_loss_at=0", "--set", "epochs=1"
    ).split()
    told = system.json("show", again)
    assert (told["parent"], told["params"]["clip"], told["params"]["backbone_lr"]) == (broken, 0.5, 1e-5)

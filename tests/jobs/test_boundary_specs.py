"""The specs say what the jobs understand: every param is known, every gate watches a metric that is logged."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path

import pytest

from jobs.boundary import settings

SPECS = {
    name: Path(settings.__file__).with_name(f"{name}.toml") for name in ("transformer", "mlp", "contrastive")
}
OTHERS = {
    name: Path(settings.__file__).with_name(f"{name}.toml") for name in ("baseline", "evaluate", "integrate")
}
STUDY = Path(settings.__file__).with_name("study.toml")
KNOWN = {field.name for field in dataclasses.fields(settings.Settings)}
LOGGED = {
    *(
        "train/loss",
        "train/lr",
        "train/grad_norm",
        "preflight/overfit_mae",
        "der",
        "der/before",
        "der/after",
        "der/oracle",
    ),
    *(
        f"{split}/{name}"
        for split in ("val", "test")
        for name in ("mae", "median", "acc50", "acc100", "acc200")
    ),
    *("val/mae_zero", "test/mae_zero", "transformer/mae", "rivals/mae", "real/mae", "real/mae_zero"),
}


def table(path: Path) -> dict[str, dict[str, object]]:
    return tomllib.loads(path.read_text())


@pytest.mark.parametrize("name", SPECS)
def test_a_training_knows_every_param_of_its_spec_and_preset(name: str) -> None:
    spec = table(SPECS[name])
    for part in (spec["params"], *spec["presets"].values(), *(one["set"] for one in spec["remedy"])):  # type: ignore[call-overload,attr-defined]
        assert part.keys() <= KNOWN  # type: ignore[attr-defined]
    assert settings.read(["--config", str(SPECS[name]), "--preset", "demo"]).data == "demo"


@pytest.mark.parametrize("name", SPECS)
def test_at_full_scale_a_training_has_the_plans_settings(name: str) -> None:
    found = settings.read(["--config", str(SPECS[name])])
    plan = (found.model, found.epochs, found.batch_size, found.learning_rate, found.examples)
    assert plan == (name, 50, 32, 5e-4, 15_000)
    assert (found.tokens, found.stride) == (200, 2)


@pytest.mark.parametrize("path", [*SPECS.values(), *OTHERS.values(), STUDY], ids=lambda path: path.stem)
def test_every_gate_watches_what_is_logged_and_quotes_somebody(path: Path) -> None:
    for gate in table(path).get("gate", []):
        assert gate["quote"]  # type: ignore[index]
        said = " ".join(str(gate.get(key, "")) for key in ("left", "over", "minus", "metric", "metrics"))  # type: ignore[attr-defined]
        watched = set(re.findall(r"[a-z]+/[a-z0-9_]+", said))
        assert watched <= LOGGED


@pytest.mark.parametrize(("name", "flags"), [(name, name) for name in OTHERS])
def test_the_other_jobs_know_their_params(name: str, flags: str) -> None:
    source = Path(settings.__file__).with_name(f"{flags}.py").read_text()
    spec = table(OTHERS[name])
    for key in [*spec["params"], *spec["presets"]["demo"]]:  # type: ignore[misc]
        assert f'"--{key}"' in source


def test_the_evaluation_waits_for_the_three_trainings() -> None:
    assert table(OTHERS["evaluate"])["job"]["needs"] == list(SPECS)
    assert table(OTHERS["integrate"])["job"]["needs"] == ["evaluate"]

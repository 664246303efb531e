"""Specs: what is read, what is refused and in which words."""

import re

import pytest

from trainui.core.errors import SpecError
from trainui.core.spec import argv, resolve, spec_from_json
from trainui.core.spec.file import load_spec

MINIMAL = '[job]\nname = "a"\ncommand = ["{python}", "a.py"]\n'


def written(tmp_path, text):
    path = tmp_path / "a.toml"
    path.write_text(text)
    return path


def test_the_minimal_spec_is_enough(tmp_path):
    spec = load_spec(written(tmp_path, MINIMAL))
    assert spec.job.stop_signal == "SIGTERM"
    assert spec.job.grace_seconds == 60


def test_a_toml_without_a_job_is_not_a_job(tmp_path):
    assert load_spec(written(tmp_path, "[tool]\nx = 1\n")) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (MINIMAL + "grace_secs = 3\n", ["a.toml:4", "[job]", "grace_secs", "grace_seconds"]),
        (MINIMAL + "\n[resources]\ngpu = 1\n", ["a.toml:6", "[resources]", "did you mean 'gpus'"]),
        (MINIMAL + "\n[paramz]\nx = 1\n", ["a.toml:5", "paramz", "params"]),
        ('[job]\nname = "a"\n', ["a.toml:1", "[job]", "needs 'command'"]),
        ('[job]\nname = "../x"\ncommand = ["true"]\n', ["a.toml:2", "not a usable name"]),
        ('[job]\nname = "a"\ncommand = "true"\n', ["a.toml:3", "command", "should be a list"]),
        (MINIMAL + 'stop_signal = "SIGKILL"\n', ["a.toml:4", "SIGKILL", "SIGTERM, SIGINT"]),
        (MINIMAL + "x = [\n", ["a.toml:", "not valid TOML"]),
        (MINIMAL + '[[metrics.pattern]]\nregex = "(?P<a"\n', ["a.toml:", "pattern"]),
        (MINIMAL + '[[metrics.pattern]]\nregex = "loss"\n', ["a.toml:5", "names no group"]),
        (MINIMAL + '[[gate]]\nid = "g"\ntest = "valu"\n', ["a.toml:6", "gate 'g'", "value"]),
        (MINIMAL + "grace_seconds = -1\n", ["a.toml:4", "grace_seconds cannot be -1"]),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_to_do(tmp_path, text, words):
    with pytest.raises(SpecError) as caught:
        load_spec(written(tmp_path, text))
    for word in words:
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


FULL = MINIMAL + (
    'resume = ["--resume", "{last_checkpoint}"]\n[params]\nlr = 1e-3\nepochs = 3\namp = true\nslow = false\n'
    "[presets.demo]\nepochs = 1\n"
)


@pytest.mark.parametrize(
    ("preset", "overrides", "end"),
    [
        ("", {}, ("--lr", "0.001", "--epochs", "3", "--amp")),
        ("demo", {}, ("--lr", "0.001", "--epochs", "1", "--amp")),
        ("demo", {"epochs": "2"}, ("--lr", "0.001", "--epochs", "2", "--amp")),
        ("", {"amp": "false", "slow": "true"}, ("--lr", "0.001", "--epochs", "3", "--slow")),
        ("", {"lr": "1e-4"}, ("--lr", "0.0001", "--epochs", "3", "--amp")),
        ("", {"new_flag": "x"}, ("--lr", "0.001", "--epochs", "3", "--amp", "--new_flag", "x")),
    ],
)
def test_params_become_flags(tmp_path, preset, overrides, end):
    spec = resolve(load_spec(written(tmp_path, FULL)), preset=preset, overrides=overrides)
    assert argv(spec, python="py", run="a-1", run_dir=tmp_path) == ("py", "a.py", *end)


def test_resume_arguments_come_only_with_a_checkpoint(tmp_path):
    spec = load_spec(written(tmp_path, FULL))
    assert argv(spec, python="py", run="a-1", run_dir=tmp_path, last_checkpoint="x.pt")[-2:] == (
        "--resume",
        "x.pt",
    )
    assert "--resume" not in argv(spec, python="py", run="a-1", run_dir=tmp_path)


@pytest.mark.parametrize(
    ("preset", "overrides", "words"),
    [
        ("dmo", {}, "did you mean 'demo'"),
        ("", {"epoch": "1"}, "did you mean 'epochs'"),
        ("", {"epochs": "many"}, "epochs='many' is not a number"),
        ("", {"amp": "perhaps"}, "is not true or false"),
    ],
)
def test_a_wrong_override_is_refused(tmp_path, preset, overrides, words):
    with pytest.raises(SpecError, match=words.replace("?", "")):
        resolve(load_spec(written(tmp_path, FULL)), preset=preset, overrides=overrides)


def test_a_spec_survives_the_store_and_its_own_toml(tmp_path):
    spec = load_spec(written(tmp_path, FULL))
    assert spec_from_json(spec.to_json()) == spec
    assert load_spec(written(tmp_path, spec.to_toml())) == spec


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[retry]\non = { hangup = 3 }\n", "retry on 'hangup' is not known (did you mean 'hang-up'?)"),
        (
            "[retry]\non = { out-of-gpu-memory = 1 }\n",
            "out-of-gpu-memory happens again when nothing is changed",
        ),
        ("[retry]\non = { exit = -1 }\n", "exit cannot be tried -1 times"),
        ("[retry]\ndelay_seconds = -1\n", "delay_seconds cannot be -1"),
        ("[retry]\ndelays = 1\n", "[retry] has no key 'delays'"),
        ("[resources]\nram_gib = -1\n", "ram_gib cannot be -1"),
    ],
)
def test_what_cannot_be_in_a_queue_or_a_retry_is_refused(tmp_path, text, said):
    path = tmp_path / "a.toml"
    path.write_text(f'[job]\nname = "a"\ncommand = ["true"]\n{text}')
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    assert said in str(caught.value)
    assert re.match(rf"{re.escape(str(path))}:\d+: ", str(caught.value))


def test_a_checkpoint_is_asked_for_in_one_way_and_not_with_the_stop_signal(tmp_path):
    path = tmp_path / "a.toml"
    head = '[job]\nname = "a"\ncommand = ["true"]\n'
    for lines, said in (
        ('checkpoint_signal = "SIGTERM"', "are both SIGTERM"),
        ('checkpoint_signal = "SIGKILL"', "is not one of"),
        ('checkpoint_signal = "SIGUSR1"\ncheckpoint_file = "save"', "keep one"),
    ):
        path.write_text(f"{head}{lines}\n")
        with pytest.raises(SpecError, match=said):
            load_spec(path)
    path.write_text(f'{head}checkpoint_signal = "SIGUSR1"\ncheckpoint_seconds = 7\n')
    assert load_spec(path).checkpoint_seconds == 7
    path.write_text(head)
    assert load_spec(path).checkpoint_seconds == 0

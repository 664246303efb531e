"""trainui.toml: every mistake is a sentence with its line and what to do; what is right is read exactly."""

import socket
import tomllib

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from trainui.core.config import load_config
from trainui.core.config.notes import notes
from trainui.core.config.places import Places
from trainui.core.errors import SpecError

MACHINE = '[[machine]]\nname = "a100"\nusd_per_hour = 1.29\n'


@pytest.fixture
def read(tmp_path):
    def read(text):
        (tmp_path / "trainui.toml").write_text(text)
        return load_config(tmp_path)

    return read


MISTAKES = [
    # sums
    ("[budget]\n\ntotal_usd = -3\n", 3, "total_usd = -3 is below 0", "0 or more"),
    ("[budget]\ntotal_usd = nan\n", 2, "total_usd is not a number", "nan is no sum"),
    ("[budget]\ntotal_usd = inf\n", 2, "more than can be counted", "at most"),
    ("[budget]\ntotal_usd = 1e300\n", 2, "more than can be counted", "at most"),
    (f"[budget]\ntotal_usd = {10**400}\n", 2, "total_usd is more than can be counted", ""),
    ("[budget]\ntotal_usd = 0.0000001\n", 2, "less than a millionth", "write 0"),
    ('[budget]\ntotal_usd = "20"\n', 2, "total_usd should be a number, not '20'", "without quotes"),
    ("[budget]\ntotal_usd = true\n", 2, "total_usd should be a number, not true", ""),
    ("[budget]\ntotal_usd = 2026-01-01\n", 2, "total_usd should be a number, not 2026-01-01", ""),
    ("[budget]\ntotal_usd = 10\nspent_usd = 12\n", 2, "total_usd = 10 is below what is spent already (spent_usd = 12 in line 3)", "raise the total"),
    ("[budget]\nspent_usd = -1\n", 2, "spent_usd = -1 is below 0", ""),
    ("[budget]\ntotal_usd = 3\nreserve_usd = 5\n", 3, "reserve_usd = 5 is above total_usd = 3", "keep back less"),
    ("[budget]\nreserve_usd = -0.5\n", 2, "reserve_usd = -0.5 is below 0", ""),
    ("[budget]\nper_run_usd = 0\n", 2, "per_run_usd = 0 lets no run start", ""),
    ("[budget]\nper_run_usd = -2\n", 2, "per_run_usd = -2 is below 0", ""),
    # keys
    ("[budget]\ntotal_usb = 3\n", 2, "[budget] has no key 'total_usb'", "did you mean 'total_usd'?"),
    ("[budgets]\ntotal_usd = 3\n", 1, "trainui.toml has no key 'budgets'", "did you mean 'budget'?"),
    (MACHINE + "usd_per_hours = 3\n", 4, "[[machine]] has no key 'usd_per_hours'", "did you mean 'usd_per_hour'?"),
    ("[budget.ladder]\nstop = 3\n", 2, "[budget.ladder] has no key 'stop'", "did you mean 'stop_all'?"),
    ("[idle]\n[idle.on_idle]\ncomand = []\n", 3, "[idle.on_idle] has no key 'comand'", "did you mean 'command'?"),
    ("budget = 3\n", 1, "budget should be a table", "write [budget]"),
    ("[[budget]]\ntotal_usd = 3\n", 1, "budget should be a table", "write [budget]"),
    ('# one\n[machine]\nname = "a"\n', 2, "machine should be a list of tables", "write [[machine]]"),
    ("[budget\n", 1, "not valid TOML", ""),
    ("[budget]\ntotal_usd = \n", 2, "not valid TOML", ""),
    ("[budget]\ntotal_usd = 1\ntotal_usd = 2\n", 3, "not valid TOML", ""),
    ('[budget]\nx = """\n', 2, "not valid TOML", ""),
    # currency
    ('[budget]\ncurrency = "EURO"\n', 2, "currency 'EURO' is not three capital letters", "write EUR"),
    ('[budget]\ncurrency = "eur"\n', 2, "currency 'eur' is not three capital letters", "write EUR"),
    ('[budget]\ncurrency = "€"\n', 2, "is not three capital letters", "write EUR"),
    ("[budget]\ncurrency = 3\n", 2, "currency should be three letters, not 3", ""),
    ('[budget]\ncurrency = "EUR"\ntotal_usd = 3\n', 3, "total_usd is in dollars, and the currency is EUR", "write total = ... for EUR"),
    ('[budget]\ncurrency = "EUR"\ntotal = 3\n' + MACHINE, 6, "usd_per_hour is in dollars, and the currency is EUR", "write per_hour = "),
    ("[budget]\ntotal = 3\nspent_usd = 1\n", 3, "spent_usd here and total in line 2 are two kinds of keys", "those without"),
    ("[budget]\ntotal = 3\n" + MACHINE, 5, "usd_per_hour here and total in line 2 are two kinds", ""),
    ('[budget]\ncurrency = "EUR"\ntotal = -3\n', 3, "total = -3 is below 0", ""),
    ('[budget]\ncurrency = "EUR"\ntotal = "3"\n', 3, "total should be a number, not '3'", ""),
    ('[budget]\ncurrency = "EUR"\ntotl = 3\n', 3, "has no key 'totl'", "did you mean 'total'?"),
    ('[budget]\ncurrency = "EUR"\n[[machine]]\nname = "a"\n', 3, "machine 'a' has no rate", "per_hour = 1.29"),
    # studies
    ('[budget.studies]\na = 1\n"phase 3" = -1\n', 3, "phase 3 = -1 is below 0", ""),
    ('[budget.studies]\na = 1\n"phase 3" = "x"\n', 3, "phase 3 should be a number, not 'x'", ""),
    ("[budget]\nstudies = 3\n", 2, "budget.studies should be a table", "write [budget.studies]"),
    ('[budget.studies]\n"" = 3\n', 2, "names a study ''", ""),
    # ladder
    ("[budget.ladder]\ntell = 60\nadmit_no_more = 50\n", 3, "admit_no_more = 50 is below tell = 60", "the steps go up"),
    ("[budget.ladder]\ntell = 80\n", 2, "admit_no_more = 75 (as it is unless you say otherwise) is below tell = 80", "the steps go up"),
    ("[budget]\nladder = { stop_all = 101 }\n", 2, "stop_all = 101 is not from 0 to 100", "per cent"),
    ("[budget.ladder]\ntell = -1\n", 2, "tell = -1 is not from 0 to 100", ""),
    ("[budget.ladder]\ntell = nan\n", 2, "tell = nan is not from 0 to 100", ""),
    ("[budget.ladder]\nstop_all = false\n", 2, "stop_all should be a number, not false", ""),
    ("[budget.ladder]\ntell = true\n", 2, "tell should be a number, not true", "false, for never"),
    # machines
    ('[[machine]]\nname = "a"\n\n[[machine]]\nname = "b"\nusd_per_hour = 1\n', 1, "machine 'a' has no rate", "usd_per_hour = 1.29, or 0 if it is free"),
    (MACHINE + '[[machine]]\nname = "b"\n', 4, "machine 'b' has no rate", ""),
    (MACHINE + '[[machine]]\nname = "b"\nusd_per_hour = -1\n', 6, "usd_per_hour = -1 is below 0", ""),
    (MACHINE + '[[machine]]\nname = "b"\nusd_per_hour = nan\n', 6, "usd_per_hour is not a number", ""),
    (MACHINE + '[[machine]]\nname = "b"\nusd_per_hour = "1"\n', 6, "usd_per_hour should be a number", "without quotes"),
    ('machine = [\n  { name = "a", usd_per_hour = 1 },\n  { name = "b", usd_per_hour = -1 },\n]\n', 3, "usd_per_hour = -1", ""),
    (MACHINE + MACHINE, 5, "two machines are called 'a100', the other in line 2", "a name of its own"),
    (MACHINE + "usd_per_gpu_hour = 2\ngpus = 1\n", 4, "machine 'a100' has two rates, usd_per_hour and usd_per_gpu_hour", "keep one"),
    ('[[machine]]\nname = "a"\nusd_per_gpu_hour = 2\n', 3, "a rate per GPU and does not say how many", "gpus = 8"),
    ('[[machine]]\nname = "a"\nusd_per_gpu_hour = 2\ngpus = 0\n', 4, "a rate per GPU and does not say how many", ""),
    (MACHINE + "gpus = -1\n", 4, "cannot have -1 GPUs", ""),
    (MACHINE + "gpus = 1.5\n", 4, "gpus should be a whole number, not 1.5", ""),
    (MACHINE + 'billing = "minut"\n', 4, "billing 'minut' is not known", "did you mean 'minute'?"),
    (MACHINE + 'billing = "per hour"\n', 4, "billing 'per hour' is not known", "did you mean 'hour'?"),
    (MACHINE + 'share = "gpu"\n', 4, "share 'gpu' is not known", "known: equal, time, use"),
    ("[[machine]]\nusd_per_hour = 1\n", 1, "[[machine]] needs 'name'", ""),
    (MACHINE + "[[machine]]\nusd_per_hour = 1\n", 4, "[[machine]] needs 'name'", ""),
    ('[[machine]]\nname = ""\nusd_per_hour = 1\n', 2, "'' is no name for a machine", ""),
    ("[[machine]]\nname = 3\nusd_per_hour = 1\n", 2, "name should be text in quotes, not 3", ""),
    (MACHINE + 'host = "no-such-*"\n', 4, f"no [[machine]] is this one, which is called {socket.gethostname()!r}", "usd_per_hour = 0 if it is free"),
    # commands
    ('[budget.on_cap]\ncommand = "poweroff"\n', 2, "command should be a list of words, not text", '["sudo", "poweroff"]'),
    ('[budget.on_cap]\ncommand = ["sudo", 3]\n', 2, "command[1] should be text in quotes, not 3", ""),
    ('[idle.on_idle]\ncommand = [""]\n', 2, "the command of [idle.on_idle] is empty", "without a shell"),
    ('[idle.on_idle]\ncommand = ["x"]\ncountdown_seconds = -1\n', 3, "countdown_seconds cannot be -1", "0 runs the command at once"),
    ("[idle.on_idle]\ncountdown_seconds = 5\n", 2, "[idle.on_idle] counts down to no command", ""),
    ('[idle.on_idle]\ncommand = ["x"]\ndry_run = 1\n', 3, "dry_run should be true or false", ""),
    ('[idle]\ntell_minutes = false\n[idle.on_idle]\ncommand = ["x"]\n', 4, "this command is never run", "act_minutes = 30"),
    ("[idle]\ntell_minutes = 0\n", 2, "tell_minutes cannot be 0", ""),
    ("[idle]\nstarting_minutes = -1\n", 2, "starting_minutes cannot be -1", ""),
    ("[idle]\nact_minutes = -3\n", 2, "act_minutes cannot be -3", ""),
    ("[notify]\ncommand = [\"\"]\n", 2, "the notify command is empty", ""),
    ("[notify]\ntimeout_seconds = 0\n", 2, "timeout_seconds cannot be 0", ""),
    ("[queue]\nslots = 0\n", 2, "slots must be at least 1", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "said", "hint"), MISTAKES, ids=[f"{one[1]} {one[2]}"[:60] for one in MISTAKES]
)
def test_a_mistake_is_one_sentence_with_its_line_and_what_to_do(read, tmp_path, text, line, said, hint):
    with pytest.raises(SpecError) as caught:
        read(text)
    assert caught.value.message.startswith(f"{tmp_path}/trainui.toml:{line}: "), caught.value.message
    assert said in caught.value.message
    assert hint in caught.value.hint
    assert "\n" not in str(caught.value)
    assert "`$" not in str(caught.value), "no word of msgspec's"


def test_everything_that_may_be_said_is_read(read):
    config = read("""
[budget]
currency = "EUR"
total = 40
spent = 4.5
reserve = 1
per_run = 8
studies = { "phase 3" = 20, other = 5.5 }
[budget.ladder]
tell = false
admit_no_more = 80
stop_least = false
stop_all = 95
[budget.on_cap]
command = ["sudo", "poweroff"]
countdown_seconds = 300
[idle]
tell_minutes = 5
act_minutes = 30
[idle.on_idle]
command = ["sudo", "poweroff"]
dry_run = true
[[machine]]
name = "box"
host = "*"
gpus = 8
per_gpu_hour = 2.49
billing = "minute"
share = "use"
""")
    budget = config.budget
    assert (budget.currency, budget.total_usd, budget.spent_usd, budget.reserve_usd) == ("EUR", 40, 4.5, 1)
    assert (budget.per_run_usd, budget.studies) == (8, {"phase 3": 20, "other": 5.5})
    ladder = budget.ladder
    assert (ladder.tell, ladder.admit_no_more, ladder.stop_least, ladder.stop_all) == (None, 80, None, 95)
    assert (budget.on_cap.command, budget.on_cap.countdown_seconds) == (["sudo", "poweroff"], 300)
    assert (config.idle.tell_minutes, config.idle.act_minutes, config.idle.on_idle.dry_run) == (5, 30, True)
    machine = config.here
    assert (machine.name, machine.rate, machine.billing, machine.share) == (
        "box",
        19_920_000,
        "minute",
        "use",
    )


def test_keys_without_a_currency_are_for_dollars_too(read):
    config = read('[budget]\ntotal = 3\n[[machine]]\nname = "a"\nper_hour = 0.35\n')
    assert (config.budget.currency, config.budget.total_usd, config.here.rate) == ("USD", 3, 350_000)


def test_no_file_means_nothing_costs(tmp_path):
    assert load_config(tmp_path).here.rate == 0


def test_the_machine_is_the_first_whose_host_is_this_one(read):
    host = socket.gethostname()
    text = f'[[machine]]\nname = "far"\nhost = "no-such-*"\nper_hour = 9\n[[machine]]\nname = "near"\nhost = "{host}"\nper_hour = 1\n'
    assert read(text).here.name == "near"


def test_a_mistake_in_a_file_of_windows_has_its_line_too(read):
    with pytest.raises(SpecError, match=r"trainui\.toml:4: total_usd"):
        read("# one\r\n\r\n[budget]\r\ntotal_usd = -1\r\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[budget]\nreserve_usd = 1\n", "has no total"),
        ("[budget]\ntotal_usd = 1\n", "no [[machine]], so nothing costs"),
        ('[budget]\ntotal_usd = 1\n[[machine]]\nname = "a"\nusd_per_hour = 0\n', "machine 'a' is free"),
        ("[budget]\ntotal_usd = 5\nspent_usd = 4\nreserve_usd = 1\n" + MACHINE, "leave nothing of the total"),
        ("[budget]\ntotal_usd = 5\nstudies = { phase-2 = 3 }\n" + MACHINE, "did you mean 'phase-3'?"),
        ("[budget]\ntotal_usd = 5\nstudies = { phase-3 = 30 }\n" + MACHINE, "which holds first"),
        ("[budget]\ntotal_usd = 5\nper_run_usd = 30\n" + MACHINE, "which holds first"),
        (MACHINE + '[[machine]]\nname = "b"\nusd_per_hour = 1\n', "'b' is never billed here"),
        ('[budget.on_cap]\ncommand = ["x"]\n', "it is never run"),
        ('[idle.on_idle]\ncommand = ["x"]\n', "it is never run"),
    ],
)
def test_what_is_probably_not_meant_is_said_and_not_refused(read, text, said):
    (told,) = notes(read(text), studies=["phase-3", "pilot"])
    assert said in told


def test_a_plain_file_has_nothing_to_note(read):
    assert (
        notes(read("[budget]\ntotal_usd = 5\nstudies = { pilot = 3 }\n" + MACHINE), studies=["pilot"]) == []
    )


keys = st.text(st.sampled_from("ab -_.'\"#[]=é"), min_size=1, max_size=4)
scalars = st.one_of(
    st.integers(-9, 9), st.booleans(), st.floats(allow_nan=False), st.dates(), st.text(max_size=8)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)


def paths(value, path=()):
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (*path, key)
        yield from paths(inner, (*path, key))


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(keys, values, max_size=4))
def test_every_key_and_value_of_a_text_has_its_line(tables):
    text = tomlkit.dumps(tables)
    tables, places = tomllib.loads(text), Places(text)
    for path in paths(tables):
        assert places.is_said(path), (text, path)
        assert 1 <= places.line(path) <= text.count("\n") + 1


def test_the_line_of_a_key_is_that_of_its_own_table():
    text = 'note = """\n[budget]\ntotal_usd = 1\n"""\n[budget]\n# total_usd = 2\ntotal_usd = 3\n"a.b".c = [\n  1,\n  { z = 2 },\n]\n'
    places = Places(text)
    assert tomllib.loads(text)["budget"]["total_usd"] == 3
    assert [places.line(path) for path in (("budget",), ("budget", "total_usd"), ("budget", "a.b", "c", 1, "z"))] == [5, 7, 10]  # fmt: skip

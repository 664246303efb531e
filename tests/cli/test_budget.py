"""trainui budget and the verbs below it, as a person and a script use them."""

import io
import json
import os
import pty
import sqlite3
import subprocess
import sys
import time
import tomllib

import pytest

from tests.conftest import COUNT, SPEC, Cockpit, warm
from trainui import cli
from trainui.cli.budget.summary import reckoning
from trainui.core.config import Config, load_config
from trainui.core.store.moneyviews import BudgetView

WITH_RATE = '[budget]\ntotal_usd = 5000\nreserve_usd = 1\n[[machine]]\nname = "dear"\nusd_per_hour = 360\n'
FIELDS = {
    "machine", "usd_per_hour", "total_usd", "spent_usd", "idle_usd", "held_usd", "reserve_usd", "left_usd",
    "lasts_until", "gpu_hours", "runs", "currency", "billing", "share", "over_usd", "step", "problem", "countdown",
}  # fmt: skip


def begin(project):
    """A project whose machine costs ten cents a second, in which one run of a study has ended."""
    (project / "jobs").mkdir()
    (project / "jobs" / "count.toml").write_text(
        SPEC.replace('about = "counts"', 'about = "counts"\nstudy = "phase 3"')
    )
    (project / "count.py").write_text(COUNT)
    (project / "trainui.toml").write_text(WITH_RATE)
    here = Cockpit(project, warm())
    here("start", "count", "--set", "steps=10", "--set", "delay=0.1", "--wait")
    return here


@pytest.fixture(scope="module")
def dear(tmp_path_factory):
    """One such project for all tests that only look."""
    here = begin(tmp_path_factory.mktemp("dear"))
    yield here
    here.clean_up()


@pytest.fixture
def within(monkeypatch, capsys):
    """trainui in this process: (its exit code, what it printed). A process of its own for each takes long."""

    def within(project, *words):
        monkeypatch.chdir(project)
        monkeypatch.setattr("sys.stdin", io.StringIO())
        for name in [name for name in os.environ if name.startswith("TRAINUI_")]:
            monkeypatch.delenv(name)
        code = cli.main(list(words))
        return code or 0, "".join(capsys.readouterr())

    return within


def test_the_reckoning_is_told_to_people_and_to_scripts(dear):
    money = dear.json("budget")
    assert money.keys() >= FIELDS
    assert (money["machine"], money["total_usd"], money["currency"]) == ("dear", 5000, "USD")
    (run,) = money["runs"]
    assert (run["run"], run["job"]) == ("count-1", "count")
    assert run["usd"] > 0.05
    assert money["ladder"] == {"tell": 50, "admit_no_more": 75, "stop_least": 90, "stop_all": 100}
    (study,) = [one for one in money["spent"] if one["name"] == "phase 3"]
    assert study["runs"] == 1
    assert study["usd"] > 0.05
    text = dear("budget").stdout
    for word in (
        "dear: 360.0000 $/h by the second",
        "of 5000.00 $",
        "reserve 1.0000 $",
        "phase 3",
        "count-1",
    ):
        assert word in text, text


@pytest.mark.parametrize(("by", "name"), [("study", "phase 3"), ("job", "count"), ("run", "count-1"), ("machine", "dear"), ("day", None)])  # fmt: skip
def test_money_is_summed_by_what_was_asked_for(dear, within, by, name):
    name = name or time.strftime("%Y-%m-%d")
    money = json.loads(within(dear.project, "budget", "--by", by, "--json")[1])
    assert money["by"] == by
    assert name in {one["name"] for one in money["spent"]}
    rows = within(dear.project, "budget", "--by", by)[1].split("\n\n")[1].splitlines()
    assert rows[0].split()[0] == by
    assert any(row.startswith(name) for row in rows)


def test_the_sums_of_every_view_are_what_was_spent(dear):
    reader = dear.reader()
    reader._db.execute("BEGIN")  # one look: the machine costs on meanwhile
    sums = {
        by: sum(round(one.usd * 1e6) for one in reader.spent(by))
        for by in ("study", "job", "run", "day", "machine")
    }
    spent = round(reader.budget().spent_usd * 1e6)
    reader._db.execute("COMMIT")
    reader.close()
    assert set(sums.values()) == {spent}


def test_the_ledger_is_shown_line_by_line(dear, within):
    def lines(*words):
        return json.loads(within(dear.project, "budget", "ledger", "--json", *words)[1])["lines"]

    assert {line["kind"] for line in lines("--all")} >= {"run", "idle"}
    assert [line["id"] for line in lines()] == sorted(line["id"] for line in lines())
    assert {line["run"] for line in lines("--run", "count-1")} == {"count-1"}
    assert len(lines("--last", "1")) == 1
    assert "count-1" in dear("budget", "ledger").stdout
    code, told = within(dear.project, "budget", "ledger", "--run", "nope")
    assert (code, "there is no run 'nope'" in told) == (2, True)


def test_leases_and_the_burn_down_can_be_read(dear):
    assert dear.json("budget", "leases")["currency"] == "USD"
    assert dear("budget", "leases").stdout
    burn = dear.json("budget", "burn")
    assert burn["total_usd"] == 5000
    assert burn["points"][0][1] == 0
    assert burn["points"][-1][1] > 0.05
    assert [point[0] for point in burn["points"]] == sorted(point[0] for point in burn["points"])
    head, day, *_ = dear("budget", "burn").stdout.splitlines()
    assert head.split()[0] == "day"
    assert day.split()[0] == time.strftime("%Y-%m-%d")
    assert "█" in day


def test_before_anything_was_started_the_plan_is_told(cockpit):
    (cockpit.project / "trainui.toml").write_text(
        '[budget]\ncurrency = "EUR"\ntotal = 20\nspent = 2\n[[machine]]\nname = "t4"\nper_hour = 0.35\n'
    )
    money = cockpit.json("budget")
    assert (money["currency"], money["left_usd"], money["runs"]) == ("EUR", 18, [])
    assert "left 18.0000 € of 20.0000 €" in cockpit("budget").stdout
    assert "the ledger is empty" not in cockpit("budget", "ledger", code=None).stdout
    assert not cockpit.db.exists(), "who looks makes no file"


def test_what_is_probably_not_meant_is_noted(cockpit):
    spec = cockpit.project / "jobs" / "count.toml"
    spec.write_text(spec.read_text().replace('about = "counts"', 'about = "counts"\nstudy = "phase 3"'))
    (cockpit.project / "trainui.toml").write_text(
        WITH_RATE.replace("reserve", "studies = { phase3 = 5 }\nreserve")
    )
    assert "did you mean 'phase 3'?" in cockpit("budget").stdout
    (note,) = cockpit.json("budget")["notes"]
    assert note.startswith("[budget.studies] caps 'phase3', a study nobody knows")


# ---------------------------------------------------------------- correcting, cancelling


def asked(cockpit, verb):
    db = sqlite3.connect(cockpit.db)
    rows = db.execute("SELECT run, payload FROM intents WHERE verb=?", (verb,)).fetchall()
    db.close()
    return [(run, json.loads(payload)) for run, payload in rows]


def test_a_correction_is_a_line_of_its_own_exact_to_the_millionth(tmp_path):
    here = begin(tmp_path)
    try:
        before = here.run("count-1")["usd"]
        said = here("budget", "correct", "1.500001", "disk", "--run", "count-1").stdout
        assert "corrected by +1.50" in said
        here("budget", "correct", "--run", "count-1", "-.5", "a refund")
        here("budget", "correct", "--", "2", "traffic")
        assert here.run("count-1")["usd"] == pytest.approx(before + 1.000001, abs=1e-9)
        lines = [
            one for one in here.json("budget", "ledger", "--all")["lines"] if one["kind"] == "correction"
        ]
        assert [(one["run"], one["usd"], one["text"]) for one in lines] == [
            ("count-1", 1.500001, "disk"), ("count-1", -0.5, "a refund"), ("", 2, "traffic"),
        ]  # fmt: skip
        assert {"name": "(correction)", "usd": 2, "gpu_hours": 0, "seconds": 0, "runs": 0} in here.json(
            "budget"
        )["spent"]
        told = here("budget", "correct", "-1000", "too much", "--run", "count-1", code=2).stderr
        assert "takes away more than was charged" in told
    finally:
        here.clean_up()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["x", "note"], "'x' is no sum of money"),
        (["nan", "note"], "no sum of money"),
        (["0", "note"], "changes nothing"),
        (["0.0000001", "note"], "finer than a millionth"),
        (["1e30", "note"], "no sum of money that can be counted"),
        (["1", " "], "needs a note"),
        (["1"], "Missing argument 'NOTE'"),
        (["1", "note", "--run", "count-9"], "there is no run 'count-9'"),
    ],
)
def test_a_correction_that_cannot_be_meant_is_refused(dear, within, words, said):
    code, told = within(dear.project, "budget", "correct", *words)
    assert (code, said in told) == (2, True), told
    assert asked(dear, "correct") == []


def test_without_a_countdown_there_is_nothing_to_cancel(dear):
    assert dear("budget", "cancel", code=2).stderr.startswith("trainui: cancel: ")
    ((run, payload),) = asked(dear, "cancel")
    assert run == ""
    assert payload["who"]


def test_an_unknown_verb_names_the_nearest(cockpit):
    assert "did you mean 'ledger'?" in cockpit("budget", "legder", code=2).stderr
    assert "give --json after the verb" in cockpit("budget", "--json", "ledger", code=2).stderr


# ---------------------------------------------------------------- the wizard

A100 = ["--machine", "a100", "--rate", "1.29"]


def test_the_wizard_writes_a_file_that_is_read(cockpit):
    done = cockpit(
        "budget", "init", "--yes", "--machine", "box", "--rate", "2.49/gpu", "--gpus", "8", "--billing", "minute",
        "--share", "use", "--currency", "eur", "--spent", "4.5", "--total", "40", "--reserve", "1", "--per-run", "8",
        "--studies", "phase 3=20, other=5.5", "--ladder", "-,80,90,95", "--idle-minutes", "5",
        "--on-idle", "sudo systemctl 'power off'", "--on-cap", "sudo poweroff", "--countdown", "300", "--rehearse",
    )  # fmt: skip
    assert done.stdout == (cockpit.project / "trainui.toml").read_text()
    config = load_config(cockpit.project)
    budget, machine = config.budget, config.here
    assert (budget.currency, budget.total_usd, budget.spent_usd, budget.reserve_usd) == ("EUR", 40, 4.5, 1)
    assert (budget.per_run_usd, budget.studies) == (8, {"phase 3": 20, "other": 5.5})
    assert (budget.ladder.tell, budget.ladder.admit_no_more, budget.ladder.stop_all) == (None, 80, 95)
    assert (budget.on_cap.command, budget.on_cap.countdown_seconds) == (["sudo", "poweroff"], 300)
    assert budget.on_cap.dry_run
    assert config.idle.on_idle.command == ["sudo", "systemctl", "power off"]
    assert config.idle.tell_minutes == 5
    assert (machine.name, machine.rate, machine.billing, machine.share) == (
        "box",
        19_920_000,
        "minute",
        "use",
    )


@pytest.mark.parametrize(
    ("billing", "left", "ahead", "said"),
    [
        ("second", 2.58, 7200, ", lasts until "),
        ("second", 2.58, -60, ", lasts for 2:00 h"),
        ("second", 2.58, None, ", lasts for 2:00 h"),
        ("hour", 0.5, -1, ", too little for another hour"),
        ("second", 0.0, None, ", nothing may be spent any more"),
    ],
)
def test_how_long_the_money_lasts_is_never_told_as_a_time_that_has_passed(billing, left, ahead, said):
    until = None if ahead is None else time.time() + ahead
    view = BudgetView(billing=billing, left_usd=left, usd_per_hour=1.29, total_usd=9.0, lasts_until=until)
    assert said in reckoning(view, Config())[2]


def test_the_wizard_makes_a_project_of_an_empty_folder(cockpit, tmp_path):
    (tmp_path / "jobs" / "count.toml").unlink()
    (tmp_path / "jobs").rmdir()
    cockpit("budget", "init", "--yes", *A100)
    assert load_config(tmp_path).here.rate == 1_290_000
    assert cockpit("budget").stdout.startswith("a100: 1.2900 $/h")


MINE = """\
# mine

[budget]
total_usd = 999.28
reserve_usd = 1.00 # kept back

# the machine
[[machine]]
name = "a100"   # ours
usd_per_hour = 1.29

[queue] # how many
slots = 2
"""


def test_the_wizard_keeps_what_a_person_wrote(cockpit):
    path = cockpit.project / "trainui.toml"
    path.write_text(MINE)
    cockpit("budget", "init", "--yes", "--spent", "3", "--machine", "h100", "--gpu-rate", "2.5", "--gpus", "8",
            "--on-idle", "sudo poweroff", "--studies", "a=3")  # fmt: skip
    text = path.read_text()
    lines = iter(text.splitlines())
    assert all(line in lines for line in MINE.splitlines()), "each line is still there, in its order"
    assert text.index('"h100"') < text.index("# the machine"), "the new machine is the one that is billed"
    config = load_config(cockpit.project)
    assert (config.here.name, config.here.rate, config.budget.studies) == ("h100", 20_000_000, {"a": 3})
    assert tomllib.loads(text)["queue"] == {"slots": 2}
    cockpit("budget", "init", "--yes", "--on-idle", "-", "--studies", "-", "--rate", "18")
    config = load_config(cockpit.project)
    assert (config.idle.on_idle.command, config.budget.studies, config.here.rate) == ([], {}, 18_000_000)
    again = cockpit("budget", "init", "--yes")
    assert "says all that already" in again.stderr


def test_the_wizard_writes_the_kind_of_keys_that_a_file_has(cockpit):
    path = cockpit.project / "trainui.toml"
    path.write_bytes(b'[budget]\r\ntotal = 5\r\n[[machine]]\r\nname = "a"\r\nper_hour = 1\r\n')
    cockpit("budget", "init", "--yes", "--reserve", "1")
    assert path.read_bytes() == (
        b'[budget]\r\ntotal = 5\r\nreserve = 1\r\n[[machine]]\r\nname = "a"\r\nper_hour = 1\r\n'
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "nobody can be asked here (say it in options, and --yes)"),
        (["--yes"], "a machine needs a name and a rate"),
        (["--yes", "--machine", "a"], "a machine needs a name and a rate"),
        (["--yes", "--machine", "a", "--rate", "-1"], "must be 0 or more"),
        (["--yes", "--machine", "a", "--rate", "1,29"], "with a point: 1.29"),
        (["--yes", *A100, "--gpu-rate", "2", "--rate", "nan"], "is no sum of money"),
        (["--yes", "--machine", "a", "--gpu-rate", "2"], "does not say how many"),
        (["--yes", *A100, "--billing", "our"], "did you mean 'hour'?"),
        (["--yes", *A100, "--share", "x"], "'x' is not known"),
        (["--yes", *A100, "--currency", "EURO"], "three letters"),
        (["--yes", *A100, "--total", "1", "--reserve", "2"], "reserve_usd = 2 is above total_usd = 1"),
        (["--yes", *A100, "--total", "1", "--spent", "2"], "below what is spent already"),
        (["--yes", *A100, "--ladder", "50"], "four per cents"),
        (["--yes", *A100, "--ladder", "50,75,90,-"], "cannot be left out"),
        (["--yes", *A100, "--ladder", "80,75,90,100"], "admit_no_more = 75 is below tell = 80"),
        (["--yes", *A100, "--studies", "a"], "is not STUDY=AMOUNT"),
        (["--yes", *A100, "--on-cap", "sudo 'x"], "cannot be split into words"),
        (["--yes", *A100, "--gpus", "x"], "no whole number"),
    ],
)
def test_the_wizard_writes_nothing_that_is_wrong(project, within, words, said):
    code, told = within(project, "budget", "init", *words)
    assert (code, said in told) == (2, True), told
    assert not (project / "trainui.toml").exists()


def test_the_wizard_leaves_alone_what_it_cannot_change_rightly(cockpit):
    path = cockpit.project / "trainui.toml"
    for text, words, said in (
        ("[budget\n", A100, "not valid TOML"),
        (MINE, ["--currency", "EUR"], "the sums in trainui.toml are in USD, not EUR"),
        ("budget.total_usd = 5\n", [*A100, "--reserve", "1"], "no place was found in it"),
    ):
        path.write_text(text)
        assert said in cockpit("budget", "init", "--yes", *words, code=2).stderr
        assert path.read_text() == text


def test_the_wizard_mends_a_file_with_a_mistake(cockpit):
    path = cockpit.project / "trainui.toml"
    path.write_text('[budget]\ntotal_usd = 5\n\n[[machine]]\nname = "a100" # no rate yet\n')
    done = cockpit("budget", "init", "--yes", *A100)
    assert "trainui.toml:4: machine 'a100' has no rate" in done.stderr
    assert path.read_text() == '[budget]\ntotal_usd = 5\n\n[[machine]]\nname = "a100" # no rate yet\nusd_per_hour = 1.29\n'  # fmt: skip


def wizard(project, *lines, words=()):
    """Answer the wizard's questions at a terminal; (what was printed as the file, the questions, exit code)."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "trainui", "budget", "init", *words],
        cwd=project, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={key: value for key, value in os.environ.items() if not key.startswith("TRAINUI_")},
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, "".join(f"{line}\n" for line in lines).encode())
    out, err = child.communicate(timeout=60)
    os.close(ours)
    return out, err, child.returncode


def test_a_person_is_asked_and_asked_again_and_nothing_is_written_without_a_yes(project):
    path = project / "trainui.toml"
    answers = [
        "a100",
        "much",
        "$1.29/h",
        "-",
        "",
        "",
        "",
        "20",
        "1",
        "",
        "phase 3=5",
        "",
        "soon",
        "15",
        "sudo poweroff",
        "60",
        "yes",
        "-",
    ]
    out, err, code = wizard(project, *answers, "n")
    assert code == 0, err
    assert "'much' is no sum of money" in err
    assert "'soon' is no number of minutes" in err
    assert "nothing was written" in err
    assert not path.exists()
    out, err, code = wizard(project, *answers, "y")
    assert code == 0, err
    assert out == path.read_text()
    config = load_config(project)
    assert (config.here.name, config.here.rate, config.budget.total_usd) == ("a100", 1_290_000, 20)
    assert (config.budget.reserve_usd, config.budget.studies) == (1, {"phase 3": 5})
    assert (config.idle.tell_minutes, config.idle.on_idle.command) == (15, ["sudo", "poweroff"])
    assert config.idle.on_idle.countdown_seconds == 60
    assert config.idle.on_idle.dry_run
    assert config.budget.on_cap.command == []


def test_a_person_is_offered_what_the_file_says(project):
    path = project / "trainui.toml"
    path.write_text(MINE)
    _, err, code = wizard(project, *[""] * 14, words=["--total", "1000"])
    assert code == 0, err
    assert "name of the machine [a100]" in err
    assert path.read_text() == MINE.replace("999.28", "1000")

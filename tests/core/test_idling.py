"""The hand that watches over an idle machine: a real store, and a machine and a clock of the test's."""

from __future__ import annotations

import pytest

from tests.core.money_store import BOOT, START, Books
from trainui.core.clock import Clock
from trainui.core.config.model import Budget, Config, Countdown, Idle, Machine
from trainui.core.countdowns import Countdowns
from trainui.core.idling import Idling
from trainui.core.store.read import Reader
from trainui.core.store.schema import atomic, connect
from trainui.core.store.views import GpuView, MachineView, UsageView
from trainui.core.treasury.accounts import Accounts

MINUTE = 60.0


class Meters:
    """What a look at the machine finds."""

    def __init__(self):
        self.usage, self.gpus, self.cpu = {}, (), 0.0

    def look(self, live, now):
        self.machine = MachineView(
            at=now.unix, cpu=self.cpu, cores=4, memory_used=1, memory_total=2, disk_free=3, gpus=self.gpus
        )

    def gpu_at(self, use):
        self.gpus = (GpuView(name="T4", uuid="GPU-1", utilisation=use, memory_used=1, memory_total=2),)


class Scene:
    """A machine at 1.63 an hour, and whoever watches over it."""

    def __init__(self, folder):
        self.folder = folder
        self.books = Books(folder)
        self.meters = Meters()
        self.meters.gpu_at(0.0)
        self.heard = []
        self.next_manager()

    def next_manager(self):
        db = connect(self.books.path)
        self.accounts = Accounts(db)
        hand = Countdowns(db, self.folder, self.folder, stop=lambda *_: None, notify=self.hear)
        self.idling = Idling(db, self.accounts, self.meters, hand, self.hear)

    def hear(self, text, facts, now):
        self.heard.append(text)

    def configure(self, now=0.0, *, rate=1.63, currency="USD", **idle):
        machine = Machine(name="box", usd_per_hour=rate)
        config = Config(budget=Budget(currency=currency), machine=[machine], idle=Idle(**idle))
        self.accounts.use(config, self.clock(now))

    def clock(self, boot):
        return Clock(unix=START + boot, boot=boot, boot_id=BOOT)

    def watch(self, start, end):
        """Attend at each second of this time."""
        for second in range(int(start), int(end)):
            self.idling.attend(self.clock(float(second)))

    def told(self):
        reader = Reader(self.books.path)
        try:
            return [event.text for event in reader.events() if event.kind == "idle"]
        finally:
            reader.close()

    def budget(self):
        reader = Reader(self.books.path)
        try:
            return reader.budget()
        finally:
            reader.close()


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


def test_a_run_that_makes_no_step_is_told_with_its_cost_and_at_the_doublings(scene):
    scene.configure(tell_minutes=14)
    scene.books.run("r-3", start=0.0)
    scene.watch(0, 60 * MINUTE)
    assert (
        scene.told()
        == [
            "GPU idle 14 min = 0.38 $: r-3 is live and made no step",
            "GPU idle 28 min = 0.76 $: r-3 is live and made no step",
            "GPU idle 56 min = 1.52 $: r-3 is live and made no step",
        ]
        or scene.told() == scene.heard
    )  # the first two minutes are not idle
    assert scene.heard == scene.told()
    since = START + 2 * MINUTE  # it had that long to begin
    assert scene.budget().idle_since == pytest.approx(since, abs=6)


def test_a_machine_on_which_a_run_is_started_is_not_called_idle_until_the_next_look(scene):
    scene.configure(tell_minutes=1)
    scene.watch(0, 5 * MINUTE)
    assert scene.budget().idle_since is not None
    scene.books.run("r-3", start=5 * MINUTE)
    scene.idling.look_soon()
    scene.watch(5 * MINUTE, 5 * MINUTE + 1)
    assert scene.budget().idle_since is None


def test_the_next_manager_goes_on_with_the_stretch_and_tells_nothing_twice(scene):
    scene.configure(tell_minutes=10)
    scene.watch(0, 11 * MINUTE)
    assert scene.told() == ["GPU idle 10 min = 0.27 $: nothing runs"]
    scene.next_manager()
    scene.watch(11 * MINUTE, 19 * MINUTE)
    assert len(scene.told()) == 1
    scene.watch(19 * MINUTE, 21 * MINUTE)
    assert scene.told()[1:] == ["GPU idle 20 min = 0.54 $: nothing runs"]


def test_what_was_logged_while_no_manager_was_there_is_progress(scene):
    scene.configure(tell_minutes=10, starting_minutes=0)
    scene.books.run("r-3", start=0.0, step=1)
    scene.watch(0, 9 * MINUTE)
    scene.books.runs.change("r-3", step=2)
    scene.next_manager()
    scene.watch(9.5 * MINUTE, 18 * MINUTE)
    assert scene.told() == []


@pytest.mark.parametrize(("use", "expected"), [(0.04, 1), (0.06, 0)])
def test_a_gpu_on_which_others_work_is_not_idle(scene, use, expected):
    scene.configure(tell_minutes=10)
    scene.meters.gpu_at(use)
    scene.watch(0, 12 * MINUTE)
    assert len(scene.told()) == expected


@pytest.mark.parametrize(
    ("cpu", "of_all", "expected"), [(0.9, 0.3, 0), (0.3, 0.3, 1), (0.3, 0.95, 0), (None, 0.3, 1)]
)
def test_a_run_that_prints_and_computes_is_not_idle(scene, cpu, of_all, expected):
    scene.configure(tell_minutes=4)
    scene.meters.cpu = of_all
    scene.books.run("r-3", start=0.0)
    log = scene.folder / "runs" / "r-3" / "output.log"
    log.parent.mkdir(parents=True)
    for minute in range(8):
        log.write_text("at work\n" * (1 + minute))
        scene.meters.usage = {"r-3": UsageView(run="r-3", at=0.0, cpu=cpu, memory=1)}
        scene.watch(minute * MINUTE, (minute + 1) * MINUTE)
    assert len(scene.told()) == expected


def test_a_machine_that_costs_nothing_or_of_which_nobody_wants_to_hear_is_left_alone(scene):
    scene.configure(rate=0.0)
    scene.watch(0, 30 * MINUTE)
    assert not scene.idling.is_wanted
    scene.configure(30 * MINUTE, tell_minutes=None)
    scene.watch(30 * MINUTE, 60 * MINUTE)
    assert not scene.idling.is_wanted
    assert scene.told() == []
    assert scene.budget().idle_since is None


def test_a_rate_that_goes_away_ends_the_stretch_and_the_countdown(scene):
    how = Countdown(command=["poweroff"], countdown_seconds=10_000)
    scene.configure(tell_minutes=10, act_minutes=15, on_idle=how)
    scene.watch(0, 16 * MINUTE)
    assert scene.budget().countdown.at == pytest.approx(START + 15 * MINUTE + 10_000, abs=2)
    scene.configure(16 * MINUTE, rate=0.0, on_idle=how)
    scene.watch(16 * MINUTE, 17 * MINUTE)
    assert scene.budget().countdown is None
    assert scene.budget().idle_since is None
    assert scene.told()[-1].startswith("on_idle was called off: the machine costs nothing")


def test_a_next_try_that_is_due_by_itself_is_waited_for_and_one_that_waits_for_a_person_is_not(scene):
    scene.configure(tell_minutes=10)
    scene.books.run("r-4", start=None, status="queued", start_after=30 * MINUTE, boot_id=BOOT)
    scene.watch(0, 39 * MINUTE)
    assert scene.told() == []
    scene.books.runs.change("r-4", held=1, waits_for="you: trainui release r-4")
    scene.watch(39 * MINUTE, 42 * MINUTE)
    assert scene.told() == [
        "GPU idle 10 min = 0.27 $: nothing runs, and r-4 waits for you: trainui release r-4"
    ]


@pytest.mark.parametrize(
    ("reason", "since"), [("", 20.0), ("user", 20.0), ("idle", 2.0), ("hung: no output", 2.0)]
)
def test_the_end_of_a_run_begins_a_new_stretch_unless_it_was_stopped_for_doing_nothing(scene, reason, since):
    scene.configure(tell_minutes=10)
    scene.books.run("r-3", start=0.0)
    scene.watch(0, 20 * MINUTE)
    with atomic(scene.books.db):
        scene.books.runs.change("r-3", status="ended", ended_boot=20 * MINUTE, stop_reason=reason)
    scene.watch(20 * MINUTE, 23 * MINUTE)
    assert scene.budget().idle_since == pytest.approx(START + since * MINUTE, abs=6)


def test_a_sum_is_told_in_the_projects_currency_and_a_machine_without_a_gpu_is_a_machine(scene):
    scene.configure(tell_minutes=10, currency="EUR")
    scene.meters.gpus = ()
    scene.watch(0, 11 * MINUTE)
    assert scene.told() == ["machine idle 10 min = 0.27 €: nothing runs"]

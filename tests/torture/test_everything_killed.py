"""The documented hole: manager, keeper and guard are all killed. The job goes on alone, until somebody comes."""

from __future__ import annotations

import pytest

from tests.conftest import until
from tests.torture import truth
from tests.torture.chaos import Round
from tests.torture.scene import make
from trainui.core.client import Client


@pytest.fixture
def one(tmp_path):
    """A round that is not played: its scene, its watcher."""
    here = Round(make(tmp_path, long=3.0, slots=3), seed=0, slots=3)
    here.watcher.start()
    yield here
    here.sweep()


@pytest.mark.parametrize("comes_back", ["while it runs", "when it is over"])
def test_a_job_outlives_all_of_trainui_and_loses_no_line(one, comes_back):
    client = Client(one.scene.folder, one.scene.db)
    (run,) = client.start_all(["long"])
    job = until(
        lambda: (told := truth.read(one.scene.truth).runs.get(run)) and told.starts and told.processes[0]
    )
    until(lambda: one.scene.ask("SELECT 1 FROM runs WHERE status='running'"))
    everybody = [*one.scene.managers(), *one.scene.pairs()[run].values()]
    assert len(everybody) == 3
    for process in everybody:
        assert process.kill()
    for victim in ("keeper", "guard"):
        one.tell_kill(victim, run)
    assert job.is_alive()
    if comes_back == "when it is over":
        until(lambda: not job.is_alive())
        assert not one.scene.managers(), "nobody is left who could start one"
    client.ensure_manager()
    one.finish()
    assert one.judge() == []
    assert one.scene.ask("SELECT result, exit_code FROM runs") == [("lost", None)]

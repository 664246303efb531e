"""Runs with real processes in a temporary folder; nothing of them outlives the test."""

import pytest
from launched import Run


@pytest.fixture
def run(tmp_path):
    """A run that was not launched yet."""
    here = Run(tmp_path)
    (tmp_path / "runs").mkdir()
    yield here
    here.clean_up()


@pytest.fixture
def runs(tmp_path):
    """Makes runs that were not launched yet."""
    made = []

    def make(name):
        made.append(Run(tmp_path, name))
        return made[-1]

    yield make
    for one in made:
        one.clean_up()

"""What the first picture does without is not loaded before it, and comes soon after."""

import subprocess
import sys

import pytest

from trainui.core.store.schema import connect
from trainui.ui import warming

LOOK = """
import asyncio, sys
from pathlib import Path
import trainui.cli
from trainui.ui.app import Dashboard
from trainui.ui.store_source import StoreSource
async def first():
    app = Dashboard(StoreSource(Path("."), Path("runs.db")))
    async with app.run_test(size=(80, 24)):
        while not app.snapshot.ready:
            await asyncio.sleep(0.01)
        app.loaded = sorted(sys.modules)
    print("\\n".join(app.loaded))
asyncio.run(first())
"""
LATER = (
    *warming.MODULES, "trainui.core.client", "trainui.core.spec.model", "trainui.core.gates.judge", "trainui.core.gates.parse",
    "trainui.core.config.file", "trainui.core.ingest.console", "trainui.core.export.writing", "tomlkit", "jinja2", "matplotlib",
    "numpy", "pyarrow",
)  # fmt: skip


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """The modules that are loaded when the first picture of a project without runs stands."""
    project = tmp_path_factory.mktemp("empty")
    (project / "jobs").mkdir()
    connect(project / "runs.db").close()
    found = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=project, capture_output=True, text=True, check=True
    )
    return set(found.stdout.split())


@pytest.mark.parametrize("module", LATER)
def test_the_first_picture_stands_without_it(loaded, module):
    assert "trainui.ui.screens.overview" in loaded
    assert module not in loaded


def test_what_is_loaded_after_the_first_picture_is_there():
    warming.warm()
    assert set(warming.MODULES) <= set(sys.modules)

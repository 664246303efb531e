"""Where a framework is not installed, its callback says so in one sentence; the others are not asked for."""

import subprocess
import sys

import pytest

from trainui import callbacks

FRAMEWORKS = {
    "huggingface": ("transformers",),
    "lightning": ("lightning", "lightning.pytorch", "pytorch_lightning"),
    "keras": ("keras", "tf_keras"),
}


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_missing_framework_is_named(name):
    hidden = "".join(f"sys.modules[{module!r}] = None\n" for module in FRAMEWORKS[name])
    code = f"import sys\n{hidden}import trainui.callbacks.{name}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: this callback is for ")
    assert "which is not installed: pip install " in last


def test_the_package_itself_asks_for_nothing():
    code = f"import sys; import {callbacks.__name__}; print([m for m in ('transformers', 'lightning', 'keras', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

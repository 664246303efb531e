"""Books to keep in a temporary folder."""

from __future__ import annotations

import pytest

from tests.core.treasury.books import Books


@pytest.fixture
def books(tmp_path):
    """Accounts over a new runs.db, no trainui.toml yet."""
    one = Books(tmp_path)
    yield one
    one.db.close()

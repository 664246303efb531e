"""An esc alone is known to be one soon, and an arrow key, which begins like it, stays an arrow key."""

import os
import selectors

from textual import constants

from trainui.ui.promptly import Soon


def test_after_something_came_it_waits_once_only_as_long_as_an_esc_may(monkeypatch):
    waited = []
    plain = selectors.SelectSelector.select
    monkeypatch.setattr(
        selectors.SelectSelector,
        "select",
        lambda one, timeout=None: (waited.append(timeout), plain(one, 0))[1],
    )
    reading, writing = os.pipe()
    try:
        soon = Soon()
        soon.register(reading, selectors.EVENT_READ)
        assert soon.select(0.1) == []
        os.write(writing, b"\x1b")
        assert soon.select(0.1)
        os.read(reading, 1)
        assert soon.select(0.1) == []
        assert soon.select(0.1) == []
        assert waited == [0.1, 0.1, constants.ESCAPE_DELAY, 0.1]
        soon.close()
    finally:
        os.close(reading)
        os.close(writing)

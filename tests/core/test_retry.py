"""What is tried again by itself, how often and after how long."""

import pytest

from trainui.core.retry import Retry, next_try

DEFAULT = Retry()
OURS = Retry(on={"exit": 5}, delay_seconds=10, longest_delay_seconds=60)


@pytest.mark.parametrize(
    ("policy", "kind", "tries", "delay"),
    [
        (None, "hang-up", 0, None),
        (DEFAULT, "hang-up", 0, 30),
        (DEFAULT, "hang-up", 2, 120),
        (DEFAULT, "hang-up", 3, None),
        (DEFAULT, "out-of-gpu-memory", 0, None),
        (DEFAULT, "exit", 0, None),
        (DEFAULT, "user", 0, None),
        (OURS, "exit", 0, 10),
        (OURS, "exit", 4, 60),
        (OURS, "exit", 5, None),
        (OURS, "hang-up", 0, None),
        (Retry(on={"exit": 10**6}), "exit", 10**5, 3600),
    ],
)
def test_the_next_try(policy, kind, tries, delay):
    assert next_try(policy, kind, tries=tries) == delay

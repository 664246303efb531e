"""What can be undone: the last marks and tags, the newest first."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

KEPT = 100


class Undo:
    """Steps back, each with what it takes back in words."""

    def __init__(self) -> None:
        self._steps: deque[tuple[str, Callable[[], None]]] = deque(maxlen=KEPT)

    def keep(self, told: str, back: Callable[[], None]) -> None:
        """Remember how something is taken back."""
        self._steps.append((told, back))

    def step(self) -> str:
        """Take the last thing back; what that was, "" when there is nothing."""
        if not self._steps:
            return ""
        told, back = self._steps.pop()
        back()
        return told


def opposite(changes: list[str]) -> list[str]:
    """`+best -old` → `-best +old`."""
    return [("-" if word.startswith("+") else "+") + word[1:] for word in changes]

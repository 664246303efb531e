"""Screens that close themselves, and nothing that was opened over them meanwhile."""

from __future__ import annotations

from typing import Generic

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, Screen, ScreenResultType


class Closing(Screen[ScreenResultType], Generic[ScreenResultType]):
    """Textual's `dismiss` takes away whatever lies on top; here it is this screen, or none."""

    _last: tuple[ScreenResultType | None] | None = None
    """What it is to be left with, once nothing lies on it any more."""

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Leave this screen, now or when what lies on it is gone; once it is left, nothing."""
        if self.app.screen_stack[-1:] == [self]:
            return super().dismiss(result)
        self._last = (result,)
        return AwaitComplete()

    def on_screen_resume(self) -> None:
        """What lay on it is gone. Textual calls this beside that of a subclass."""
        if self._last is not None:
            self.dismiss(*self._last)


class Dialog(ModalScreen[ScreenResultType], Closing[ScreenResultType], Generic[ScreenResultType]):
    """A box over the screen it is asked from. Styles follow the first base alone: it is a modal screen to them."""

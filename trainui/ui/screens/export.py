"""Write runs to files: choose formats and a folder, see what was written, call it off while it works."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.getters import query_one

from trainui.core.errors import TrainuiError
from trainui.ui import keys
from trainui.ui.bridge import Bridge, is_open
from trainui.ui.exporting import CancelledError, Cancelling, ExportChoices
from trainui.ui.keymap import keymap_of
from trainui.ui.present.ink import Line, Span, clip, line, safe, wrap
from trainui.ui.present.text import plural
from trainui.ui.screens.dialog import Dialog
from trainui.ui.widgets.field import Field
from trainui.ui.widgets.key_line import KeyLine
from trainui.ui.widgets.paper import Paper

_NAMES = 3
"""Runs that are told by name."""


class Export(Dialog[None]):
    """Formats, a folder, and then the paths of what was written."""

    CSS_PATH = ["dialog.tcss", "export.tcss"]  # noqa: RUF012 (Textual's own annotation)
    BINDINGS = keys.bindings(keys.EXPORT)
    AUTO_FOCUS = "#formats"

    formats = query_one("#formats", Paper)
    folder = query_one("#folder", Field)
    said = query_one("#said", Paper)

    def __init__(self, bridge: Bridge, runs: Sequence[str], *, study: str = "") -> None:
        """`study`: the study of these runs, which may be written whole in their place."""
        super().__init__()
        self._bridge, self._runs, self._study = bridge, tuple(runs), study
        self._is_study = False
        self._known: ExportChoices | None = None
        self._picked: set[str] = set()
        self._cursor = 0
        self._work: Cancelling | None = None
        """What is being written; None before and after."""
        self._written: tuple[Path, ...] = ()

    def compose(self) -> ComposeResult:
        """The formats, the folder, and what is said of them."""
        with Vertical(classes="box wide"):
            yield Paper(id="formats")
            yield Field(id="folder", placeholder="a folder", compact=True)
            yield Paper(id="said")
        yield KeyLine(show_command_palette=False)

    def on_mount(self) -> None:
        """Ask what can be written."""
        self.set_focus(None)
        self._entitle()
        self.formats.show([line(Span("reading which formats there are…", "dim"))])
        self._ask_choices()

    def on_resize(self) -> None:
        """Another width."""
        self.call_after_refresh(self._redraw)

    @property
    def _whose(self) -> str:
        return self._study if self._is_study else ""

    def _key(self, name: str) -> str:
        return keymap_of(self.app).first(f"export.{name}")

    @property
    def _hint(self) -> str:
        return (
            f"{self._key('pick')} takes a format or leaves it out, {self._key('folder')} changes the folder"
        )

    def _entitle(self) -> None:
        names = (
            ", ".join(self._runs[:_NAMES]) if len(self._runs) <= _NAMES else plural(len(self._runs), "run")
        )
        told = f"study {self._study}" if self._is_study else names
        self.query_one(Vertical).border_title = line(f"export {safe(told)}")[0].text

    def _ask_choices(self) -> None:
        runs, study = self._runs, self._whose
        self._bridge.ask(lambda a: a.export_choices(runs, study=study), self._fill, self._refused)

    def _fill(self, known: ExportChoices) -> None:
        if not is_open(self):
            return
        if self._known is None:
            self._picked = {one.name for one in known.formats if one.is_usual}
        if self._known is None or self.folder.value == self._known.folder:
            self.folder.value = known.folder
        self._known = known
        self._redraw()
        self._say(self._hint)

    def _redraw(self) -> None:
        if self._known is None or not is_open(self):
            return
        cells = self.formats.cells or 80
        wide = max(len(one.name) for one in self._known.formats)
        rows: list[Line] = []
        for at, one in enumerate(self._known.formats):
            here = at == self._cursor
            box = Span(
                "◆ " if one.name in self._picked else "· ", "accent" if one.name in self._picked else "dim"
            )
            name = Span(safe(one.name).ljust(wide), "bold accent" if here else "bold")
            front = Span("▶ " if here else "  ", "accent")
            lacks = Span(f"  {safe(one.lacks)} is not installed" if one.lacks else "", "warn")
            rows.append(clip(line(front, box, name, "  ", Span(safe(one.about), "dim"), lacks), cells))
        if self._study:
            what = f"the whole study {self._study}" if self._is_study else plural(len(self._runs), "run")
            rows += [
                (),
                line(
                    Span("writes   ", "dim"), safe(what), Span(f"   {self._key('study')}: the other", "dim")
                ),
            ]
        self.formats.show([*rows, (), line(Span("into", "dim"))])

    def _say(self, text: str, tone: str = "dim") -> None:
        self.said.show(wrap(line(Span(safe(text), tone)), self.said.size.width or 80))

    # ---------------------------------------------------------------- keys

    def action_move(self, by: int) -> None:
        """Another format."""
        if self._known is not None:
            self._cursor = max(0, min(self._cursor + by, len(self._known.formats) - 1))
            self._redraw()

    def action_pick(self) -> None:
        """Take the format, or leave it out."""
        if self._known is not None:
            self._picked ^= {self._known.formats[self._cursor].name}
            self._changed()

    def action_pick_all(self) -> None:
        """Every format that can be written here, or none."""
        if self._known is not None:
            every = {one.name for one in self._known.formats if not one.lacks}
            self._picked = set() if self._picked == every else every
            self._changed()

    def action_study(self) -> None:
        """The whole study, or the runs."""
        if self._study and self._work is None:
            self._is_study = not self._is_study
            self._changed()
            self._entitle()
            self._ask_choices()

    def action_folder(self) -> None:
        """To the folder, and back."""
        self.set_focus(None if self.folder.has_focus else self.folder)

    def on_input_changed(self) -> None:
        """Another folder."""
        self._changed()

    def _changed(self) -> None:
        """What was written is not what is chosen now: enter writes again."""
        if self._written:
            self._written = ()
            self._say(self._hint)
        self._redraw()

    def on_input_submitted(self) -> None:
        """Enter in the line."""
        self.action_go()

    def action_go(self) -> None:
        """Write; the dialog stays and tells of each file."""
        if self._known is None or self._work is not None or not self.is_current:
            return
        if self._written:
            self.dismiss()
            return
        to, formats = (
            self.folder.value.strip(),
            [o.name for o in self._known.formats if o.name in self._picked],
        )
        if not formats or not to:
            none = f"no format is taken: {self._key('pick')} takes one"
            self._say(none if to else f"a folder is needed: {self._key('folder')}", "warn")
            return
        runs, study = self._runs, self._whose
        work = Cancelling(lambda path: self.app.call_later(self._tell, path))
        self._work = work
        self._say(f"writing… {self._key('close')} calls it off")
        self._bridge.ask(
            lambda a: tuple(a.write_out(runs, study=study, to=to, formats=formats, tell=work)),
            self._done,
            self._refused,
        )

    def _tell(self, path: Path) -> None:
        if is_open(self) and self._work is not None:
            self._say(f"{path} is written; {self._key('close')} calls off the rest")

    def _done(self, paths: tuple[Path, ...]) -> None:
        self._work = None
        self._written = paths
        if not is_open(self):
            self._bridge.tell(f"exported: {', '.join(map(str, paths))}")
            return
        cells = self.said.size.width or 80
        rows = [line(Span(f"{plural(len(paths), 'file')} written; {self._key('go')} closes", "ok"))]
        self.said.show([*rows, *(row for path in paths for row in wrap(line(safe(str(path))), cells, 1))])

    def _refused(self, error: TrainuiError) -> None:
        self._work = None
        if is_open(self):
            self._say(str(error), "warn" if isinstance(error, CancelledError) else "bad")
        else:
            self._bridge.tell(error.message, error.hint, "error")

    def action_close(self) -> None:
        """Call off what is being written, or leave."""
        if self._work is not None:
            self._work.cancel()
            self._say("it is being ended…", "warn")
            return
        self.dismiss()

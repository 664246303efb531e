"""Where a command works: which project, which runs.db. Every verb takes --db."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from trainui.core.errors import NotFoundError, TrainuiError
from trainui.core.folder import database_path, find_project, lock_path

if TYPE_CHECKING:
    from trainui.core.client import Client
    from trainui.core.store.read import Reader

Verb = TypeVar("Verb", bound=Callable[..., Any])


class Place:
    """The project and the runs.db a command is about; found when first asked for."""

    def __init__(self, given: str | None) -> None:
        self._given = given

    @functools.cached_property
    def project(self) -> Path:
        """The project folder. Raises NotFoundError when there is none here."""
        try:
            here = Path.cwd()
        except FileNotFoundError:
            raise NotFoundError("the folder you are in was deleted", hint="cd to the project") from None
        return find_project(here)

    @functools.cached_property
    def db(self) -> Path:
        """The path of runs.db; with --db or $TRAINUI_DB no project is needed."""
        try:
            project: Path | None = self.project
        except NotFoundError:
            if database_path(Path(), self._given) == Path() / "runs.db":
                raise
            project = None
        return database_path(project, self._given)

    def reader(self) -> Reader:
        """Eyes on runs.db. Raises StoreError when it cannot be read.

        Who looks also wakes a manager that was killed while nothing was live that could revive it; not that
        of a file named with --db, which may be a copy.
        """
        from trainui.core.process.files import is_locked
        from trainui.core.store.read import Reader

        reader = Reader(self.db)
        if self._given is None and not is_locked(lock_path(self.db)) and reader.is_open():
            with contextlib.suppress(TrainuiError, OSError):
                self.client().ensure_manager()
        return reader

    def client(self) -> Client:
        """Hands for this project."""
        from trainui.core.client import Client

        return Client(self.project, self.db)


def db_option(verb: Verb) -> Verb:
    """Give a verb `--db` and the Place it makes; a verb's own --db goes before the group's."""

    @click.option(
        "--db", metavar="PATH", default=None, help="runs.db to use (default: the project's, or $TRAINUI_DB)."
    )
    @functools.wraps(verb)
    def with_place(*args: Any, db: str | None, **options: Any) -> Any:
        context = click.get_current_context()
        outer = context.parent.obj if context.parent else None
        place = Place(db) if db or outer is None else outer
        context.obj = place
        return verb(*args, place=place, **options)

    return with_place  # type: ignore[return-value]

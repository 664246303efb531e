"""The doctor looks at how people are told: whether each channel can work, and what reached nobody."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sqlite3
import time
from pathlib import Path

from trainui.core.config import Notify, load_config
from trainui.core.doctor.finding import Finding, note, ok, problem
from trainui.core.errors import StoreError, TrainuiError
from trainui.core.filter.runs import run_filter
from trainui.core.store.read import Reader
from trainui.core.telling.errand import NO_APPRISE
from trainui.core.telling.mailing import NONE, program

WEEK = 7 * 86400.0


def messages(project: Path, db: Path) -> Finding:
    """Whether whoever should be told can be told, and was."""
    try:
        notify = load_config(project).notify
    except TrainuiError:
        return note("notify", "trainui.toml cannot be read")
    wrong = broken(notify, project)
    try:
        reader = Reader(db) if db.exists() else None
    except (StoreError, sqlite3.Error):
        reader = None
    failing = lost = 0
    if reader is not None:
        try:
            wrong += _of_runs(notify, reader)
            failing = sum(bool(one.tries) for one in reader.undelivered())
            lost = len(reader.given_up(since=time.time() - WEEK))
        finally:
            reader.close()
    if lost or failing:
        told = [f"{count} {what}" for count, what in ((failing, "messages wait for another try"),
                (lost, "were given up in the last week")) if count]  # fmt: skip
        wrong.append(f"{', '.join(told)} (trainui notify)")
    if wrong:
        return problem("notify", "; ".join(wrong))
    if not notify.channels:
        return note("notify", "nobody is told outside of the terminal: [notify] in trainui.toml")
    return ok("notify", f"{', '.join(notify.channels)} (trainui notify --test tries them)")


def broken(notify: Notify, project: Path) -> list[str]:
    """What of [notify] cannot work here, a sentence each. An address is told to nobody."""
    found = []
    if notify.command and shutil.which(notify.command[0], path=_path(project)) is None:
        found.append(f"the notify command {notify.command[0]} is not here")
    if notify.urls and importlib.util.find_spec("apprise") is None:
        found.append(NO_APPRISE)
    if notify.mail is not None and not program(notify.mail.sendmail):
        found.append(NONE)
    hook = notify.webhook
    for kind, variable, file in (
        ("address", hook.url_env if hook else "", hook.url_file if hook else ""),
        ("token", hook.token_env if hook else "", hook.token_file if hook else ""),
    ):
        if variable and not os.environ.get(variable):
            found.append(f"the {kind} of the webhook is to be in {variable}, which is not set here")
        path = project / os.path.expanduser(file)
        if file and not os.access(path, os.R_OK):
            found.append(f"the {kind} of the webhook is to be in {file}, which cannot be read")
        elif file and path.stat().st_mode & 0o044:
            found.append(f"others may read {file}, which holds the {kind} of the webhook: chmod go= {path}")
    return found


def _path(project: Path) -> str:
    return f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{project}"


def _of_runs(notify: Notify, reader: Reader) -> list[str]:
    names = {name for told in reader.all_params().values() for name in told}
    try:
        if notify.runs.strip():
            run_filter(notify.runs, names)
    except TrainuiError as error:
        return [f"[notify] runs = {notify.runs!r}: {error}"]
    return []

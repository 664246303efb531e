"""The numbered steps by which runs.db got its shape. They only grow, and are never edited once released."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from trainui.core.store.messages import m007_messages
from trainui.core.store.segments import cut_anew

MIGRATIONS: list[Callable[[sqlite3.Connection], object]] = []


def migration(step: Callable[[sqlite3.Connection], object]) -> Callable[[sqlite3.Connection], object]:
    """Add `step` as the next number. Steps are never edited once released."""
    MIGRATIONS.append(step)
    return step


@migration
def m001_first(db: sqlite3.Connection) -> None:
    """Runs, their streams, gates and money; intents from the front ends."""
    for statement in _FIRST.split(";\n"):
        db.execute(statement)


@migration
def m002_queue_and_usage(db: sqlite3.Connection) -> None:
    """The order of the queue, tries again, how a run died, and what its processes use."""
    for statement in _SECOND.split(";\n"):
        db.execute(statement)


@migration
def m003_segments(db: sqlite3.Connection) -> None:
    """Where the steps of a curve go back, what stands before a source's names, and views that tell NaN."""
    for statement in _THIRD.split(";\n"):
        db.execute(statement)
    for metric in db.execute("SELECT id FROM metrics WHERE points > 0").fetchall():
        cut_anew(db, metric["id"])


@migration
def m004_judging(db: sqlite3.Connection) -> None:
    """What else a judge was told, what was done about verdicts, answers of people, and what a queue is held by.

    In `gates`, `verdicts`, `readings` and `actions`, `run` is a run's name, or `study:NAME` for gates across runs.
    """
    for statement in _FOURTH.split(";\n"):
        db.execute(statement)


@migration
def m005_leases(db: sqlite3.Connection) -> None:
    """Leases of machines; lines of the ledger that nobody can change, their balances, and how their cost was shared."""
    for statement in _FIFTH.split(";\n\n"):
        db.execute(statement)


@migration
def m006_tags(db: sqlite3.Connection) -> None:
    """Words that people put on runs."""
    db.execute(
        "CREATE TABLE tags (run TEXT NOT NULL, tag TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (run, tag))"
    )


migration(m007_messages)

_FIRST = """
CREATE TABLE runs (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, job TEXT NOT NULL, study TEXT NOT NULL DEFAULT '',
  status TEXT NOT NULL, result TEXT, cause TEXT NOT NULL DEFAULT '', parent TEXT, spec TEXT NOT NULL,
  project TEXT NOT NULL, directory TEXT NOT NULL, armed INTEGER NOT NULL DEFAULT 0,
  queued_at REAL NOT NULL, started_at REAL, started_boot REAL, boot_id TEXT, ended_at REAL,
  ended_boot REAL, seconds REAL NOT NULL DEFAULT 0, pid INTEGER, gpus TEXT NOT NULL DEFAULT '[]',
  step, epoch REAL, total_steps REAL, total_epochs REAL, exit_code INTEGER, exit_signal TEXT,
  waits_for TEXT NOT NULL DEFAULT '', stop_reason TEXT NOT NULL DEFAULT '', stop_at REAL,
  was_launched INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX runs_by_status ON runs (status);
CREATE TABLE intents (
  id INTEGER PRIMARY KEY, verb TEXT NOT NULL, run TEXT NOT NULL, payload TEXT NOT NULL,
  created_at REAL NOT NULL, done_at REAL, outcome TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX intents_new_run ON intents (run) WHERE verb = 'start';
CREATE INDEX intents_open ON intents (id) WHERE done_at IS NULL;
CREATE TABLE metrics (
  id INTEGER PRIMARY KEY, run TEXT NOT NULL, name TEXT NOT NULL, source TEXT NOT NULL, rank INTEGER NOT NULL,
  points INTEGER NOT NULL DEFAULT 0, nonfinite INTEGER NOT NULL DEFAULT 0, first REAL, last REAL,
  last_is_finite INTEGER NOT NULL DEFAULT 1, min REAL, max REAL, min_step, max_step, last_step,
  last_epoch REAL, last_at REAL, UNIQUE (run, name, source)
);
CREATE TABLE points (
  metric INTEGER NOT NULL, n INTEGER NOT NULL, step NOT NULL, value REAL, epoch REAL, at REAL NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (metric, n)
) WITHOUT ROWID;
CREATE TABLE envelopes (
  metric INTEGER NOT NULL, level INTEGER NOT NULL, bucket INTEGER NOT NULL, step_from NOT NULL, step_to NOT NULL,
  min REAL, max REAL, first REAL, last REAL, count INTEGER NOT NULL, nonfinite INTEGER NOT NULL,
  PRIMARY KEY (metric, level, bucket)
) WITHOUT ROWID;
CREATE TABLE sources (
  run TEXT NOT NULL, path TEXT NOT NULL, kind TEXT NOT NULL, offset INTEGER NOT NULL DEFAULT 0, inode INTEGER,
  lines INTEGER NOT NULL DEFAULT 0, understood INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT '',
  mark TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (run, path)
);
CREATE TABLE gates (
  run TEXT NOT NULL, gate TEXT NOT NULL, place INTEGER NOT NULL, role TEXT NOT NULL, quote TEXT NOT NULL,
  source TEXT NOT NULL, rule TEXT NOT NULL, metric TEXT NOT NULL, threshold REAL, digest TEXT NOT NULL,
  verdict TEXT NOT NULL DEFAULT 'pending', value REAL, reason TEXT NOT NULL DEFAULT '', step, epoch REAL, at REAL,
  action TEXT NOT NULL DEFAULT '', would_save_seconds REAL, PRIMARY KEY (run, gate)
);
CREATE TABLE verdicts (
  id INTEGER PRIMARY KEY, run TEXT NOT NULL, gate TEXT NOT NULL, verdict TEXT NOT NULL, value REAL,
  reason TEXT NOT NULL, step, epoch REAL, at REAL NOT NULL, window TEXT NOT NULL DEFAULT '[]'
);
CREATE TABLE events (
  id INTEGER PRIMARY KEY, at REAL NOT NULL, run TEXT NOT NULL DEFAULT '', kind TEXT NOT NULL, text TEXT NOT NULL
);
CREATE INDEX events_by_run ON events (run, id);
CREATE TABLE checkpoints (
  id INTEGER PRIMARY KEY, run TEXT NOT NULL, path TEXT NOT NULL, at REAL NOT NULL, step, epoch REAL,
  metric TEXT NOT NULL DEFAULT '', value REAL
);
CREATE INDEX checkpoints_by_run ON checkpoints (run, id);
CREATE TABLE ledger (
  id INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, run TEXT NOT NULL DEFAULT '',
  machine TEXT NOT NULL, micro_usd INTEGER NOT NULL, gpu_ms INTEGER NOT NULL DEFAULT 0, boot_id TEXT NOT NULL,
  from_boot REAL NOT NULL, to_boot REAL NOT NULL, text TEXT NOT NULL DEFAULT ''
);
CREATE INDEX ledger_by_run ON ledger (run);
CREATE TABLE samples (at REAL PRIMARY KEY, machine TEXT NOT NULL);
CREATE TABLE notes (id INTEGER PRIMARY KEY, at REAL NOT NULL, run TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE looks (viewer TEXT PRIMARY KEY, at REAL NOT NULL);
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE VIEW curves AS
  SELECT metrics.run, metrics.name AS metric, points.step, points.epoch, points.value, points.at
  FROM points JOIN metrics ON metrics.id = points.metric;
CREATE VIEW runs_view AS
  SELECT name AS run, job, study, status, result, cause, parent, queued_at, started_at, ended_at, seconds,
    step, epoch, directory,
    (SELECT coalesce(sum(micro_usd), 0) / 1e6 FROM ledger WHERE ledger.run = runs.name) AS usd
  FROM runs;
CREATE VIEW gates_view AS
  SELECT run, gate, role, verdict, value, step AS at_step, epoch AS at_epoch, reason, action, rule, quote FROM gates
"""

_SECOND = """
ALTER TABLE runs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN place REAL;
ALTER TABLE runs ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN start_after REAL;
ALTER TABLE runs ADD COLUMN retried_for TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN evidence TEXT NOT NULL DEFAULT '[]';
ALTER TABLE runs ADD COLUMN peak_memory INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN peak_gpu_memory INTEGER NOT NULL DEFAULT 0;
UPDATE runs SET place=id;
CREATE TABLE usage (
  run TEXT NOT NULL, at REAL NOT NULL, cpu REAL, memory INTEGER NOT NULL, gpu_memory INTEGER, gpu REAL,
  processes INTEGER NOT NULL, why_no_gpu TEXT NOT NULL, PRIMARY KEY (run, at)
) WITHOUT ROWID
"""

_THIRD = """
ALTER TABLE runs ADD COLUMN imported TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX runs_imported ON runs (imported) WHERE imported != '';
ALTER TABLE sources ADD COLUMN prefix TEXT NOT NULL DEFAULT '';
ALTER TABLE metrics ADD COLUMN top_step;
ALTER TABLE metrics ADD COLUMN behind_step;
CREATE TABLE segments (
  metric INTEGER NOT NULL, n INTEGER NOT NULL, step NOT NULL, PRIMARY KEY (metric, n)
) WITHOUT ROWID;
DROP VIEW curves;
DROP VIEW runs_view;
DROP VIEW gates_view;
CREATE VIEW curves AS
  SELECT metrics.run, metrics.name AS metric, metrics.source, points.n, points.step, points.epoch, points.value,
    points.value IS NULL AS is_nan, points.at FROM metrics JOIN points ON points.metric = metrics.id
  WHERE metrics.id = (SELECT id FROM metrics AS other WHERE other.run = metrics.run AND other.name = metrics.name
    ORDER BY rank, id LIMIT 1);
CREATE VIEW runs_view AS
  SELECT name AS run, job, study, status, result, cause, parent, queued_at, started_at, ended_at, seconds,
    step, epoch, total_steps, total_epochs, exit_code, exit_signal, peak_memory, peak_gpu_memory, directory,
    (SELECT coalesce(sum(micro_usd), 0) / 1e6 FROM ledger WHERE ledger.run = runs.name) AS usd,
    (SELECT coalesce(sum(gpu_ms), 0) / 3600000.0 FROM ledger WHERE ledger.run = runs.name) AS gpu_hours
  FROM runs;
CREATE VIEW gates_view AS
  SELECT run, gate, role, verdict, metric, value, threshold, step AS at_step, epoch AS at_epoch, at, reason, action,
    would_save_seconds, rule, quote FROM gates
"""

_FOURTH = """
ALTER TABLE gates ADD COLUMN text TEXT NOT NULL DEFAULT '';
ALTER TABLE gates ADD COLUMN severity TEXT NOT NULL DEFAULT 'warning';
ALTER TABLE gates ADD COLUMN label TEXT NOT NULL DEFAULT '';
ALTER TABLE gates ADD COLUMN low REAL;
ALTER TABLE gates ADD COLUMN high REAL;
ALTER TABLE gates ADD COLUMN is_default INTEGER NOT NULL DEFAULT 0;
ALTER TABLE verdicts ADD COLUMN label TEXT NOT NULL DEFAULT '';
ALTER TABLE verdicts ADD COLUMN low REAL;
ALTER TABLE verdicts ADD COLUMN high REAL;
CREATE TABLE readings (
  id INTEGER PRIMARY KEY, run TEXT NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
  value REAL, text TEXT NOT NULL DEFAULT '', step, epoch REAL, at REAL NOT NULL
);
CREATE INDEX readings_by_run ON readings (run, id);
CREATE TABLE actions (
  id INTEGER PRIMARY KEY, run TEXT NOT NULL, gate TEXT NOT NULL, verdict INTEGER NOT NULL, action TEXT NOT NULL,
  outcome TEXT NOT NULL, is_done INTEGER NOT NULL, would_save_seconds REAL, would_save_micro INTEGER,
  at REAL NOT NULL, UNIQUE (run, gate, verdict, action)
);
CREATE TABLE answers (
  id INTEGER PRIMARY KEY, run TEXT NOT NULL, gate TEXT NOT NULL, is_yes INTEGER NOT NULL, who TEXT NOT NULL,
  note TEXT NOT NULL, at REAL NOT NULL
);
CREATE TABLE blocks (
  id INTEGER PRIMARY KEY, job TEXT NOT NULL, run TEXT NOT NULL, gate TEXT NOT NULL, reason TEXT NOT NULL,
  at REAL NOT NULL, released_at REAL, released_by TEXT NOT NULL DEFAULT ''
);
CREATE TABLE studies (name TEXT PRIMARY KEY, text TEXT NOT NULL, digest TEXT NOT NULL, source TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'open', at REAL NOT NULL)
"""

_FIFTH = """
CREATE TABLE leases (
  id INTEGER PRIMARY KEY, machine TEXT NOT NULL, host TEXT NOT NULL DEFAULT '', micro_per_hour INTEGER NOT NULL,
  billing TEXT NOT NULL DEFAULT 'second', share TEXT NOT NULL DEFAULT 'equal', currency TEXT NOT NULL DEFAULT 'USD',
  gpus INTEGER NOT NULL DEFAULT 0, boot_id TEXT NOT NULL, from_boot REAL NOT NULL, from_at REAL NOT NULL,
  to_boot REAL, to_at REAL, text TEXT NOT NULL DEFAULT '', steps_from REAL, settled_boot REAL,
  micro_usd INTEGER NOT NULL DEFAULT 0, gpu_ms INTEGER NOT NULL DEFAULT 0
);

CREATE INDEX runs_by_boot ON runs (boot_id, ended_boot);

ALTER TABLE ledger ADD COLUMN lease INTEGER;

CREATE INDEX ledger_by_lease ON ledger (lease, run);

ALTER TABLE ledger ADD COLUMN share TEXT NOT NULL DEFAULT 'equal';

ALTER TABLE ledger ADD COLUMN owed REAL NOT NULL DEFAULT 0;

ALTER TABLE ledger ADD COLUMN owed_ms REAL NOT NULL DEFAULT 0;

CREATE TABLE balances (
  kind TEXT NOT NULL, run TEXT NOT NULL, micro_usd INTEGER NOT NULL, gpu_ms INTEGER NOT NULL, PRIMARY KEY (kind, run)
) WITHOUT ROWID;

INSERT INTO balances SELECT kind, run, sum(micro_usd), sum(gpu_ms) FROM ledger GROUP BY kind, run;

CREATE TRIGGER ledger_is_summed AFTER INSERT ON ledger BEGIN
  INSERT INTO balances VALUES (new.kind, new.run, new.micro_usd, new.gpu_ms)
  ON CONFLICT (kind, run) DO UPDATE SET micro_usd = micro_usd + new.micro_usd, gpu_ms = gpu_ms + new.gpu_ms;
END;

CREATE TRIGGER ledger_is_summed_by_lease AFTER INSERT ON ledger WHEN new.kind IN ('run', 'idle', 'over') BEGIN
  UPDATE leases SET micro_usd = micro_usd + new.micro_usd, gpu_ms = gpu_ms + new.gpu_ms,
    settled_boot = max(coalesce(settled_boot, from_boot), new.to_boot)
  WHERE id = new.lease;
END;

DROP VIEW runs_view;

CREATE VIEW runs_view AS
  SELECT name AS run, job, study, status, result, cause, parent, queued_at, started_at, ended_at, seconds,
    step, epoch, total_steps, total_epochs, exit_code, exit_signal, peak_memory, peak_gpu_memory, directory,
    ((SELECT coalesce(sum(micro_usd), 0) FROM balances WHERE kind IN ('run', 'correction') AND run = runs.name)
      + coalesce(json_extract((SELECT value FROM facts WHERE facts.name = 'accrued'), '$."' || name || '"'), 0)
    ) / 1e6 AS usd,
    ((SELECT coalesce(sum(gpu_ms), 0) FROM balances WHERE kind = 'run' AND run = runs.name)
      + coalesce(json_extract((SELECT value FROM facts WHERE facts.name = 'accrued_gpu_ms'), '$."' || name || '"'), 0)
    ) / 3600000.0 AS gpu_hours
  FROM runs;

CREATE TABLE quarters (
  quarter INTEGER NOT NULL, machine TEXT NOT NULL, lease INTEGER NOT NULL, kind TEXT NOT NULL,
  micro_usd INTEGER NOT NULL, gpu_ms INTEGER NOT NULL, PRIMARY KEY (quarter, machine, lease, kind)
) WITHOUT ROWID;

INSERT INTO quarters SELECT cast(at / 900 AS INTEGER), machine, coalesce(lease, 0), kind, sum(micro_usd), sum(gpu_ms)
  FROM ledger GROUP BY 1, 2, 3, 4;

CREATE TRIGGER ledger_is_summed_by_time AFTER INSERT ON ledger BEGIN
  INSERT INTO quarters
  VALUES (cast(new.at / 900 AS INTEGER), new.machine, coalesce(new.lease, 0), new.kind, new.micro_usd, new.gpu_ms)
  ON CONFLICT (quarter, machine, lease, kind)
  DO UPDATE SET micro_usd = micro_usd + new.micro_usd, gpu_ms = gpu_ms + new.gpu_ms;
END;

CREATE TRIGGER ledger_is_never_changed BEFORE UPDATE ON ledger BEGIN
  SELECT RAISE(ABORT, 'a line of the ledger is never changed: write a correction');
END;

CREATE TRIGGER ledger_is_never_shortened BEFORE DELETE ON ledger BEGIN
  SELECT RAISE(ABORT, 'a line of the ledger is never deleted: write a correction');
END
"""

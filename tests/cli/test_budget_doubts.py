"""What trainui budget says when what it shows as spent may be too little."""

import json

from trainui.core.store.schema import connect


def test_a_reckoning_that_nobody_keeps_up_and_runs_that_runs_db_does_not_know_are_noted(cockpit):
    (cockpit.project / "trainui.toml").write_text('[[machine]]\nname = "here"\nusd_per_hour = 36\n')
    cockpit("start", "count", "--set", "steps=2", "--wait", code=None)
    cockpit("manager", "stop")
    assert cockpit.json("budget")["notes"] == []
    db = connect(cockpit.db)
    (seen,) = db.execute("SELECT value FROM facts WHERE name='machine_seen'").fetchone()
    told = json.loads(seen)
    db.execute(
        "UPDATE facts SET value=? WHERE name='machine_seen'",
        (json.dumps({**told, "boot": told["boot"] - 600}),),
    )
    db.close()
    (note,) = cockpit.json("budget")["notes"]
    assert note.startswith("no manager has reckoned for 10:")
    assert "$ more: the next one charges it" in note
    for path in cockpit.project.glob("runs.db*"):
        path.unlink()
    for _ in range(2):  # without a runs.db, then with a new one
        (note,) = cockpit.json("budget")["notes"]
        assert note.startswith("runs.db does not know of count-1: what was spent then is lost")
        cockpit("start", "count", "--set", "steps=2", "--wait", code=None)


def test_a_sum_no_decimal_can_hold_and_money_for_a_million_years_are_no_crash(cockpit):
    (cockpit.project / "trainui.toml").write_text(
        '[budget]\ntotal_usd = 1e12\n[[machine]]\nname = "slow"\nusd_per_hour = 0.000001\n'
    )
    assert "is no sum of money" in cockpit("budget", "correct", "1e1000000000", "x", code=2).stderr
    assert (
        "traceback" not in cockpit("start", "count", "--set", "steps=2", "--wait", code=None).stderr.lower()
    )
    for words in ([], ["burn"], ["--json"]):
        assert "1000000000000" in cockpit("budget", *words).stdout
    assert cockpit.json("budget")["lasts_until"] is None


def test_before_the_first_start_imported_runs_hide_nothing_of_the_plan(cockpit):
    (cockpit.project / "trainui.toml").write_text(
        '[budget]\ntotal_usd = 3\n[[machine]]\nname = "here"\nusd_per_hour = 36\n'
    )
    (cockpit.project / "old.log").write_text("".join(f"step {n} loss 0.{n}\n" for n in range(20)))
    cockpit("import", "old.log")
    told = cockpit.json("budget")
    assert (told["machine"], told["left_usd"], told["spent_usd"]) == ("here", 3, 0)

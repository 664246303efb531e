"""The short form of `python -m tests.load`: nothing is lost and nothing is told wrongly, however fast."""

from tests.load.loads import flood, queue, wrong_ends, wrong_rows


def test_many_short_runs_queued_at_once_all_end_as_they_say(tmp_path):
    told, _ = queue(tmp_path / "project", runs=12, seconds=0.3, slots=4)
    assert len(told) == 12
    assert not wrong_ends(told)
    assert {one.result for one in told} == {"finished", "failed"}


def test_every_line_of_a_flood_becomes_one_row_in_its_place(tmp_path):
    found = flood(tmp_path / "project", runs=3, seconds=5.0, rate=1000.0, keys=False)
    assert not wrong_rows(found.told)
    assert [int(one.oracle[0]) for one in found.told] == [one.rows for one in found.told]
    assert all(one.result == "finished" for one in found.told)

"""The short form of `make soak`: what the jobs wrote is what the store holds, while somebody looks on."""

from pathlib import Path

from tests.soak.place import checksum, make_project
from tests.soak.watch import soak


def test_every_point_is_in_the_store_and_nothing_complains_while_somebody_looks_on(tmp_path: Path):
    cockpit = make_project(tmp_path / "project", slots=3)
    try:
        found = soak(cockpit, runs=3, seconds=12.0, rate=200.0, every=0.3)
    finally:
        cockpit.clean_up()
    assert found.held is not None
    assert found.held.wrong == ()
    assert found.held.points == found.held.written > 3 * 2000
    assert found.complaints == []
    assert found.exit_code == 0
    assert found.pressed > 20


def test_a_checksum_tells_a_point_that_is_missing_twice_or_another():
    points = [(0, 1.0), (1, 2.0), (2, float("nan"))]
    others = [
        points[:2],
        [*points, points[2]],
        [points[1], points[0], points[2]],
        [(0, 1.0), (1, 2.0), (2, 3.0)],
    ]
    assert checksum(points) == checksum(list(points))
    assert checksum(points) not in [checksum(one) for one in others]

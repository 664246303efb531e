"""Fuzz one format until the time is up: python -m tests.fuzz.one KIND FOLDER SECONDS (it needs atheris)."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["trainui.core.ingest"]):
    from tests.fuzz.holding import check_reader, check_record, follow, points
    from trainui.core.ingest import formats

SLOWEST = "slowest.json"
"""In the folder of a format: seconds and name of its slowest input so far."""
TIMEOUT = 2
"""Seconds an input may take."""
MOST = 4 << 10
"""Bytes of an input."""


def main(kind: str, folder: Path, seconds: int) -> None:
    """Never returns: libFuzzer ends the process, 0 where nothing was found."""
    form = formats.format_named(kind)
    path = folder / "fuzzed"
    worst = 0.0  # of its own time: the machine may be busy otherwise

    def try_one(data: bytes) -> None:
        nonlocal worst
        begun = time.process_time()
        # The last bytes say where the file stopped growing on its way: mutations move them on their own.
        ends = [
            int.from_bytes(data[at : at + 2], "little") for at in range(max(0, len(data) - 6), len(data), 2)
        ]
        whole, state = follow(form, path, data)
        took = time.process_time() - begun
        grown, grown_state = follow(form, path, data, ends, 1 + len(data) // 3)
        if form.is_whole:
            reader = form.make(grown_state, ())
            assert not reader.read(data), "told twice"
            check_reader(form, reader)
        else:
            assert points(grown) == points(whole), "another cut, other records"
            assert grown_state == state, "another cut, another state"
        if form.cut is not None:  # what no frame around it would let through
            reader = form.make("", ())
            for record in reader.read(data):
                check_record(record)
            check_reader(form, reader)
        if took > worst:
            worst = took
            (folder / "slowest").write_bytes(data)
            (folder / SLOWEST).write_text(json.dumps(took))

    flags = [
        f"-max_total_time={seconds}", f"-timeout={TIMEOUT}", f"-max_len={MOST}", f"-artifact_prefix={folder}/found-",
        "-rss_limit_mb=600", "-print_final_stats=1", f"-dict={folder.parent / 'pieces.dict'}",
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *flags, str(folder / "corpus")], try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    os.umask(0o077)
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))

"""Reads the streams of one run into runs.db until it is killed: `python -m tests.core.ingester DB RUN`.

One such reader is forked for every line on stdin, and its pid printed: starting Python anew each time would take
longer than the reading.
"""

import os
import signal
import sqlite3
import sys
import time
from pathlib import Path

from trainui.core.errors import StoreError
from trainui.core.store.runs import RunWriter
from trainui.core.store.schema import connect
from trainui.core.store.streams import StreamWriter
from trainui.core.watching import Watch


def main(path: Path, name: str) -> None:
    db = connect(path)
    run = RunWriter(db).get(name)
    watch = None
    while True:
        try:
            watch = watch or Watch(db, run, StreamWriter(db))
            watch.read(now=time.time())
        except (StoreError, sqlite3.OperationalError):  # the other one was faster
            watch = None
        time.sleep(0.001)


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        pid = os.fork()
        if not pid:
            main(Path(sys.argv[1]), sys.argv[2])
        print(pid, flush=True)

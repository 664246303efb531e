"""Hostile files of every kind, written by a run, read by its manager, shown by every verb: nothing drives the terminal."""

import json
import os
import re
import subprocess
import sys

import pytest

from tests.fuzz.samples import event, history, leveldb
from trainui.core.ingest.discover import Finder

EVIL = "\x1b[2J\x1b]0;title\x07\x9b31m\x85\u202eevil\u2066\u200f\u2028\n\r\t\x00\x08loss\x1bPq"
INLINE = re.sub(r"[\n\r\t\0]", "", EVIL)
"""The same without what ends a cell."""
RAW = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What may not come out, newlines and tabs apart."""
PLAIN = "val/mae"
MIB = 1 << 20


def lines(*entries):
    return "".join(json.dumps(entry) + "\n" for entry in entries).encode()


FILES = {
    "metrics.jsonl": lines(
        {"step": 1, PLAIN: 1.5, EVIL: 2.0},
        {"step": 2**63, PLAIN: 1.0},
        {"step": 3, "metrics": {f"a{EVIL}b": {EVIL: 1}}, "lone\ud800": 1},
        {"event": f"hello {EVIL}"},
        {"checkpoint": f"{EVIL}.pt", "step": 3, f"wer{EVIL}": 0.5},
        {"step": 4, PLAIN: float("inf")},
    )
    + b'{"step": 5, "val/mae": 1e999}\n{"step": 1' + b"0" * 400 + b', "val/mae": 2}\n{"step": 6, "val/mae": \x1b[2J\xff\n',
    "metrics.csv": f'epoch,"csv_loss{INLINE}",csv_acc\n1,0.5,0.1\n2,0.5,1e999\n{"9" * 400},1,1\n'.encode(),
    "trainer_state.json": json.dumps(
        {"log_history": [{"step": n, "epoch": n / 2, f"state_loss{EVIL}": 1.0, EVIL: 2} for n in range(4)]}
    ).encode(),
    "events.out.tfevents.1": event(1, f"tb_loss{EVIL}".encode(), 0.5) + event(2, b"\xff\xfe\x1b[2J", 1.0) + b"\x1b[2J" * 20,
    "run-1.wandb": leveldb(history(1, **{f"wandb_loss{EVIL}": "0.5", "_step": "9223372036854775807"})),
    "lightning_logs/version_0/metrics.csv": f"step,deep_loss{INLINE}\n1,0.5\n".encode("utf-8", "replace"),
}  # fmt: skip
NAMES = [
    b"metrics-\x1b[2J.csv",
    b"metrics-\n.csv",
    b"metrics-\xff\xfe.csv",
    "metrics-\u202e\x9b2J.csv".encode(),
    b"metrics-\x07\r.jsonl",
]
PRINTED = (
    f"{EVIL}\nEpoch 1/2 loss: 0.5 {EVIL} acc{EVIL}: 0.25\n".encode("utf-8", "replace")
    + b"step 9223372036854775808: loss 1e999\n\x1b]52;c;ZXZpbA==\x07\x9bcursor\nfoo \x1b[31mred 3.5\n"
    + b"\r".join(b" 10/100 [=>...] - ETA: 3s - loss: %d\x1b[K" % n for n in range(50))
    + b"\n{'loss': nan, 'x\\x1b[2J\\u202e': 1.5, 'epoch': 1.0}\n\xff\xfe\x9b2J\n"
)


@pytest.fixture
def hostile(cockpit):
    """A project in which a run wrote all of it and ended."""
    files = cockpit.project / ".files"
    for name, data in FILES.items():
        (files / name).parent.mkdir(parents=True, exist_ok=True)
        (files / name).write_bytes(data)
    for name in NAMES:
        with open(os.path.join(os.fsencode(files), name), "wb") as file:
            file.write(lines({"step": 1, "j_loss": 1}) if name.endswith(b"l") else b"step,n_loss\n1,0.5\n")
    (cockpit.project / "printed").write_bytes(PRINTED)
    (cockpit.project / "jobs" / "hostile.toml").write_text(
        '[job]\nname = "hostile"\ncommand = ["sh", "-c", "cat printed; cp -r .files/. $TRAINUI_RUN_DIR/"]\n'
        f'[metrics]\nprimary = "{PLAIN}"\ngoal = "min"\n'
    )
    cockpit("start", "hostile", "--wait")
    return cockpit


def out(cockpit, *words):
    """What a verb writes to the terminal, both streams, as it stands."""
    done = subprocess.run(
        [sys.executable, "-m", "trainui", *words],
        cwd=cockpit.project,
        capture_output=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0, (words, done.stderr)
    assert b"Traceback" not in done.stderr
    text = done.stdout.decode()
    assert not RAW.search(text), (words, RAW.findall(text), text[:2000])
    assert not RAW.search(done.stderr.decode()), words
    return text


def test_what_a_run_wrote_never_drives_the_terminal(hostile):
    told = json.loads(out(hostile, "show", "hostile-1", "--json"))
    metrics = [one["metric"] for one in told["metrics"]]
    for word in ("csv_loss", "deep_loss", "state_loss", "tb_loss", "wandb_loss", "loss", PLAIN):
        assert any(word in name for name in metrics), (word, metrics)
    assert not any(RAW.search(name) or "\n" in name for name in metrics)
    for metric in metrics:
        assert json.loads(out(hostile, "curve", "hostile-1", metric, "--json"))["points"]
        out(hostile, "curve", "hostile-1", metric)
    for words in (("show", "hostile-1"), ("ls", "--all"), ("ls", "--all", "--json"), ("logs", "hostile-1")):
        assert "hostile" in out(hostile, *words) or words[0] == "logs"
    assert "evil" in out(hostile, "logs", "hostile-1")


def test_what_parse_tells_of_a_hostile_file_never_drives_the_terminal(hostile):
    for name in (*(f".files/{name}" for name in FILES), "printed"):
        out(hostile, "parse", name)
        assert json.loads(out(hostile, "parse", name, "--json"))["lines"] > 0, name


READ = """
import re, sys
from pathlib import Path
from trainui.core.ingest.report import parse_file
told = parse_file(Path(sys.argv[1]), kind=sys.argv[2])
print(told.lines, re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
"""
"""ru_maxrss would do, did it not begin with what the process weighed that started this one."""


FLOODS = {
    "a line": ("console", b"x" * MIB, 100),
    "an object": ("jsonl", b'{"a":' * (MIB // 5), 100),
    "a row": ("csv", b"1," * (MIB // 2), 100),
    "a bar": ("console", (b" 10/100 [=>......] - ETA: 3s - nothing".ljust(16_383) + b"\r") * 64, 200),
    "returns": ("console", b"\r" * MIB, 20),
    "returns in a table": ("csv", b"\r" * MIB, 20),
    "returns in JSON": ("jsonl", b"\r" * MIB, 20),
    "no events": ("tensorboard", b"\xff" * MIB, 30),
    "no records": ("wandb", b"\xff" * MIB, 100),
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_line_or_flood_without_end_is_read_in_bounded_memory(flood, tmp_path):
    kind, piece, count = FLOODS[flood]
    path = tmp_path / "flood"
    with path.open("wb") as file:
        for _ in range(count):
            file.write(piece)
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path), kind], capture_output=True, text=True, check=True, timeout=300
    )
    path.unlink()
    _, memory = map(int, done.stdout.split())
    assert memory < 200 * 1024, f"{memory} KiB"


def test_a_file_whose_name_no_store_can_keep_is_passed_over(tmp_path):
    for name in (*NAMES, b"metrics.csv"):
        with open(os.path.join(os.fsencode(tmp_path), name), "wb") as file:
            file.write(b"step,loss\n1,0.5\n")
    finder = Finder(tmp_path)
    assert finder.look() == ["metrics.csv"]
    others = [os.fsdecode(os.path.join(os.fsencode(tmp_path), name)) for name in NAMES]
    assert not finder.fresh(others, ())

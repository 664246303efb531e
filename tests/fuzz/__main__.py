"""`make fuzz`: mutate files of every format under coverage, and stop at what no reader may do; one line a format.

python -m tests.fuzz                            every format for FUZZ_SECONDS (60) each
python -m tests.fuzz --only csv,jsonl           these
python -m tests.fuzz --try csv FILE             one input again, as a crash left it
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.holding import follow
from tests.fuzz.samples import HURTS, SAMPLES
from trainui.core.ingest.format import HEAD
from trainui.core.ingest.formats import FORMATS, format_named, recognise

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".fuzz"
"""What was tried and found, kept from one time to the next; git does not see it."""
REAL = Path(os.environ.get("TRAINUI_CORPUS", ROOT.parent / "shared" / "corpus"))
"""Real logs to begin from, where they are at hand."""
MOST_REAL = 4 << 10
"""Bytes that are taken of a real log."""


def main() -> int:
    """1 where something was found."""
    flags = argparse.ArgumentParser()
    flags.add_argument("--only", default=",".join(form.kind for form in FORMATS))
    flags.add_argument("--seconds", type=int, default=int(os.environ.get("FUZZ_SECONDS", "60")))
    flags.add_argument("--try", nargs=2, dest="again", metavar=("KIND", "FILE"))
    given = flags.parse_args()
    if given.again:
        return try_again(given.again[0], Path(given.again[1]))
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "pieces.dict").write_text("".join(f'"{_quoted(one)}"\n' for one in HURTS if len(one) < 64))
    real = real_logs()
    print(f"begins from samples made here{'' if real else f' alone: no real logs at {REAL}'}")
    return max([fuzz(kind, given.seconds, real) for kind in given.only.split(",")])


def real_logs() -> dict[str, list[Path]]:
    """Kind → real logs of it."""
    found: dict[str, list[Path]] = {}
    for path in sorted(REAL.rglob("*")) if REAL.is_dir() else ():
        if path.is_file() and path.suffix not in (".py", ".md"):
            with path.open("rb") as file:
                found.setdefault(recognise(path.name, file.read(HEAD)).kind, []).append(path)
    return found


def fuzz(kind: str, seconds: int, real: dict[str, list[Path]]) -> int:
    """Fuzz one format in a process of its own and print its line; 1 where something was found."""
    folder = FOLDER / kind
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, sample in enumerate((*SAMPLES.get(kind, ()), *(one for one in HURTS if len(one) > 64))):
        (corpus / f"sample-{number}").write_bytes(sample)
    for path in real.get("console" if kind == "log" else kind, ()):
        with path.open("rb") as file:
            (corpus / f"real-{hashlib.md5(str(path).encode()).hexdigest()[:12]}").write_bytes(
                file.read(MOST_REAL)
            )
    words = [sys.executable, "-m", "tests.fuzz.one", kind, str(folder), str(seconds)]
    with (folder / "log").open("w+") as log:
        code = subprocess.run(words, cwd=ROOT, stdout=log, stderr=log, check=False).returncode
        log.seek(0)
        said = log.read()
    print(line_of(kind, said, folder), flush=True)
    if code == 0:
        return 0
    crash = re.search(r"Test unit written to (\S+)", said)
    print("\n".join(said.splitlines()[-60:]) if crash is None else _why(said), file=sys.stderr)
    if crash:
        print(f"{kind}: {crash[1]}", f"  python -m tests.fuzz --try {kind} {crash[1]}", sep="\n", flush=True)
    return 1


def line_of(kind: str, said: str, folder: Path) -> str:
    """`csv  12,345 runs   coverage 912 (+112)   slowest 12 ms` from what libFuzzer printed."""
    covered = [int(one) for one in re.findall(r"cov: (\d+)", said)]
    runs = re.findall(r"(?:number_of_executed_units: |^#)(\d+)", said, re.MULTILINE)
    slowest = json.loads((folder / "slowest.json").read_text()) if (folder / "slowest.json").exists() else 0.0
    new = covered[-1] - covered[0] if covered else 0
    return (
        f"{kind:<12} {int(runs[-1]) if runs else 0:>9,} runs   coverage {covered[-1] if covered else 0:>5} ({new:+})"
        f"   slowest {slowest * 1000:.0f} ms"
    )


def try_again(kind: str, path: Path) -> int:
    """Read an input as the fuzzer does, without atheris; the traceback tells what is wrong with it."""
    form, data = format_named(kind), path.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        whole, state = follow(form, Path(folder) / "file", data)
        print(f"{len(whole)} records, {len(state)} characters of state")
        for end in range(0, len(data), max(1, len(data) // 50)):
            grown, grown_state = follow(form, Path(folder) / "file", data, [end])
            assert form.is_whole or (repr(grown), grown_state) == (repr(whole), state), f"cut at {end}"
    return 0


def _why(said: str) -> str:
    lines = said.splitlines()
    begin = next((at for at, line in enumerate(lines) if "Traceback" in line or "ERROR:" in line), 0)
    return "\n".join(lines[begin : begin + 40])


def _quoted(piece: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in piece)


if __name__ == "__main__":
    sys.exit(main())

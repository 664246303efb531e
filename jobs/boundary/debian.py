"""Real voices from Debian's and Ubuntu's archives: fetched with apt, checked, unpacked, never installed.

Six packages hold telephone prompts (8 kHz) of five professional speakers. The English and the Spanish prompts
are spoken by the same woman, so they stand on the same side: with one in training and the other held out, the
held-out voice would have been heard before.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jobs.boundary.sources import Voices, audio_files
from jobs.training.errors import DataError

INSTEAD = (
    "give a folder of speech with --source PATH (<speaker>/**/*.wav or .flac, or recordings with *.rttm)"
)
SOUNDS = Path("usr/share/asterisk/sounds")


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompts:
    """One package: whose voice it holds and under which licence."""

    package: str
    folder: str
    speaker: str
    licence: str
    held_out: bool = False


PACKAGES = (
    Prompts(
        package="asterisk-core-sounds-en-wav",
        folder="en_US_f_Allison",
        speaker="Allison_Smith",
        licence="CC BY-SA 3.0",
    ),
    Prompts(
        package="asterisk-core-sounds-es-wav",
        folder="es_MX_f_Allison",
        speaker="Allison_Smith",
        licence="CC BY-SA 3.0",
    ),
    Prompts(
        package="asterisk-core-sounds-it-wav",
        folder="it_IT_m_Carlo",
        speaker="Carlo_Flora",
        licence="CC BY 3.0",
    ),
    Prompts(
        package="asterisk-prompt-it-menardi-wav",
        folder="it_IT_f_Menardi",
        speaker="Paola_Dal_Zot",
        licence="CC BY-SA 3.0",
    ),
    Prompts(
        package="asterisk-core-sounds-fr-wav",
        folder="fr_CA_f_June",
        speaker="June_Wallack",
        licence="CC BY-SA 3.0",
        held_out=True,
    ),
    Prompts(
        package="asterisk-core-sounds-ru-wav",
        folder="ru_RU_f_IvrvoiceRU",
        speaker="Maxim_Topal",
        licence="CC BY 3.0",
        held_out=True,
    ),
)


def complete(home: Path) -> bool:
    """Whether every package is unpacked below `home`."""
    return all((home / prompts.package).is_dir() for prompts in PACKAGES)


def voices(home: Path, tell: Callable[[str], None]) -> Voices:
    """The prompts below `home`, fetched first where they are missing; French and Russian are held out."""
    for number, prompts in enumerate(PACKAGES, start=1):
        if not (home / prompts.package).is_dir():
            tell(f"fetching {prompts.package} ({number} of {len(PACKAGES)}, {prompts.licence})")
            fetch(prompts.package, home)
    write_licences(home)
    groups: tuple[dict[str, list[Path]], dict[str, list[Path]]] = ({}, {})
    for prompts in PACKAGES:
        files = audio_files(home / prompts.package / SOUNDS / prompts.folder)
        if not files:
            raise DataError(f"{prompts.package} holds no {prompts.folder} any more: {INSTEAD}.")
        groups[prompts.held_out].setdefault(prompts.speaker, []).extend(files)
    about = "Asterisk voice prompts from Debian: en, es, it trained on; fr, ru (other voices) held out"
    return Voices(train=groups[0], held_out=groups[1], about=about)


def fetch(package: str, home: Path) -> None:
    """Download one package, check its size and SHA-256 against apt's signed lists, and unpack it."""
    missing = [tool for tool in ("apt-get", "apt-cache", "dpkg-deb") if shutil.which(tool) is None]
    if missing:
        raise DataError(f"No speech was given and there is no {missing[0]} here: {INSTEAD}.")
    downloads = home / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    options, facts = describe(package, home)
    answer = run("apt-get", *options, "download", f"{package}={facts['Version']}", cwd=downloads)
    archives = sorted(downloads.glob(f"{package}_*.deb"))
    if not archives:
        raise DataError(f"{package} could not be fetched ({last_line(answer)}): {INSTEAD}.")
    archive = archives[-1]
    if archive.stat().st_size != int(facts["Size"]) or digest(archive) != facts["SHA256"]:
        archive.unlink()
        raise DataError(f"{package} did not arrive as the archive describes it: try again, or {INSTEAD}.")
    unpacked = home / f"{package}.part"
    shutil.rmtree(unpacked, ignore_errors=True)
    answer = run("dpkg-deb", "-x", str(archive), str(unpacked), cwd=home)
    if answer.returncode != 0:
        raise DataError(f"{package} could not be unpacked ({last_line(answer)}): {INSTEAD}.")
    # Renamed last: a folder with the package's name is always a whole one.
    unpacked.rename(home / package)
    archive.unlink()


def describe(package: str, home: Path) -> tuple[list[str], dict[str, str]]:
    """apt's options and its facts about a package; lists of our own where the system's do not have it."""
    options = ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []
    facts = show(package, options, home)
    if facts:
        return options, facts
    lists, cache = home / "apt" / "lists", home / "apt" / "cache"
    for folder in (lists / "partial", cache / "archives" / "partial"):
        folder.mkdir(parents=True, exist_ok=True)
    options += ["-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={cache}"]
    facts = show(package, options, home)
    if not facts:
        answer = run("apt-get", *options, "-qq", "update", cwd=home)
        facts = show(package, options, home)
        if not facts:
            raise DataError(f"apt knows no {package} ({last_line(answer)}): {INSTEAD}.")
    return options, facts


def show(package: str, options: list[str], home: Path) -> dict[str, str]:
    """What apt's lists say about the newest version they can fetch; empty when they do not know it."""
    answer = run("apt-cache", *options, "--no-all-versions", "show", package, cwd=home)
    facts = dict(
        line.split(": ", 1) for line in answer.stdout.splitlines() if ": " in line and line[0] != " "
    )
    return facts if {"Version", "Size", "SHA256"} <= facts.keys() else {}


def write_licences(home: Path) -> None:
    """Name each voice's licence and where its full text lies."""
    lines = ["Voice prompts as packaged by Debian; the full texts lie beside them.", ""]
    for prompts in PACKAGES:
        text = f"{prompts.package}/usr/share/doc/{prompts.package}/copyright"
        lines.append(f"{prompts.package}: {prompts.speaker}, {prompts.licence}, {text}")
    (home / "LICENCES.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a tool quietly in plain English; its exit code is the caller's to judge."""
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def last_line(answer: subprocess.CompletedProcess[str]) -> str:
    """The last thing a tool said, without its prefix."""
    lines = (answer.stderr or answer.stdout).strip().splitlines() or [f"exit code {answer.returncode}"]
    return lines[-1].removeprefix("E: ").rstrip(".")


def digest(path: Path) -> str:
    """SHA-256 of a file, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""HAND: who this machine is, so that one that was swapped is not taken for one that was away."""

from __future__ import annotations

import functools
import socket
from pathlib import Path

from trainui.core.process.identity import boot_id

CONTAINERS = ("/.dockerenv", "/run/.containerenv")
"""Files that container engines put into what they start."""


@functools.cache
def host_identity() -> str:
    """The machine's own id. In a container, where that is the image's, this boot and the host's name."""
    try:
        told = Path("/etc/machine-id").read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        told = ""
    if told and not _is_contained():
        return told
    return f"{boot_id()}/{socket.gethostname()}"


def _is_contained() -> bool:
    if any(Path(sign).exists() for sign in CONTAINERS):
        return True
    try:
        groups = Path("/proc/1/cgroup").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return any(word in groups for word in ("docker", "kubepods", "containerd", "lxc", "libpod"))

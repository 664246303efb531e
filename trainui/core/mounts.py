"""HAND: which file system a path is on, from /proc/self/mountinfo, and whether locks and SQLite can trust it."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct

MOUNTINFO = Path("/proc/self/mountinfo")
REMOTE = (
    "nfs", "nfs3", "nfs4", "cifs", "smb3", "smbfs", "9p", "lustre", "glusterfs", "ceph", "afs", "beegfs", "gpfs",
    "ncpfs", "vboxsf",
)  # fmt: skip
"""File systems shared between machines: SQLite's -wal needs memory that all its users share."""
LOCAL_FUSE = ("fuse.fuse-overlayfs", "fuse.mergerfs", "fuse.gocryptfs", "fuse.ntfs-3g", "fuse.exfat")
"""Those behind a program of this machine."""


class Mount(Struct, frozen=True, kw_only=True):
    """Where a path is mounted."""

    point: str
    kind: str
    """As the kernel calls it: ext4, overlay, nfs4, fuse.sshfs…"""
    is_read_only: bool = False

    @property
    def is_remote(self) -> bool:
        """Whether another machine may have it open too, so that locks are a matter of faith."""
        return self.kind in REMOTE or (self.kind.startswith("fuse.") and self.kind not in LOCAL_FUSE)


def mount_of(path: Path) -> Mount:
    """The mount that `path`, or its nearest parent that exists, is on; kind `unknown` where nobody says."""
    place = os.path.realpath(path)
    best = Mount(point="", kind="unknown")
    try:
        lines = MOUNTINFO.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return best
    for line in lines:
        left, separator, right = line.partition(" - ")
        words, told = left.split(" "), right.split(" ")
        if not separator or len(words) < 6 or len(told) < 3:
            continue
        point = words[4].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
        is_above = place == point or place.startswith(point.rstrip("/") + "/")
        if is_above and len(point) >= len(best.point):  # the later of two covers the earlier
            is_read_only = "ro" in words[5].split(",") or "ro" in told[2].split(",")
            best = Mount(point=point, kind=told[0], is_read_only=is_read_only)
    return best

"""Which of several training processes this one is. Stdlib only, and nothing is imported to find out."""

from __future__ import annotations

import os
import sys

_RANKS = (
    ("RANK", "WORLD_SIZE"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("PMI_RANK", "PMI_SIZE"),
    ("SLURM_PROCID", "SLURM_NTASKS"),
    ("LOCAL_RANK", "WORLD_SIZE"),
)


def rank_here() -> int:
    """Which of several training processes this is; 0 where there is one.

    PyTorch's process group is asked where it stands (no launcher tells a spawned process its rank), else the
    environment. A rank counts only beside a size it fits into: RANK=16 alone is somebody's low-rank adapter.
    """
    group = sys.modules.get("torch.distributed")
    try:
        if group is not None and group.is_available() and group.is_initialized():
            return int(group.get_rank())
    except (AttributeError, RuntimeError, TypeError, ValueError):
        pass  # a group half imported or half destroyed; the environment knows too
    for name, size in _RANKS:
        if rank := os.environ.get(name):
            try:
                return int(rank) if 0 <= int(rank) < int(os.environ.get(size, "")) else 0
            except ValueError:
                continue
    return 0

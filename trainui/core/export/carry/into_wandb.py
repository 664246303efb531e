"""Run by itself, with the wandb library: writes one run as an offline run, from lines of JSON on stdin.

The first line says what the run was; each of the others is one row of its history. Nothing leaves the machine: the
library is told to be offline, and keeps its own files in the folder it is given.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def main() -> None:
    """Write the run that stdin tells of."""
    head = json.loads(sys.stdin.readline())
    folder = head["folder"]
    os.environ |= {"WANDB_MODE": "offline", "WANDB_DIR": folder, "WANDB_SILENT": "true"}
    os.environ |= {f"WANDB_{one}_DIR": os.path.join(folder, ".own") for one in ("CACHE", "CONFIG", "DATA")}
    import wandb

    quiet: dict[str, Any] = {
        "console": "off", "disable_git": True, "disable_code": True, "silent": True, "x_disable_stats": True,
        "x_disable_meta": True, "x_save_requirements": False, "x_disable_machine_info": True,
    }  # fmt: skip
    known = wandb.Settings.model_fields if hasattr(wandb.Settings, "model_fields") else {}
    settings = wandb.Settings(**{name: value for name, value in quiet.items() if name in known})
    run = wandb.init(
        project=head["project"], id=head["id"], name=head["name"], group=head["group"], job_type=head["job"],
        notes=head["notes"], tags=head["tags"], config=head["config"], dir=folder, mode="offline", settings=settings,
        force=False,
    )  # fmt: skip
    run.define_metric("trainui/step")
    run.define_metric("*", step_metric="trainui/step")
    for line in sys.stdin:
        step, epoch, at, values = json.loads(line)
        row = {_name(name): float("nan") if value is None else float(value) for name, value in values.items()}
        row |= {"trainui/step": step, "_timestamp": at}
        run.log(row if epoch is None else row | {"trainui/epoch": epoch})
    run.summary.update(head["summary"])
    run.finish(exit_code=head["exit_code"])


def _name(metric: str) -> str:
    """What begins with _ is the library's own."""
    return f"metrics/{metric}" if metric.startswith("_") else metric


if __name__ == "__main__":
    main()

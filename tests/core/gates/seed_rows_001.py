"""Seed 001, LibriSpeech beside AMI: what the gates say of which numbers."""

from __future__ import annotations

from seed_drive import died, told
from seed_numbers import AMI, LIBRI, LN2, STUCK

NOTHING = told()


def both(libri, ami, **more):
    return {"libri": told(libri, **more), "ami": told(ami, **more)}


def ami(best, libri=61.5):
    """Two runs, by the best accuracy of each."""
    return both({"val_acc": [45.9, libri]}, {"val_acc": [50, best]})


def hours(*reached):
    """Epochs by the half hour: AMI's are to be 5 after one half and 15 after three."""
    return {
        "train_loss": [(epoch, 0.6) for epoch in reached],
        "@wall_h": [(e, n / 2) for n, e in enumerate(reached, 1)],
    }


ROWS = [
    ("001.loss-chance", told({"train_loss": LN2}), "warn@3 tripped@4"),
    ("001.loss-chance", told({"train_loss": [*LN2, 0.66, 0.6, 0.55]}), "warn@3 tripped@4 ok@9"),
    ("001.loss-chance", told({"train_loss": [0.69, 0.66, 0.6]}), "ok@3"),
    ("001.loss-chance", told({"train_loss": [0.69, 0.69]}), "unknown@end"),
    ("001.acc-stuck-48", told({"train_acc": [48.0] * 6}), "tripped@5"),
    ("001.acc-stuck-48", told({"train_acc": [48, 48, 48, 48, 48, 56]}), "tripped@5 ok@6"),
    ("001.acc-stuck-48", told({"train_acc": [0.5, 0.55, 0.6, 0.65, 0.7]}), "ok@5"),
    ("001.acc-stuck-48", told({"train_acc": [48, 48]}), "unknown@end"),
    ("001.frozen", told({"val_acc": STUCK}), "tripped@4"),
    ("001.frozen", told({"val_acc": [*STUCK, 31.4]}), "tripped@4 ok@5"),
    ("001.frozen", told({"val_acc": LIBRI}), "ok@4"),
    ("001.frozen", told({"train_loss": LN2}), "unknown@end"),
    ("001.train-acc-70", told({"train_acc": [48, 60, 71]}), "ok@1 passed@3"),
    ("001.train-acc-70", told({"train_acc": [48, 50.5]}), "ok@1 failed@end"),
    ("001.train-acc-70", NOTHING, "unknown@end"),
    ("001.val-target", told({"val_acc": AMI}), "ok@1 passed@10"),
    ("001.val-target", told({"val_acc": LIBRI}), "ok@1 failed@end"),
    ("001.val-target", died({"val_acc": LIBRI}), "ok@1 unknown@end"),
    ("001.libri-expected", told({"val_acc": LIBRI}), "passed@end"),
    ("001.libri-expected", told({"val_acc": [53.8, 53.8]}), "failed@end"),
    ("001.libri-expected", NOTHING, "unknown@end"),
    ("001.best-after-4", told({"val_acc": AMI}), "passed@end"),
    ("001.best-after-4", told({"val_acc": LIBRI}), "failed@end"),
    ("001.best-after-4", NOTHING, "unknown@end"),
    ("001.loss-smooth", told({"train_loss": {1: 0.69, 10: 0.4}}), "ok@5"),
    ("001.loss-smooth", told({"train_loss": [*[0.694] * 5, 0.6, 0.5, 0.4]}), "tripped@5 ok@8"),
    ("001.loss-smooth", told({"train_loss": [0.694]}), "unknown@end"),
    ("001.production", told({"val_acc": AMI}), "passed@end ready for production"),
    ("001.production", told({"val_acc": [50, 70]}), "failed@end proof of concept, needs refinement"),
    ("001.production", told({"val_acc": LIBRI}), "failed@end data quality issues"),
    ("001.production", NOTHING, "unknown@end"),
    ("001.H1-level", ami(80), "passed"),
    ("001.H1-level", ami(76), "warn"),
    ("001.H1-level", ami(61.5), "failed"),
    ("001.H1-level", both({"val_acc": LIBRI}, {}), "unknown"),
    ("001.H1-gain", ami(82), "passed"),
    ("001.H1-gain", ami(66.5), "failed"),
    ("001.H1-gain", ami(76.98), "warn"),
    ("001.H1-gain", both({}, {"val_acc": AMI}), "unknown"),
    ("001.H2-stable", both({"val_acc": LIBRI}, {"val_acc": AMI}), "passed"),
    ("001.H2-stable", both({}, {"val_acc": {1: 50, 9: 78, 10: 70}}), "failed"),
    ("001.H2-stable", both({}, {"val_acc": [50, 60, 70]}), "unknown"),
    ("001.H3-learns", both({}, {"train_acc": {1: 48, 10: 71}}), "passed"),
    ("001.H3-learns", both({}, {"train_acc": {1: 48, 10: 50.5}}), "failed"),
    ("001.H3-learns", both({"train_acc": {1: 48, 10: 48}}, {}), "unknown"),
    ("001.compare-10", both({"val_acc": {1: 53.8, 10: 52.5}}, {"val_acc": AMI}), "passed"),
    ("001.compare-10", both({"val_acc": {1: 53.8, 10: 61.5}}, {"val_acc": {1: 50, 10: 50}}), "failed"),
    ("001.compare-10", both({"val_acc": {1: 53.8, 10: 61.5}}, {"val_acc": {1: 50, 10: 63}}), "warn"),
    ("001.compare-10", both({"val_acc": LIBRI}, {"val_acc": AMI}), "unknown"),
    ("001.first5", told({"val_acc": LIBRI}, answers={5: True}), "warn@5 passed@5"),
    ("001.first5", told({"val_acc": LIBRI}, answers={0: False}), "warn@5 unknown@end failed@end"),
    ("001.first5", told({"val_acc": LIBRI[:4]}), "unknown@end"),
    ("001.let-run", told({"val_acc": {1: 53.8, 30: 52.5}}), "passed@end"),
    ("001.let-run", told({"val_acc": {1: 53.8, 7: 52.5}}), "failed@end"),
    ("001.let-run", died({"val_acc": {1: 53.8, 7: 52.5}}), "unknown@end"),
    ("001.ami-pace", told(hours(5, 10, 15)), "ok@5"),
    ("001.ami-pace", told(hours(5, 6, 15)), "ok@5 tripped@6 ok@15"),
    ("001.ami-pace", told({"train_loss": [0.6]}), "unknown@end"),
    ("001.ram", told({"@host_mem_gb": [9, 11, 9]}), "ok@1 warn@2 ok@3"),
    ("001.ram", told({"@host_mem_gb": [9, 13, 13, 13, 9, 9, 9]}), "ok@1 warn@2 tripped@4 ok@7"),
    ("001.ram", NOTHING, "unknown@end"),
    ("001.outcome", told({"val_acc": [50, 82]}), "passed@end best case: architecture is sound"),
    ("001.outcome", told({"val_acc": [50, 77]}), "passed@end realistic: minor tuning"),
    ("001.outcome", told({"val_acc": [50, 70]}), "failed@end between realistic and worst"),
    ("001.outcome", told({"val_acc": LIBRI}), "failed@end worst case: revisit model design"),
    ("001.outcome", NOTHING, "unknown@end"),
]

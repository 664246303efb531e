"""What a metric is to the default watch, by its name: a training loss, one of its parts, an accuracy, …"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache


class Role(Enum):
    """What a metric is watched for."""

    LOSS = "loss"
    """The training loss as a whole: what should fall, and be a number."""
    PART = "part"
    """A summand of it that should fall: `train/box_loss`."""
    ASIDE = "aside"
    """A loss that may well rise: of a policy, a critic, a discriminator, a divergence."""
    VAL = "val"
    """A loss on data that is not trained on, as a whole."""
    SCORE = "score"
    """A share of right answers, on whatever data."""
    GRAD = "grad"
    RATE = "rate"
    REWARD = "reward"
    SUM = "sum"
    """What the parts add up to, where no metric says it."""
    NONE = "none"


_SPLIT = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_HELD_OUT = frozenset(
    {
        "val", "valid", "validation", "validating", "test", "testing", "eval", "evaluation", "dev", "cv",
        "holdout", "heldout",
    }
)  # fmt: skip
_TRAINING = frozenset({"train", "training", "tr", "trn", "fit"})
_LOSS = frozenset(
    {
        "loss", "losses", "nll", "objective", "cost", "trl", "tel", "bpb", "bpc", "xent", "crossentropy", "trainloss",
        "trloss",
        "valloss", "vloss", "tloss",
    }
)  # fmt: skip
_FILLING = _TRAINING | _HELD_OUT | _LOSS | frozenset(
    {
        "epoch", "step", "iter", "batch", "total", "all", "sum", "avg", "average", "mean", "running", "global",
        "smooth", "smoothed", "ema", "per", "token", "the", "current", "cur", "interim", "metric", "metrics",
        "stats", "scalars", "log", "logs", "main", "final", "overall", "lm", "model", "trainer", "language",
    }
)  # fmt: skip
_MAY_RISE = frozenset(
    {
        "g", "d", "gen", "disc", "generator", "discriminator", "adv", "adversarial", "gan", "fake", "real",
        "policy", "actor", "critic", "value", "vf", "v", "pi", "pg", "q", "qf", "q1", "q2", "qf1", "qf2", "td",
        "entropy", "ent", "kl", "kld", "alpha", "temp", "temperature", "reg", "regularization", "penalty",
        "commit", "commitment", "codebook", "surrogate", "rl", "ppo", "clip", "balance", "balancing", "router",
        "aux", "auxiliary", "moe", "z", "before", "after",
    }
)  # fmt: skip
_NO_CURVE = frozenset(
    {
        "best", "lowest", "highest", "std", "var", "variance", "stddev", "min", "max", "median", "scale",
        "scaler", "weight", "weights", "coef", "coeff", "ratio", "delta", "change", "improvement", "diff",
        "threshold", "target", "smoothing", "lrfind", "finder", "find", "range", "range_test", "patience",
        "count", "num",
    }
)  # fmt: skip
_SCORES = frozenset({"acc", "accuracy", "accu", "macc", "top1", "acc1", "oa"})
_REWARDS = frozenset(
    {
        "reward", "rewards", "rew", "return", "returns", "episode", "rollout", "advantage", "advantages",
    }
)  # fmt: skip
_RATES = frozenset({"lr", "lrs", "rate", "lr0", "lr1", "lr2", "lrm"})


@lru_cache(maxsize=4096)
def role_of(name: str) -> Role:
    """`train/loss` → LOSS, `Train Loss` too; `val_loss` → VAL; `box_loss` → PART; `lr` → RATE; `memory` → NONE."""
    words = [word.lower() for word in _SPLIT.split(name) if word]
    have = set(words)
    if {"cross", "entropy"} <= have:
        have = have - {"cross", "entropy"} | {"xent"}
    if {"grad", "gradient", "gnorm"} & have or words == ["norm"]:
        return Role.GRAD if "norm" in have or "gnorm" in have else Role.NONE
    if have & _REWARDS:
        return Role.REWARD
    if "auto" in have and "lr" in have:
        return Role.NONE  # an LR-range test, in which the loss is meant to explode
    held_out = bool(have & _HELD_OUT) or "tel" in have
    if have & _LOSS or (len(words) == 1 and have & (_TRAINING | _HELD_OUT)):
        return _loss(have, held_out=held_out)
    if have & _NO_CURVE:
        return Role.NONE
    if words and words[-1] in _RATES | {"rate"} and ("learning" in have or have & (_RATES - {"rate"})):
        return Role.RATE
    return Role.SCORE if have & _SCORES else Role.NONE


def _loss(have: set[str], *, held_out: bool) -> Role:
    if have & _NO_CURVE:
        return Role.NONE
    is_whole = have <= _FILLING
    if held_out:
        return Role.VAL if is_whole else Role.NONE
    if is_whole:
        return Role.LOSS
    return Role.ASIDE if have & _MAY_RISE else Role.PART

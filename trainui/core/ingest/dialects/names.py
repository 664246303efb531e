"""What the words around a number mean: names of metrics, phases, and what only looks like a metric."""

from __future__ import annotations

import re
from functools import lru_cache

PHASES = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val",
    "validating": "val", "test": "test", "testing": "test", "eval": "eval", "evaluation": "eval",
    "evaluating": "eval", "dev": "dev", "cv": "val",
}  # fmt: skip
"""A word for a part of training → the folder its metrics are kept in."""

# Words that make a line a report even where it does not say at which step it was made.
_MEASURES = frozenset(
    {
        "loss", "losses", "acc", "accuracy", "wer", "cer", "mae", "mse", "rmse", "mape", "f1", "auc",
        "auroc", "map", "map50", "precision", "recall", "ppl", "perplexity", "bleu", "rouge", "meteor",
        "chrf", "bpb", "bpc", "der", "jer", "eer", "iou", "miou", "dice", "psnr", "ssim", "fid",
        "error", "err", "reward", "return", "score", "kl", "elbo", "nll", "ce", "bce", "ctc", "r2",
        "mcc", "kappa", "spearman", "pearson", "cider", "mrr", "ndcg", "top1", "top5", "acc1", "acc5",
        "entropy", "specificity", "sensitivity", "auprc", "mase", "smape", "cost", "rew", "rewards", "returns",
        "accu", "lpips", "snr", "sisnr", "sdr", "misclass", "nelbo", "likelihood", "logloss", "l1", "l2", "nme",
        "objective", "ap", "macc", "oa", "fscore", "jaccard", "hits", "recon",
    }
)  # fmt: skip
# Words that make it a setting: `loss_weight: 0.5`, `target_loss: 0.3`.
_SETTINGS = frozenset(
    {
        "weight", "weights", "scale", "alpha", "beta", "gamma", "smoothing", "threshold", "target",
        "patience", "delta", "eps", "epsilon", "decay", "momentum", "dropout", "coef", "coeff",
        "coefficient", "lambda", "type", "name", "init", "size", "num",
        "limit", "every", "interval", "freq", "frequency", "path", "dir", "clip", "margin",
        "temperature", "seed", "version", "thr", "thresh", "thresholds", "ratio", "reg",
        "tolerance", "tol", "config", "factor", "warmup",
    }
)  # fmt: skip
_KINDS = frozenset({"fn", "func", "function"})  # `loss function`, but `value function loss`
_ENDINGS = ("loss", "accuracy", "acc", "error", "reward", "score", "perplexity")
_CONFIGURED = frozenset(
    {
        "batch_size", "bs", "hidden_size", "hidden_dim", "embed_dim", "num_layers", "n_layers", "num_heads", "n_head",
        "num_workers", "workers", "seed", "random_seed", "dropout", "weight_decay", "wd", "momentum", "num_epochs",
        "epochs", "max_epochs", "max_steps", "warmup_steps", "warmup", "patience", "image_size", "img_size",
        "input_size", "seq_len", "sequence_length", "max_length", "max_len", "vocab_size", "num_classes", "gpus",
        "num_gpus", "world_size", "lr_decay", "gamma", "beta", "alpha", "step_size", "optimizer", "num_samples",
    }
)  # fmt: skip
# Words of sentences: `saved 3`, `improved from 0.5`, `took 45.2s`.
_PROSE = frozenset(
    {
        "took", "in", "at", "of", "for", "after", "before", "saved", "saving", "save", "to", "from",
        "with", "is", "are", "was", "were", "on", "by", "improved", "reached", "using", "used",
        "loaded", "loading", "load", "has", "have", "will", "be", "than", "below", "above", "and", "or",
        "until", "since", "found", "got", "seed", "rank", "version", "line", "file", "port", "pid",
        "python", "cuda", "gpu", "the", "a", "an", "commit", "hash", "sha", "best_epoch", "eta",
        "over", "became", "becomes", "turned", "went", "detected", "dropped", "increased",
        "decreased", "reduced", "reducing", "exceeded", "stopped", "stopping", "not", "no", "still",
    }
)  # fmt: skip
# What counts or identifies and is never a curve.
_NEVER = frozenset(
    {
        "eta", "seed", "rank", "world_size", "pid", "port", "commit", "hash", "sha", "version", "id",
        "epoch", "epochs", "step", "steps", "iter", "iters", "iteration", "date", "line", "gpu",
        "device", "fold", "micro_step", "best_epoch", "best_step", "best_iteration", "last_epoch", "python", "cuda",
        "num_workers", "v_num",
    }
)  # fmt: skip

_NUMBERED = re.compile(r"(?!(?:e|ep|s|it|b|i|n|bs)\d)[a-z]{1,3}\d{1,2}|[1-4]d")  # `D1 acc`, but `E3 loss`
_RANKED = frozenset(
    {
        "top",
        "class",
        "fold",
        "stage",
        "head",
        "task",
        "level",
        "layer",
        "hits",
        "group",
        "index",
        "scale",
        "phase",
    }
)
_COUNTERS = frozenset(
    {
        "batch",
        "batch_idx",
        "batch_id",
        "episode",
        "episodes",
        "timestep",
        "timesteps",
        "sen",
        "sample",
        "samples",
    }
)

_LATEST = re.compile(r"(?:new (?=best)|current[ _](?=l(?:earning[ _])?r(?:ate)?$))", re.IGNORECASE)
_WORD = re.compile(r"[_/.\s\-@()+]+")
_SERIAL = re.compile(r"\d{4}")
_SLUG = re.compile(r"[^\w./@%#+\-]+")
_PATH = re.compile(r"\.(?:py|cc?|cpp|hpp?|json|txt|log|pt|pth|ckpt|csv|ya?ml)\b|://|^[./~]|/.*/.*/")


@lru_cache(maxsize=2048)
def metric_name(words: str, phase: str = "") -> str:
    """The name under which a printed value is kept, or "" when it is no metric.

    `Val WER` → `val/wer`; `train_loss` stays; `Loss` in a validation line → `val/loss`.
    """
    words = words.strip(" \t\"'*#:=-_<>[]().,").removesuffix(" is")
    words = _LATEST.sub("", words, count=1)
    if not words or len(words) > 60 or _PATH.search(words):
        return ""
    parts = words.lower().split()
    if _SERIAL.search(words) or any(map(_counts, ["", *parts], parts[:-1])):
        return ""  # `image_00012 loss`, `E3 S100 loss`: a name that counts would be another metric every time
    if words.lower() in _COUNTERS or parts[0] in _NEVER or "_".join(parts) in _NEVER:
        return ""
    if len(parts) > 1 and parts[0] in PHASES:
        folder, parts = PHASES[parts[0]] + "/", parts[1:]
    elif phase and not any(token in PHASES for token in _WORD.split(words.lower())):
        folder = phase + "/"
    else:
        folder = ""
    name = _SLUG.sub("_", " ".join(parts)).strip("_")
    return folder + name if name and (not name[0].isdigit() or name[1:3] == "d_") else ""


def _counts(before: str, part: str) -> bool:
    """Whether a word counts something that is another one every time, unlike `top 5` or `class 3`."""
    return (
        not (part.isdigit() and before in _RANKED)
        and any(map(str.isdigit, part))
        and "(" not in part
        and "@" not in part
        and not _NUMBERED.fullmatch(part)
        and part not in _MEASURES
        and part.rstrip("0123456789") not in _MEASURES
    )


@lru_cache(maxsize=2048)
def is_measure(words: str) -> bool:
    """Whether a name speaks of a result (`val loss`, `acc@1`), and not of a setting."""
    tokens = [token for token in _WORD.split(words.lower()) if token]
    if not tokens or tokens[-1] in _KINDS or not _SETTINGS.isdisjoint(tokens):
        return False
    return any(
        token in _MEASURES or token.rstrip("0123456789") in _MEASURES or token.endswith(_ENDINGS)
        for token in tokens
    )


@lru_cache(maxsize=2048)
def is_setting(words: str) -> bool:
    """Whether a name is one of those that configurations are made of."""
    return "_".join(_WORD.split(words.lower())) in _CONFIGURED


@lru_cache(maxsize=2048)
def is_phased(words: str) -> bool:
    """Whether a name says which part of training it belongs to."""
    return any(token in PHASES for token in _WORD.split(words.lower()))


@lru_cache(maxsize=2048)
def is_prose(words: str) -> bool:
    """Whether words before a number are part of a sentence, where only a space stands between the two."""
    parts = words.lower().split()
    return len(parts) > 5 or any(part.strip("'\":") in _PROSE for part in parts)

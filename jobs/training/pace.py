"""How fast a training goes, and what share that is of the fastest this machine could go.

The roofline of a step is the least time that it can take here: its multiplications at the rate of one large matrix
product, or the bytes it cannot do without at the rate of a copy, whichever takes longer. Both rates are measured, in
the precision of the training, so a device in no table has a roofline too, and a CPU that is shared has a lower one.
What has to be moved: each parameter for the way there and back, its gradient, and what the optimizer keeps of it.
Activations are left out, as a perfect kernel would.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode, sdpa_backward_flop_count, sdpa_flop_count

A_BATCH, A_STEP = 3, 7
"""Times that the bytes of a parameter are moved. Each batch reads it there and back and writes its gradient; each step
of Adam reads the gradient, and reads and writes the parameter and two averages."""
MEASURED_S = 0.05
"""How long a rate is measured."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rates:
    """What a device reaches at its best."""

    flops: float
    """Floating-point operations a second, of a large matrix product."""
    bytes: float
    """Bytes a second that a copy reads and writes, together."""


@functools.cache
def rates_of(device: torch.device, dtype: torch.dtype) -> Rates:
    """Measured once in each process."""
    is_gpu = device.type == "cuda"
    side, count = (8192, 2**27) if is_gpu else (512, 2**23)
    a, b = (torch.full((side, side), 0.5, device=device, dtype=dtype) for _ in range(2))
    out = torch.empty_like(a)
    source, target = (torch.zeros(count, device=device) for _ in range(2))
    return Rates(
        flops=2 * side**3 / _least(lambda: torch.mm(a, b, out=out), device),
        bytes=2 * source.nbytes / _least(lambda: target.copy_(source), device),
    )


def _least(work: Callable[[], object], device: torch.device) -> float:
    """Seconds of the fastest of some tries; the first, that loads kernels, does not count."""
    work()
    best, until = math.inf, time.perf_counter() + MEASURED_S
    while math.isinf(best) or time.perf_counter() < until:
        settle(device)
        began = time.perf_counter()
        work()
        settle(device)
        best = min(best, time.perf_counter() - began)
    return best


def settle(device: torch.device) -> None:
    """Wait until a GPU has done what it was given; a CPU has."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def flops_of(model: nn.Module, step: Callable[[], object]) -> float:
    """Floating-point operations of one batch there and back; the model and chance are left as they were."""
    kept = {name: value.clone() for name, value in model.named_buffers()}
    with (
        torch.random.fork_rng(),
        torch.compiler.set_stance("force_eager"),  # a compiled network shows the counter nothing
        FlopCounterMode(display=False, custom_mapping=_FORMULAS) as counter,
    ):
        step()
    for name, value in model.named_buffers():
        value.copy_(kept[name])
    model.zero_grad(set_to_none=True)
    return float(counter.get_total_flops())


class Pace:
    """The steps of a training, against the clock and against the roofline."""

    def __init__(self, model: nn.Module, autocast: functools.partial[torch.autocast]) -> None:
        self.model = model
        first = next(model.parameters())
        self.device = first.device
        self.dtype = torch.bfloat16 if autocast.keywords["enabled"] else first.dtype
        self.flops = math.nan
        """Of a batch."""
        self.bytes = sum(one.nbytes for one in model.parameters())
        self.batches = self.steps = 0
        """Done since it began; whoever does them counts them."""
        self.began = math.nan

    def begin(self, batch: Callable[[], object]) -> None:
        """The steps of an epoch begin. `batch`: one batch's loss and gradients, tried once to count what it takes."""
        if math.isnan(self.flops):
            self.flops = flops_of(self.model, batch)
            rates_of(self.device, self.dtype)
        self.batches = self.steps = 0
        settle(self.device)
        self.began = time.perf_counter()

    def figures(self, examples_per_batch: float) -> dict[str, float]:
        """Since it began: examples a second, and what share of the roofline that is, %; {} where nothing was done."""
        settle(self.device)
        spent = time.perf_counter() - self.began
        if not self.batches:
            return {}
        rates = rates_of(self.device, self.dtype)
        least = max(
            self.batches * self.flops / rates.flops,
            (A_BATCH * self.batches + A_STEP * self.steps) * self.bytes / rates.bytes,
        )
        return {
            "speed/examples": self.batches * examples_per_batch / spent,
            "speed/roofline": 100 * least / spent,
        }


def said(figures: Mapping[str, float]) -> str:
    """The end of a line for people."""
    if not figures:
        return ""
    return (
        f" | {figures['speed/examples']:,.0f} examples/s, {figures['speed/roofline']:.0f} % of the roofline"
    )


def _cells(times: int, frames: Sequence[int], matrices: Iterable[Sequence[int]]) -> int:
    """A recurrent layer: each of its matrices once for every frame."""
    return times * sum(2 * math.prod(frames[:-1]) * math.prod(one) for one in matrices if len(one) == 2)


_ATEN = torch.ops.aten
_FORMULAS: Mapping[Any, Callable[..., int]] = {
    _ATEN._cudnn_rnn: lambda x, weights, *_, **__: _cells(1, x, weights),
    _ATEN._cudnn_rnn_backward: lambda x, weights, *_, **__: _cells(2, x, weights),
    _ATEN.mkldnn_rnn_layer: lambda x, inward, again, *_, **__: _cells(1, x, (inward, again)),
    _ATEN.mkldnn_rnn_layer_backward: lambda x, inward, again, *_, **__: _cells(2, x, (inward, again)),
    _ATEN._scaled_dot_product_flash_attention_for_cpu: lambda q, k, v, *_, **__: sdpa_flop_count(q, k, v),
    _ATEN._scaled_dot_product_flash_attention_for_cpu_backward: lambda out, q, k, v, *_, **__: (
        sdpa_backward_flop_count(out, q, k, v)
    ),
}
"""What PyTorch's own counter passes over: shapes of the arguments → operations."""

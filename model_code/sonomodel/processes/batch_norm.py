"""Batch normalisation over the whole batch when several processes have a part of it each.

With statistics of its own part alone, each process would train another network than one process
with the whole batch does. torch's SyncBatchNorm is for GPUs alone; this one is for the processors.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed
from torch import Tensor, nn
from torch.nn import functional


class SynchronisedBatchNorm(nn.BatchNorm2d):
    """As `nn.BatchNorm2d`, of the same names in a state; in training, all processes of the group
    must come here together."""

    def forward(self, images: Tensor) -> Tensor:
        """[batch, channels, height, width]; the batch may differ in length between processes."""
        if not self.training:
            return super().forward(images)
        mean, variance, count = _statistics(images.detach())
        self._follow(mean, variance * (count / max(count - 1, 1)))
        normalised: Tensor = _Normalise.apply(  # type: ignore[no-untyped-call]
            images, self.weight, self.bias, mean, variance, count, self.eps
        )
        return normalised

    def _follow(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None or self.momentum is None:
            raise ValueError("only layers with running statistics and a momentum are synchronised")
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked += 1


def synchronise(network: nn.Module) -> None:
    """Makes every batch normalisation in the network synchronised; parameters and names stay."""
    for name, layer in network.named_children():
        if type(layer) is nn.BatchNorm2d:
            other = SynchronisedBatchNorm(
                layer.num_features, layer.eps, layer.momentum, device="meta"
            )
            other._parameters, other._buffers = layer._parameters, layer._buffers
            setattr(network, name, other.train(layer.training))
        else:
            synchronise(layer)


def _statistics(images: Tensor) -> tuple[Tensor, Tensor, float]:
    """Mean and biased variance of each channel over all processes, and the number of values."""
    own = images.numel() / images.shape[1]
    unused = torch.zeros(2, images.shape[1])  # says that the moments are to be float32
    mean, variance = torch.batch_norm_update_stats(images, unused[0], unused[1], 0.0)
    facts = torch.cat([mean, variance, torch.tensor([own])])
    gathered = [torch.empty_like(facts) for _ in range(torch.distributed.get_world_size())]
    torch.distributed.all_gather(gathered, facts)
    means, variances, counts = torch.split(torch.stack(gathered), [len(mean), len(mean), 1], dim=1)
    # Of the parts' own moments, not of sums of squares: those cancel out (Chan et al., 1983).
    shares = counts / counts.sum()
    whole = (shares * means).sum(dim=0)
    spread = (shares * (variances + (means - whole).square())).sum(dim=0)
    return whole, spread, float(counts.sum())


class _Normalise(torch.autograd.Function):
    """Normalises by statistics that depend on every process's images, and so do the gradients."""

    @staticmethod
    def forward(
        context: Any,
        images: Tensor,
        weight: Tensor,
        bias: Tensor,
        mean: Tensor,
        variance: Tensor,
        count: float,
        epsilon: float,
    ) -> Tensor:
        context.save_for_backward(images, weight, mean, variance)
        context.count, context.epsilon = count, epsilon
        return functional.batch_norm(images, mean, variance, weight, bias, False, 0.0, epsilon)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        images, weight, mean, variance = context.saved_tensors
        # As if the statistics were constants; the gradients of weight and bias are the sums that
        # the statistics' own share needs, over all processes.
        direct, by_weight, by_bias = torch.ops.aten.native_batch_norm_backward(
            gradients[0],
            images,
            weight,
            mean,
            variance,
            None,
            None,
            False,
            context.epsilon,
            [True, True, True],
        )
        sums = torch.stack([by_weight.float(), by_bias.float()])
        torch.distributed.all_reduce(sums)
        scale = (variance + context.epsilon).rsqrt()
        slope = -weight * scale.square() * sums[0] / context.count
        offset = -weight * scale * sums[1] / context.count - slope * mean
        each = (1, -1, 1, 1)
        direct += (images * slope.reshape(each) + offset.reshape(each)).to(direct.dtype)
        return direct, by_weight, by_bias, None, None, None, None

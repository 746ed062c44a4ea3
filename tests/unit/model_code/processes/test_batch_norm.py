"""Parts of a batch beside torch's own layer, which has the whole batch.

Two real processes that train so are in test_peers; here threads stand for them.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
import torch
from torch import Tensor, nn

from sonomodel.processes.batch_norm import SynchronisedBatchNorm, synchronise

PARTS = [slice(0, 2), slice(2, 5), slice(5, 6)]  # the batch of six, unevenly
Result = TypeVar("Result")


class Group:
    """A process group whose processes are threads: what `torch.distributed` does for all of them,
    one after the other, in the order of their ranks."""

    def __init__(self, size: int) -> None:
        self.barrier = threading.Barrier(size, timeout=20)
        self.local = threading.local()
        self.shown: list[Tensor] = [torch.empty(0)] * size

    def run(self, work: Callable[[int], Result]) -> list[Result]:
        """What each process's work gives."""

        def process(rank: int) -> Result:
            self.local.rank = rank
            try:
                return work(rank)
            except BaseException:
                self.barrier.abort()
                raise

        with ThreadPoolExecutor(len(self.shown)) as threads:
            return list(threads.map(process, range(len(self.shown))))

    def get_world_size(self) -> int:
        return len(self.shown)

    def all_gather(self, gathered: list[Tensor], own: Tensor) -> None:
        for place, other in zip(gathered, self._exchange(own), strict=True):
            place.copy_(other)

    def all_reduce(self, own: Tensor) -> None:
        own.copy_(torch.stack(self._exchange(own)).sum(dim=0))

    def _exchange(self, own: Tensor) -> list[Tensor]:
        self.shown[self.local.rank] = own.clone()
        self.barrier.wait()
        all_of_them = list(self.shown)
        self.barrier.wait()
        return all_of_them


Gather = Callable[[int], Group]


@pytest.fixture
def gather(monkeypatch: pytest.MonkeyPatch) -> Gather:
    """Makes a group of so many processes the one that `torch.distributed` speaks for."""

    def gathered(size: int) -> Group:
        group = Group(size)
        for name in ("get_world_size", "all_gather", "all_reduce"):
            monkeypatch.setattr(torch.distributed, name, getattr(group, name))
        return group

    return gathered


def batch() -> Tensor:
    """[6, 3, 4, 5]; channels and images differ in mean and spread."""
    noise = torch.randn(6, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    spread = torch.tensor([1.0, 5.0, 0.2]).reshape(1, 3, 1, 1)
    return noise * spread + torch.arange(6.0).reshape(6, 1, 1, 1)


def whole() -> nn.BatchNorm2d:
    layer = nn.BatchNorm2d(3, eps=1e-3, momentum=0.3)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([0.5, 1.5, -2.0]))
        layer.bias.copy_(torch.tensor([0.1, -0.2, 0.3]))
    return layer


def slope(outputs: Tensor, part: slice) -> Tensor:
    """A loss that every value of the outputs weighs in otherwise."""
    factors = torch.linspace(-1, 2, 6 * 3 * 4 * 5).reshape(6, 3, 4, 5)
    return (factors[part] * outputs.square()).sum()


def synchronised() -> SynchronisedBatchNorm:
    network = nn.Sequential(whole())
    synchronise(network)
    layer = network[0]
    assert isinstance(layer, SynchronisedBatchNorm)
    return layer


def test_parts_are_normalised_and_taught_as_the_whole_batch(gather: Gather) -> None:
    images, layer = batch().requires_grad_(), whole()
    expected = layer(images)
    slope(expected, slice(0, 6)).backward()
    assert images.grad is not None
    assert layer.weight.grad is not None
    assert layer.bias.grad is not None

    def work(rank: int) -> tuple[Tensor, Tensor, SynchronisedBatchNorm]:
        torch.set_num_threads(1)
        own, mine = batch()[PARTS[rank]].requires_grad_(), synchronised()
        outputs = mine(own)
        slope(outputs, PARTS[rank]).backward()
        assert own.grad is not None
        return outputs.detach(), own.grad, mine

    outputs, gradients, layers = zip(*gather(len(PARTS)).run(work), strict=True)

    torch.testing.assert_close(torch.cat(outputs), expected.detach(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(torch.cat(gradients), images.grad, rtol=1e-3, atol=1e-4)
    # Each process has its part's; DistributedDataParallel takes their mean.
    by_weight, by_bias = (sum(getattr(one, n).grad for one in layers) for n in ("weight", "bias"))
    torch.testing.assert_close(by_weight, layer.weight.grad, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(by_bias, layer.bias.grad, rtol=1e-4, atol=1e-3)
    for mine in layers:
        for name, value in layer.named_buffers():
            torch.testing.assert_close(mine.get_buffer(name), value, rtol=1e-5, atol=1e-6)


def test_in_evaluation_nobody_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.distributed, "all_gather")

    torch.testing.assert_close(synchronised().eval()(batch()), whole().eval()(batch()))


def test_parameters_names_and_modes_stay() -> None:
    network = nn.Sequential(
        nn.Conv2d(1, 3, 3), whole(), nn.Sequential(whole().eval(), nn.BatchNorm1d(3))
    )
    before = copy.deepcopy(network)
    parameters = list(network.parameters())

    synchronise(network)

    assert [type(layer).__name__ for layer in network.modules()] == [
        *("Sequential", "Conv2d", "SynchronisedBatchNorm"),
        *("Sequential", "SynchronisedBatchNorm", "BatchNorm1d"),
    ]
    assert all(mine is known for mine, known in zip(network.parameters(), parameters, strict=True))
    state = network.state_dict()
    assert list(state) == list(before.state_dict())
    for name, value in before.state_dict().items():
        assert torch.equal(state[name], value), name
    assert [layer.training for layer in network.modules()] == [
        layer.training for layer in before.modules()
    ]
    for layer in (network[1], network[2][0]):  # type: ignore[index]
        assert (layer.eps, layer.momentum) == (1e-3, 0.3)


@pytest.mark.parametrize(
    "layer", [nn.BatchNorm2d(3, momentum=None), nn.BatchNorm2d(3, track_running_stats=False)]
)
def test_layers_that_keep_no_average_are_refused(layer: nn.BatchNorm2d, gather: Gather) -> None:
    network = nn.Sequential(layer)
    synchronise(network)

    with pytest.raises(ValueError, match="only layers with running statistics and a momentum"):
        gather(1).run(lambda rank: network(batch()))

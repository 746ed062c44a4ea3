from __future__ import annotations

import copy
import itertools
import os
import signal
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from sonomodel.errors import Interrupted
from sonomodel.images.preprocessing import Normalisation
from sonomodel.images.samples import ImageSet
from sonomodel.networks.resnet import ResNetConfig, build_resnet
from sonomodel.processes.compute import Compute
from sonomodel.training.checkpoint import CheckpointStore
from sonomodel.training.loop import Objective, Trainer
from sonomodel.training.losses import classification_loss
from sonomodel.training.memory_format import keep_heavy_layers_contiguous
from sonomodel.training.schedule import Schedule

SIDE, BATCH = 64, 16
CPU = Compute(torch.device("cpu"), bfloat16=False)


def placed() -> nn.Module:
    torch.manual_seed(0)
    return CPU.place(build_resnet(ResNetConfig("resnet18", 3)))


def convolutions(network: nn.Module) -> dict[str, nn.Conv2d]:
    return {n: m for n, m in network.named_modules() if isinstance(m, nn.Conv2d)}


def test_layers_with_more_weights_than_activations_are_contiguous_and_no_others() -> None:
    network = placed()

    changed = keep_heavy_layers_contiguous(network, torch.zeros(1, 1, SIDE, SIDE), BATCH)

    layers = convolutions(network)
    # 3 x 3 x 512 x 512 weights, 2 x 2 x 512 numbers in and out; 3 x 3 x 64 x 64, 16 x 16 x 64.
    heavy, light = "layer4.1.conv2", "layer1.0.conv1"
    assert heavy in changed
    assert light not in changed
    assert layers[heavy].weight.is_contiguous()
    assert layers[light].weight.is_contiguous(memory_format=torch.channels_last)
    assert not layers[light].weight.is_contiguous()


def test_more_images_leave_more_layers_as_they_are() -> None:
    image = torch.zeros(1, 1, SIDE, SIDE)

    few, many = (keep_heavy_layers_contiguous(placed(), image, count) for count in (4, 64))

    assert set(many) < set(few)


def test_what_is_learnt_is_the_same_but_for_rounding() -> None:
    plain = placed()
    arranged = copy.deepcopy(plain)
    keep_heavy_layers_contiguous(arranged, torch.zeros(1, 1, SIDE, SIDE), 4)
    images, labels = torch.rand(4, 1, SIDE, SIDE), torch.tensor([0, 1, 2, 0])

    losses = []
    for network in (plain, arranged):
        loss = classification_loss(network(images), labels)
        loss.backward()
        losses.append(loss.item())

    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    for (name, one), other in zip(plain.named_parameters(), arranged.parameters(), strict=True):
        assert one.grad is not None and other.grad is not None
        assert other.grad.stride() == other.stride(), name  # no copy before AdamW's step
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-3, atol=1e-5, msg=name)


def test_looking_at_a_network_leaves_it_as_it_was() -> None:
    network = placed()
    before = {name: value.clone() for name, value in network.state_dict().items()}

    keep_heavy_layers_contiguous(network, torch.ones(1, 1, SIDE, SIDE), BATCH)

    assert network.training
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name


def pictures() -> ImageSet:
    labels = torch.arange(12) % 2
    drawn = torch.randint(0, 255, (12, 1, 8, 8), generator=torch.Generator().manual_seed(0))
    return ImageSet([], drawn.to(torch.uint8), labels, masks=None)


def trainer(folder: Path) -> Trainer:
    torch.manual_seed(0)
    layers = (nn.Conv2d(1, 8, 3), nn.Conv2d(8, 16, 3), nn.Conv2d(16, 2, 4), nn.Flatten())
    objective = Objective(classification_loss, lambda outputs, images: {"score": 1.0}, "score")
    schedule = Schedule(epochs=3, batch_size=4, learning_rate=0.01, weight_decay=0.0, patience=5)
    store = CheckpointStore(folder, {})
    normalisation = Normalisation(0.4, 0.2)
    return Trainer(nn.Sequential(*layers), objective, normalisation, schedule, CPU, 3, store)


def other_order(moment: Tensor) -> Tensor:
    if moment.ndim != 4:
        return moment
    contiguous = torch.contiguous_format
    format_ = torch.channels_last if moment.is_contiguous() else contiguous
    return moment.contiguous(memory_format=format_)


def test_moments_saved_in_another_order_are_gone_on_from_all_the_same(tmp_path: Path) -> None:
    """AdamW's fused kernel would take them in their order in memory, and say nothing."""
    whole = trainer(tmp_path / "whole").fit(pictures(), pictures())
    stopped = trainer(tmp_path / "stopped")
    step, numbers = stopped._step, itertools.count(1)

    def stopping(train: ImageSet, picks: Tensor) -> float:
        if next(numbers) == 4:  # in the second epoch
            os.kill(os.getpid(), signal.SIGTERM)
        return step(train, picks)

    stopped._step = stopping  # type: ignore[method-assign]
    with pytest.raises(Interrupted):
        stopped.fit(pictures(), pictures())
    store = CheckpointStore(tmp_path / "stopped", {})
    state = store.load()
    assert state is not None
    moments = state["optimizer"]["state"]
    for parameter in moments.values():
        parameter |= {name: other_order(parameter[name]) for name in ("exp_avg", "exp_avg_sq")}
    store.save(state)

    history = trainer(tmp_path / "stopped").fit(pictures(), pictures())

    losses = [[epoch["validation_loss"] for epoch in one.epochs] for one in (history, whole)]
    assert losses[0][1:] == pytest.approx(losses[1][1:], rel=1e-6)

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from sonomodel.networks.encoder_unet import build_segmenter
from sonomodel.networks.unet import UNetConfig
from sonomodel.training.schedule import (
    Schedule,
    learning_rate_factor,
    learning_rate_schedule,
    parameter_groups,
)

HIGHEST = 0.4


def rates(steps: int) -> list[float]:
    """The learning rate of each step, and the one that would follow."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=HIGHEST)
    scheduler = learning_rate_schedule(optimizer, steps)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return [*found, optimizer.param_groups[0]["lr"]]


def test_learning_rate_rises_then_falls_to_nothing() -> None:
    factors = [learning_rate_factor(step, steps=100, warm_up=10) for step in range(101)]

    assert factors[:10] == sorted(factors[:10])
    assert factors[0] > 0
    assert max(factors) == factors[10] == 1
    assert factors[10:] == sorted(factors[10:], reverse=True)
    assert factors[100] == pytest.approx(0)


def test_a_single_step_is_a_schedule_too() -> None:
    assert 0 < learning_rate_factor(0, steps=1, warm_up=1) <= 1
    assert learning_rate_factor(1, steps=1, warm_up=1) >= 0


def test_rise_and_fall_by_hand() -> None:
    """26 steps: 8 % of them are two, and 24 are left for half a cosine."""
    found = rates(26)

    assert found[:3] == pytest.approx([HIGHEST / 3, 2 * HIGHEST / 3, HIGHEST])
    assert found[2 + 8] == pytest.approx(0.75 * HIGHEST)  # cos 60°: a third of the way
    assert found[2 + 12] == pytest.approx(0.5 * HIGHEST)
    assert found[2 + 18] == pytest.approx(0.5 * (1 - math.sqrt(0.5)) * HIGHEST)
    assert found[26] == pytest.approx(0)


@pytest.mark.parametrize("steps", [1, 2, 6])
def test_the_shortest_runs_warm_up_for_a_step(steps: int) -> None:
    found = rates(steps)

    assert found[0] == pytest.approx(HIGHEST / 2)
    assert found[1] == pytest.approx(HIGHEST)
    assert steps == 1 or found[-1] == pytest.approx(0)


def test_beyond_its_last_step_it_stays_at_nothing() -> None:
    assert learning_rate_factor(500, steps=100, warm_up=10) == pytest.approx(0)


def groups(encoder_rate: float) -> dict[str, float]:
    """The learning rate of each parameter of a small U-Net on a classifier, by name."""
    network = build_segmenter(UNetConfig(encoder="resnet18", presence=True))
    schedule = Schedule(1, 2, HIGHEST, 0.01, 3, encoder_rate=encoder_rate)
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    made = parameter_groups(network, schedule)
    assert made[0]["lr"] == HIGHEST  # the rate that is recorded
    assert sum(len(group["params"]) for group in made) == len(names)
    return {names[id(one)]: group["lr"] for group in made for one in group["params"]}


def test_the_encoder_learns_at_its_share_of_the_rate() -> None:
    found = groups(0.25)

    assert found["encoder.conv1.weight"] == 0.25 * HIGHEST
    assert found["encoder.fc.weight"] == found["classify.weight"] == HIGHEST


def test_without_a_share_all_learn_alike() -> None:
    assert set(groups(1.0).values()) == {HIGHEST}

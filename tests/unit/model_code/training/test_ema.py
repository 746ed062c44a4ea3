from __future__ import annotations

import pytest
import torch
from torch import nn

from sonomodel.training.ema import WeightAverage


def network(value: float) -> nn.Module:
    layers = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1))
    nn.init.constant_(layers[0].weight, value)
    return layers


def weight(average: WeightAverage) -> float:
    return float(average.network.state_dict()["0.weight"])


def test_average_follows_by_hand() -> None:
    average = WeightAverage(network(0.0), decay=0.999)

    average.update(network(1.0))  # decay 2/11
    assert weight(average) == pytest.approx(9 / 11)
    average.update(network(3.0))  # decay 3/12
    assert weight(average) == pytest.approx(9 / 11 + (3 - 9 / 11) * 9 / 12)


def test_decay_is_reached_in_the_long_run() -> None:
    average = WeightAverage(network(0.0), decay=0.9)
    average.steps = 10_000

    average.update(network(1.0))

    assert weight(average) == pytest.approx(0.1)


def test_without_decay_it_is_the_network_itself() -> None:
    average, trained = WeightAverage(network(0.3), decay=0.0), network(0.1)

    average.update(trained)

    assert weight(average) == float(trained.state_dict()["0.weight"])


def test_statistics_are_averaged_and_counters_copied() -> None:
    trained = network(1.0)
    average = WeightAverage(trained, decay=0.5)
    trained(torch.randn(8, 1))
    trained(torch.randn(8, 1))

    average.update(trained)

    state = average.network.state_dict()
    assert int(state["1.num_batches_tracked"]) == 2
    expected = 9 / 11 * trained.state_dict()["1.running_mean"]
    torch.testing.assert_close(state["1.running_mean"], expected)


def test_average_shares_nothing_with_the_network() -> None:
    trained = network(1.0)
    average = WeightAverage(trained, decay=0.9)

    nn.init.constant_(trained[0].weight, 5.0)  # type: ignore[index]

    assert weight(average) == 1.0
    assert not any(parameter.requires_grad for parameter in average.network.parameters())

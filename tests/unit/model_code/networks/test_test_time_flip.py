from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sonomodel.networks.test_time_flip import logits
from sonomodel.networks.unet import LesionLogits

IMAGE = torch.tensor([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]])  # [1, 1, 2, 3]
ACROSS = torch.tensor([1.0, 10.0, 100.0])  # tells left from right


class Classifier(nn.Module):
    """Two classes: the weighted sum of the upper row, and of the lower one."""

    def forward(self, images: Tensor) -> Tensor:
        return (images[:, 0] * ACROSS).sum(dim=2)


class Segmenter(nn.Module):
    def __init__(self, *, presence: bool) -> None:
        super().__init__()
        self.presence = presence

    def forward(self, images: Tensor) -> LesionLogits:
        mask = images * ACROSS
        return LesionLogits(mask, mask.sum(dim=(1, 2, 3)) if self.presence else None)


def test_a_classifiers_answers_are_averaged() -> None:
    answer = logits(Classifier(), IMAGE, flip=True)

    # 321 and 654; mirrored 123 and 456
    assert answer.tolist() == [[222.0, 555.0]]


def test_the_mask_of_the_mirror_image_is_mirrored_back() -> None:
    answer = logits(Segmenter(presence=True), IMAGE, flip=True)

    assert answer.mask.tolist() == [[[[50.5, 20.0, 151.5], [202.0, 50.0, 303.0]]]]
    assert answer.presence.tolist() == [777.0]


def test_without_presence_head_there_is_no_presence() -> None:
    assert logits(Segmenter(presence=False), IMAGE, flip=True).presence is None


@pytest.mark.parametrize("network", [Classifier(), Segmenter(presence=True)])
def test_unless_asked_for_the_answer_is_the_networks_own(network: nn.Module) -> None:
    answer: Any = logits(network, IMAGE, flip=False)

    for given, expected in zip(answer, network(IMAGE), strict=True):
        assert torch.equal(given, expected)

from __future__ import annotations

import pytest
import torch

from sonomodel.training.losses import LesionTargets
from sonomodel.training.mixup import Mixup


def mixed(seed: int = 0, alpha: float = 0.4) -> tuple[torch.Tensor, torch.Tensor]:
    labels = torch.arange(3).repeat(4)
    images = labels.float().reshape(-1, 1, 1, 1).expand(-1, 1, 4, 4)
    return Mixup(alpha, classes=3)(images, labels, torch.Generator().manual_seed(seed))


def test_images_and_classes_are_blended_in_one_proportion() -> None:
    images, shares = mixed()

    # Each picture is as bright as its class, so what is blended shows in the brightness.
    torch.testing.assert_close(images[:, 0, 0, 0], shares @ torch.arange(3.0))
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(12))
    assert ((shares > 0).sum(dim=1) == 2).any()


@pytest.mark.parametrize(("alpha", "extreme"), [(0.05, True), (0.95, False)])
def test_small_alpha_leaves_mostly_one_of_the_two(alpha: float, extreme: bool) -> None:
    largest = torch.stack([mixed(seed, alpha)[1].amax(dim=1).min() for seed in range(200)])

    assert (float((largest > 0.99).float().mean()) > 0.7) == extreme


def test_same_generator_same_blend() -> None:
    assert torch.equal(mixed(1)[0], mixed(1)[0])
    assert not torch.equal(mixed(1)[0], mixed(2)[0])


def test_masks_are_blended_as_their_images_are() -> None:
    images = torch.rand(6, 1, 4, 4)
    targets = LesionTargets(torch.arange(6) % 3, masks=images.clone())

    blended, (shares, masks) = Mixup(0.4, classes=3)(
        images, targets, torch.Generator().manual_seed(0)
    )

    assert not torch.equal(blended, images)
    torch.testing.assert_close(masks, blended)
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(6))

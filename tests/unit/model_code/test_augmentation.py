from __future__ import annotations

import torch

from augmentation import Augmentation

GEOMETRY_ONLY = Augmentation(gain=0, contrast=0, noise=0)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def blobs(count: int) -> torch.Tensor:
    """A bright rectangle left of the middle, in the upper half; [count, 1, 64, 64]."""
    images = torch.zeros(count, 1, 64, 64)
    images[:, :, 16:28, 12:30] = 1
    return images


def test_image_and_mask_move_together() -> None:
    masks = blobs(50)

    images, moved = GEOMETRY_ONLY(masks * 0.8, masks, generator())

    assert moved is not None
    assert torch.equal((images >= 0.4).float(), moved)
    assert not torch.equal(moved, masks)


def test_masks_stay_zero_or_one() -> None:
    _, moved = Augmentation()(blobs(20), blobs(20), generator())

    assert moved is not None
    assert moved.unique().tolist() == [0, 1]


def test_above_stays_above_and_left_is_sometimes_right() -> None:
    images, _ = GEOMETRY_ONLY(blobs(300), None, generator())

    rows, columns = images.sum(dim=(1, 3)), images.sum(dim=(1, 2))
    assert (rows[:, :32].sum(dim=1) > rows[:, 32:].sum(dim=1)).all()
    mirrored = (columns[:, 32:].sum(dim=1) > columns[:, :32].sum(dim=1)).float().mean()
    assert 0.4 < mirrored < 0.6


def test_height_and_width_are_scaled_alike() -> None:
    disc = (torch.cartesian_prod(torch.arange(96.0), torch.arange(96.0)) - 47.5).norm(dim=1)
    images = (disc < 20).float().reshape(1, 1, 96, 96).repeat(100, 1, 1, 1)

    moved, _ = GEOMETRY_ONLY(images, None, generator())

    height = (moved.amax(dim=(1, 3)) > 0.5).sum(dim=1)
    width = (moved.amax(dim=(1, 2)) > 0.5).sum(dim=1)
    assert (height - width).abs().max() <= 1
    assert height.unique().numel() > 5


def test_grey_values_change_but_stay_in_range_and_black_stays_black() -> None:
    images = blobs(30) * 0.7
    still = Augmentation(flip=0, rotation=0, scale=0, shift=0)

    changed, _ = still(images, None, generator())

    assert not torch.equal(changed, images)
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert changed[images == 0].max() < 1e-3


def test_same_seed_same_result() -> None:
    first, _ = Augmentation()(blobs(4), None, generator(1))
    second, _ = Augmentation()(blobs(4), None, generator(1))
    other, _ = Augmentation()(blobs(4), None, generator(2))

    assert torch.equal(first, second)
    assert not torch.equal(first, other)

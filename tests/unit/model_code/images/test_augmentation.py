from __future__ import annotations

import dataclasses

import pytest
import torch

from sonomodel.images.annotations import Annotations
from sonomodel.images.augmentation import GEOMETRY, STRENGTHS, Augmentation

RIGID = dataclasses.replace(GEOMETRY, elastic=0)
STILL = STRENGTHS["none"]
NO_MARKS = Annotations(0, 0)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def blobs(count: int) -> torch.Tensor:
    """A bright rectangle left of the middle, in the upper half; [count, 1, 64, 64]."""
    images = torch.zeros(count, 1, 64, 64)
    images[:, :, 16:28, 12:30] = 1
    return images


def test_image_and_mask_move_together() -> None:
    masks = blobs(50)

    images, moved = GEOMETRY(masks * 0.8, masks, generator())

    assert moved is not None
    assert torch.equal((images >= 0.4).float(), moved)
    assert not torch.equal(moved, masks)


def test_masks_stay_zero_or_one() -> None:
    _, moved = Augmentation()(blobs(20), blobs(20), generator())

    assert moved is not None
    assert moved.unique().tolist() == [0, 1]


def test_above_stays_above_and_left_is_sometimes_right() -> None:
    images, _ = GEOMETRY(blobs(300), None, generator())

    rows, columns = images.sum(dim=(1, 3)), images.sum(dim=(1, 2))
    assert (rows[:, :32].sum(dim=1) > rows[:, 32:].sum(dim=1)).all()
    mirrored = (columns[:, 32:].sum(dim=1) > columns[:, :32].sum(dim=1)).float().mean()
    assert 0.4 < mirrored < 0.6


def test_height_and_width_are_scaled_alike() -> None:
    disc = (torch.cartesian_prod(torch.arange(96.0), torch.arange(96.0)) - 47.5).norm(dim=1)
    images = (disc < 20).float().reshape(1, 1, 96, 96).repeat(100, 1, 1, 1)

    moved, _ = RIGID(images, None, generator())

    height = (moved.amax(dim=(1, 3)) > 0.5).sum(dim=1)
    width = (moved.amax(dim=(1, 2)) > 0.5).sum(dim=1)
    assert (height - width).abs().max() <= 1
    assert height.unique().numel() > 5


def test_grey_values_change_but_stay_in_range_and_black_stays_black() -> None:
    images = blobs(30) * 0.7
    still = Augmentation(flip=0, rotation=0, scale=0, shift=0, elastic=0, annotations=NO_MARKS)

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


def test_without_any_change_images_come_back() -> None:
    images = torch.rand(4, 1, 32, 32, generator=generator())

    changed, masks = STRENGTHS["none"](images, (images > 0.5).float(), generator())

    torch.testing.assert_close(changed, images, rtol=0, atol=1e-5)
    assert masks is not None
    assert torch.equal(masks, (images > 0.5).float())


def test_elastic_field_bends_straight_edges_a_little() -> None:
    elastic = dataclasses.replace(STILL, elastic=0.012)
    halves = torch.zeros(40, 1, 96, 96)
    halves[..., 48:92] = 1

    moved, mask = elastic(halves, halves, generator())

    edges = (
        (moved[..., :70] < 0.5).sum(dim=3).float()[:, 0, 4:-4]
    )  # of each row that left nothing outside
    assert (edges.amax(dim=1) - edges.amin(dim=1)).min() > 0
    assert (edges - 48).abs().max() <= 0.02 * 96 + 1
    assert (edges.diff(dim=1).abs() <= 1).all()  # no tears
    assert mask is not None
    assert torch.equal(mask, (moved >= 0.5).float())


def test_depth_gain_changes_rows_alike_and_smoothly() -> None:
    deep = dataclasses.replace(STILL, depth_gain=0.2)
    grey = torch.full((20, 1, 64, 64), 0.4)

    changed, _ = deep(grey, None, generator())

    rows = changed[:, 0]
    assert (rows - rows[..., :1]).abs().max() < 1e-6
    profile = rows[..., 0]
    assert (profile.amax(dim=1) / profile.amin(dim=1)).median() > 1.05
    assert profile.diff(dim=1).abs().max() < 0.01


def test_gamma_keeps_black_white_and_order() -> None:
    bent = dataclasses.replace(STILL, gamma=0.25)
    ramp = torch.linspace(0, 1, 64).expand(30, 1, 64, 64)

    changed, _ = bent(ramp, None, generator())

    assert (changed.diff(dim=3) >= -1e-6).all()
    torch.testing.assert_close(changed[..., -1], ramp[..., -1], rtol=0, atol=1e-4)
    middle = changed[:, 0, 0, 32]
    assert middle.min() < 0.47
    assert middle.max() > 0.54


def test_speckle_is_stronger_where_it_is_bright() -> None:
    speckled = dataclasses.replace(STILL, speckle=0.1)
    halves = torch.full((50, 1, 64, 64), 0.1)
    halves[..., 32:] = 0.6

    changed, _ = speckled(halves, None, generator())

    dark, bright = changed[..., 2:30].std(dim=(2, 3)), changed[..., 34:62].std(dim=(2, 3))
    torch.testing.assert_close(bright / dark, torch.full((50, 1), 6.0), rtol=0.2, atol=0)


@pytest.mark.parametrize("strength", sorted(STRENGTHS))
def test_every_strength_keeps_to_the_range(strength: str) -> None:
    images = torch.rand(30, 1, 48, 48, generator=generator(1))

    changed, masks = STRENGTHS[strength](images, (images > 0.9).float(), generator())

    assert changed.shape == images.shape
    assert changed.min() >= 0
    assert changed.max() <= 1 + 1e-6
    assert masks is not None


def test_marks_are_not_part_of_the_mask() -> None:
    marked = dataclasses.replace(STILL, annotations=Annotations(1.0, 1.0))
    masks = blobs(20)

    images, moved = marked(masks * 0.3, masks, generator())

    assert moved is not None
    assert torch.equal(moved, masks)
    assert (images > 0.5).flatten(1).any(dim=1).all()

from __future__ import annotations

import torch
from scipy import ndimage

from sonomodel.images.annotations import Annotations


def drawn(seed: int = 0, side: int = 128, **chances: float) -> torch.Tensor:
    images = torch.full((60, 1, side, side), 0.2)
    return Annotations(**{"calipers": 0.0, "text": 0.0} | chances)(
        images, torch.Generator().manual_seed(seed)
    )


def marked_shares(images: torch.Tensor) -> torch.Tensor:
    return (images > 0.5).float().mean(dim=(1, 2, 3))


def test_marks_are_bright_and_small() -> None:
    for kind in ("calipers", "text"):
        images = drawn(**{kind: 1.0})
        shares = marked_shares(images)

        assert images.unique().numel() > 10  # of different brightness
        assert images[images != 0.2].min() >= 0.7
        assert images.max() <= 1
        assert (shares > 0).float().mean() > 0.9, kind
        assert shares.max() < 0.05, kind


def test_probability_says_how_many_images_are_marked() -> None:
    shares = torch.stack([marked_shares(drawn(seed, text=0.3)) for seed in range(10)])

    assert 0.2 < float((shares > 0).float().mean()) < 0.4
    assert not marked_shares(drawn()).any()


def test_marks_lie_anywhere() -> None:
    seen = torch.stack([drawn(seed, calipers=1.0).amax(dim=0)[0] > 0.5 for seed in range(10)])

    quarters = seen.any(dim=0).reshape(4, 32, 4, 32).float().mean(dim=(1, 3))
    assert quarters.min() > 0.1


def test_text_is_a_line() -> None:
    images = drawn(text=1.0)[:, 0] > 0.5

    height = images.any(dim=2).sum(dim=1).float()
    width = images.any(dim=1).sum(dim=1).float()
    assert height.max() <= 0.08 * 128
    assert width.median() > 2 * height.median()


def test_calipers_are_two_crosses_with_dots_between() -> None:
    images = drawn(calipers=1.0, side=256)[:, 0] > 0.5

    parts = [ndimage.label(image.numpy())[1] for image in images]
    assert sorted(parts)[len(parts) // 2] >= 4


def test_given_images_are_left_as_they_are() -> None:
    images = torch.full((20, 1, 64, 64), 0.2)

    Annotations(1.0, 1.0)(images, torch.Generator().manual_seed(0))

    assert (images == 0.2).all()

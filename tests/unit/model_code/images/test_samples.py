from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sonomodel.errors import ChannelError
from sonomodel.images.samples import (
    balanced_batches,
    count_batches,
    load_images,
    load_pairs,
    read_channel,
)

CLASSES = ["benign", "malignant", "normal"]


def put(path: Path, pixels: np.ndarray | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((20, 30), 90, np.uint8) if pixels is None else pixels).save(path)


def test_samples_are_sorted_and_carry_their_class(tmp_path: Path) -> None:
    for name in ("normal/c", "benign/b", "benign/a"):
        put(tmp_path / "images" / f"{name}.png")
    put(tmp_path / "masks/benign/a.png")

    samples = read_channel(tmp_path, CLASSES)

    assert [(sample.label, sample.id) for sample in samples] == [
        ("benign", "a"),
        ("benign", "b"),
        ("normal", "c"),
    ]
    assert [sample.mask is not None for sample in samples] == [True, False, False]


def test_labels_are_places_in_the_list_of_classes(channels: Path) -> None:
    images = load_images(channels / "test", ["normal", "benign", "malignant"], side=32)

    assert images.labels.tolist() == [1, 2, 0]
    assert images.masks is None
    assert images.targets(torch.tensor([2])).tolist() == [0]


def test_classifier_gets_the_lesions_where_the_channel_has_any(
    channels: Path, tmp_path: Path
) -> None:
    both = load_images(channels / "test", CLASSES, side=32, lesions=True)
    plain = load_images(channels / "test", CLASSES, side=32)
    shutil.copytree(channels / "test/images", tmp_path / "images")
    unmasked = load_images(tmp_path, CLASSES, side=32, lesions=True)

    assert both.lesions is not None
    assert (both.lesions.flatten(1).sum(dim=1) > 0).tolist() == [True, True, False]
    assert both.targets(torch.tensor([2])).tolist() == [2]
    assert both.digest() != plain.digest()
    assert unmasked.lesions is None
    assert unmasked.digest() == plain.digest()


def test_image_without_mask_file_has_an_empty_mask(channels: Path) -> None:
    pairs = load_pairs(channels / "test", CLASSES, side=32)

    assert pairs.masks is not None
    assert pairs.images.shape == pairs.masks.shape == (3, 1, 32, 32)
    lesion_pixels = pairs.masks.flatten(1).sum(dim=1)
    assert (lesion_pixels > 0).tolist() == [True, True, False]
    assert pairs.targets(torch.arange(3)).unique().tolist() == [0, 1]


def test_a_lesion_that_no_mask_shows_is_never_taken_for_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tumour without a mask, and one whose mask is black, beside one that is marked."""
    marked = np.zeros((20, 30), np.uint8)
    marked[5:15, 5:15] = 255
    for name in ("benign/marked", "benign/none", "malignant/black", "normal/none"):
        put(tmp_path / f"images/{name}.png")
    put(tmp_path / "masks/benign/marked.png", marked)
    put(tmp_path / "masks/malignant/black.png", np.zeros((20, 30), np.uint8))

    pairs = load_pairs(tmp_path, CLASSES, side=32)
    images = load_images(tmp_path, CLASSES, side=32, lesions=True)

    assert [sample.id for sample in pairs.samples] == ["marked", "none"]
    assert pairs.labels.tolist() == [0, 2]
    assert "left out: 2 images of lesions that no mask shows" in capsys.readouterr().out
    assert len(images) == 4  # they do teach the class
    assert images.known is not None
    assert images.known.tolist() == [True, False, False, True]


def test_normalisation_describes_the_pixels(tmp_path: Path) -> None:
    put(tmp_path / "images/benign/a.png", np.full((8, 8), 51, np.uint8))
    put(tmp_path / "images/normal/b.png", np.full((8, 8), 153, np.uint8))

    normalisation = load_images(tmp_path, CLASSES, side=8).normalisation()

    assert normalisation.mean == pytest.approx(0.4)
    assert normalisation.std == pytest.approx(0.2, rel=0.01)


def test_empty_channel_is_named(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match=r"no image found.*images"):
        read_channel(tmp_path, CLASSES)


def test_unknown_class_is_named(tmp_path: Path) -> None:
    put(tmp_path / "images/cyst/a.png")

    with pytest.raises(ChannelError, match="'cyst'"):
        read_channel(tmp_path, CLASSES)


def test_mask_of_another_size_is_named(tmp_path: Path) -> None:
    put(tmp_path / "images/benign/a.png")
    put(tmp_path / "masks/benign/a.png", np.zeros((9, 9), np.uint8))

    with pytest.raises(ChannelError, match=r"a\.png has 9 x 9 pixels, its image 30 x 20"):
        load_pairs(tmp_path, CLASSES, side=32)


def test_unreadable_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "images/benign").mkdir(parents=True)
    (tmp_path / "images/benign/a.png").write_bytes(b"nothing")

    with pytest.raises(ChannelError, match=r"a\.png cannot be read"):
        load_images(tmp_path, CLASSES, side=32)


def drawn(labels: torch.Tensor, batch_size: int, seed: int = 0) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return list(balanced_batches(labels, batch_size, generator))


def test_every_class_is_drawn_equally_often() -> None:
    labels = torch.tensor([0] * 60 + [1] * 25 + [2] * 5)

    picks = torch.cat(drawn(labels, 16))

    assert torch.bincount(labels[picks]).tolist() == [30, 30, 30]


def test_a_class_repeats_only_after_all_its_images() -> None:
    labels = torch.tensor([0] * 60 + [1] * 25 + [2] * 5)

    picks = torch.cat(drawn(labels, 16))

    times = torch.bincount(picks, minlength=90)
    assert times[:60].max() == 1
    assert set(times[60:85].tolist()) == {1, 2}
    assert set(times[85:].tolist()) == {6}


def test_equal_classes_are_each_drawn_once() -> None:
    labels = torch.arange(3).repeat(8)

    assert sorted(torch.cat(drawn(labels, 5)).tolist()) == list(range(24))


@pytest.mark.parametrize("batch_size", [1, 2, 7, 16, 100])
@pytest.mark.parametrize("counts", [(17, 4, 4), (1, 1, 1), (3,), (8, 9)])
def test_no_batch_holds_a_single_image(batch_size: int, counts: tuple[int, ...]) -> None:
    labels = torch.cat([torch.full((count,), label) for label, count in enumerate(counts)])

    batches = drawn(labels, batch_size)

    assert min(len(batch) for batch in batches) >= 2
    assert max(len(batch) for batch in batches) <= max(batch_size, 3)
    assert len(batches) == count_batches(labels, batch_size)


def test_order_depends_on_the_seed_alone() -> None:
    labels = torch.arange(3).repeat(8)

    assert torch.equal(torch.cat(drawn(labels, 5, 1)), torch.cat(drawn(labels, 5, 1)))
    assert not torch.equal(torch.cat(drawn(labels, 5, 1)), torch.cat(drawn(labels, 5, 2)))

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from local.demo import phantoms
from local.demo.phantoms import FOLDER, KINDS, Phantom, draw_phantom, write_channels, write_phantoms
from sonomodel.images.samples import read_channel


@pytest.fixture(scope="module")
def drawn() -> dict[str, list[Phantom]]:
    return {kind: [draw_phantom(kind, number) for number in range(1, 31)] for kind in KINDS}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("phantoms") / "phantoms.zip"
    write_phantoms(path, images_per_class=12, seed=4, size=(60, 90))
    return path


def picture(archive: Path, name: str) -> Image.Image:
    with zipfile.ZipFile(archive) as opened:
        return Image.open(io.BytesIO(opened.read(f"{FOLDER}/{name}")))


def test_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    digests = []
    for name, seed in (("a", 4), ("b", 4), ("c", 5)):
        write_phantoms(tmp_path / name, images_per_class=3, seed=seed, size=(60, 90))
        digests.append(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())

    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


def test_a_phantom_does_not_depend_on_how_many_are_drawn(archive: Path, tmp_path: Path) -> None:
    write_phantoms(tmp_path / "few.zip", images_per_class=2, seed=4, size=(60, 90))

    with zipfile.ZipFile(archive) as many, zipfile.ZipFile(tmp_path / "few.zip") as few:
        assert all(few.read(name) == many.read(name) for name in few.namelist())


def test_layout_is_that_of_busi(archive: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()

    for kind in KINDS:
        for number in range(1, 13):
            stem = f"{FOLDER}/{kind}/{kind} ({number})"
            assert f"{stem}.png" in names
            assert f"{stem}_mask.png" in names
    assert all("_mask_1" in name for name in names if not name.endswith(("ask.png", ").png")))


def test_masks_lie_over_their_images_and_those_of_normal_images_are_black(archive: Path) -> None:
    for kind in KINDS:
        image = picture(archive, f"{kind}/{kind} (1).png")
        mask = picture(archive, f"{kind}/{kind} (1)_mask.png")
        assert image.size == mask.size
        assert bool(np.asarray(mask).any()) == (kind != "normal")


def test_sizes_and_modes_vary(archive: Path) -> None:
    pictures = [picture(archive, f"{k}/{k} ({n}).png") for k in KINDS for n in range(1, 13)]

    assert {image.mode for image in pictures} == {"L", "RGB"}
    assert len({image.size for image in pictures}) > 20
    assert all(60 <= image.width <= 90 for image in pictures)


def test_some_images_hold_two_lesions(drawn: dict[str, list[Phantom]]) -> None:
    for kind, expected in (("benign", {1, 2}), ("malignant", {1, 2}), ("normal", {0})):
        assert {len(phantom.masks) for phantom in drawn[kind]} == expected


def extent(mask: np.ndarray) -> tuple[int, int]:
    """Height and width of the marked pixels."""
    return int(mask.any(axis=1).sum()), int(mask.any(axis=0).sum())


def test_benign_lesions_are_wide_and_malignant_ones_tall(drawn: dict[str, list[Phantom]]) -> None:
    def proportion(kind: str) -> float:
        extents = [extent(mask) for phantom in drawn[kind] for mask in phantom.masks]
        return float(np.median([height / width for height, width in extents]))

    assert proportion("benign") < 0.85
    assert proportion("malignant") > 1.05


def test_malignant_outlines_are_rougher(drawn: dict[str, list[Phantom]]) -> None:
    def roughness(mask: np.ndarray) -> float:
        """Length of the outline against that of a circle of the same area."""
        edges = np.count_nonzero(mask[1:] ^ mask[:-1]) + np.count_nonzero(
            mask[:, 1:] ^ mask[:, :-1]
        )
        return float(edges / np.sqrt(mask.sum()))

    found = {
        kind: np.median([roughness(mask) for phantom in drawn[kind] for mask in phantom.masks])
        for kind in ("benign", "malignant")
    }
    assert found["malignant"] > 1.15 * found["benign"]


def behind(phantom: Phantom) -> float:
    """Brightness just below the lesion, less that at the same depth beside it."""
    rows, columns = np.nonzero(phantom.masks[0])
    bottom, height = rows.max() + 3, max(8, np.ptp(rows) // 3)
    band = phantom.image[bottom : bottom + height].astype(float)
    middle, reach = int(columns.mean()), max(2, np.ptp(columns) // 4)
    beside = np.ones(band.shape[1], dtype=bool)
    beside[max(0, columns.min() - 5) : columns.max() + 5] = False
    return float(band[:, middle - reach : middle + reach].mean() - band[:, beside].mean())


def test_echo_is_enhanced_behind_benign_and_shadowed_behind_malignant_lesions(
    drawn: dict[str, list[Phantom]],
) -> None:
    single = {k: [p for p in drawn[k] if len(p.masks) == 1] for k in ("benign", "malignant")}

    assert np.median([behind(phantom) for phantom in single["benign"]]) > 5
    assert np.median([behind(phantom) for phantom in single["malignant"]]) < -20


def test_lesions_are_darker_than_the_tissue_around_them(drawn: dict[str, list[Phantom]]) -> None:
    for phantom in drawn["benign"] + drawn["malignant"]:
        rows = phantom.mask.any(axis=1)
        around = phantom.image[rows][~phantom.mask[rows]]
        assert phantom.image[phantom.mask].mean() < around[around > 0].mean()


def test_image_has_speckle_but_is_no_white_noise(drawn: dict[str, list[Phantom]]) -> None:
    for phantom in drawn["normal"]:
        tissue = phantom.image[phantom.image.shape[0] // 3 : -10].astype(float)
        across = np.diff(tissue, axis=1).std() / tissue.std()
        assert 0.2 < across < 1.2  # white noise: 1.41, a smooth picture: near 0


def test_images_get_darker_with_depth(drawn: dict[str, list[Phantom]]) -> None:
    for phantom in drawn["normal"]:
        height = phantom.image.shape[0]
        seen = phantom.image[:, phantom.image.shape[1] // 2 - 20 : phantom.image.shape[1] // 2 + 20]
        assert seen[: height // 2].mean() > seen[-height // 8 :].mean()


def test_channels_are_what_the_training_scripts_read(tmp_path: Path) -> None:
    write_channels(tmp_path, images_per_class=20, size=(40, 60))

    counts = {
        split: len(read_channel(tmp_path / split, list(KINDS)))
        for split in ("train", "validation", "test")
    }
    assert counts == {"train": 48, "validation": 6, "test": 6}
    ids = [path.relative_to(tmp_path / path.parts[-4]) for path in tmp_path.glob("*/images/*/*")]
    assert len(set(ids)) == len(ids)


def test_command_line_writes_the_archive(tmp_path: Path, archive: Path) -> None:
    target = tmp_path / "new/phantoms.zip"

    argv = ["--images-per-class", "12", "--seed", "4", "--size", "60", "90"]
    phantoms.main([str(target), *argv])

    assert target.read_bytes() == archive.read_bytes()


@pytest.mark.parametrize(
    "argv", [[], ["a.zip", "--images-per-class", "0"], ["a.zip", "--size", "90", "60"]]
)
def test_command_line_refuses_what_makes_no_sense(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        phantoms.main(argv)

    assert caught.value.code == 2

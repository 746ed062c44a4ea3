"""What is asked about is known, and was never trained on."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from operations.smoke import material
from operations.smoke.material import Material


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return material.make(tmp_path_factory.mktemp("smoke"))


def test_sixty_phantoms_are_trained_on(made: Material) -> None:
    with zipfile.ZipFile(made.archive) as archive:
        images = [name for name in archive.namelist() if "_mask" not in name]
        trained = {archive.read(name) for name in images}

    assert len(images) == 60
    for path, image in made.images.items():
        assert image.png not in trained, path


def test_every_class_is_asked_about_with_its_mask(made: Material) -> None:
    kinds = [image.kind for image in made.images.values()]
    assert sorted(kinds) == ["benign"] * 3 + ["malignant"] * 3 + ["normal"] * 3
    for image in made.images.values():
        with Image.open(io.BytesIO(image.png)) as opened:
            assert opened.size == image.mask.shape[::-1]
        assert image.mask.any() == (image.kind != "normal")


def test_the_rows_asked_about_are_unlabelled_and_not_trained_on(made: Material) -> None:
    asked = list(csv.reader(io.StringIO(made.rows.decode())))
    trained = list(csv.reader(io.StringIO(made.table.read_text())))

    assert [row[0] for row in asked] == list(made.labels)
    assert {len(row) for row in asked} == {31}
    assert {len(row) for row in trained} == {32}
    assert not set(made.labels) & {row[0] for row in trained}
    assert len(asked) + len(trained) == 569
    assert set(made.labels.values()) == {"B", "M"}


def test_the_material_is_the_same_each_time(made: Material, tmp_path: Path) -> None:
    again = material.make(tmp_path)

    assert again.archive.read_bytes() == made.archive.read_bytes()
    assert again.rows == made.rows

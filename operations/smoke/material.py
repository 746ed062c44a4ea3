"""What the smoke test trains on, and what it asks, of which it knows the answers."""

from __future__ import annotations

import csv
import dataclasses
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from local.demo.phantoms import KINDS, draw_phantom, write_phantoms
from local.demo.table import write_table

SEED = 11
TRAINED_PER_CLASS, ASKED_PER_CLASS = 20, 3
EVERY = 10  # of the table's rows one is not trained on


@dataclasses.dataclass(frozen=True)
class AskedImage:
    """A phantom that no model has seen."""

    kind: str
    png: bytes
    mask: NDArray[np.bool_]  # [height, width]


@dataclasses.dataclass(frozen=True)
class Material:
    archive: Path  # phantoms to train on
    table: Path  # rows to train on
    images: dict[str, AskedImage]  # by path below inbox/
    rows: bytes  # a table without labels, to be scored
    labels: dict[str, str]  # of those rows, by id, in their order


def make(folder: Path) -> Material:
    """Write the data sets into the folder."""
    archive = folder / "phantoms.zip"
    write_phantoms(archive, images_per_class=TRAINED_PER_CLASS, seed=SEED)
    table = folder / "wdbc.data"
    write_table(table)
    with table.open(newline="") as file:
        rows = list(csv.reader(file))
    asked = rows[::EVERY]
    table.write_text(_csv([row for number, row in enumerate(rows) if number % EVERY]))
    return Material(
        archive,
        table,
        {f"smoke/{image.kind}-{number}.png": image for number, image in _images()},
        _csv([[identity, *values] for identity, _, *values in asked]).encode(),
        {row[0]: row[1] for row in asked},
    )


def _images() -> list[tuple[int, AskedImage]]:
    asked = []
    for kind in KINDS:
        for number in range(TRAINED_PER_CLASS + 1, TRAINED_PER_CLASS + 1 + ASKED_PER_CLASS):
            phantom = draw_phantom(kind, number, SEED)
            body = io.BytesIO()
            Image.fromarray(phantom.image).save(body, "PNG")
            asked.append((number, AskedImage(kind, body.getvalue(), phantom.mask)))
    return asked


def _csv(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()

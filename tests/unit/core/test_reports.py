from __future__ import annotations

import base64
import io
from typing import Any

from PIL import Image

from sonoflow import reports
from sonoflow.keys import Dataset
from sonoflow.uploads import Upload
from tests.unit import pictures

DATASET = Dataset("busi", "0a1b2c3d4e5f")
UPLOAD = Upload("uploads", "datasets/<busi>.zip", "v", 10)


def entry(label: str, split: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": "0123456789abcdef",
        "class": label,
        "split": split,
        "width": 300,
        "height": 200,
        "mask": "masks/x.png",
        "masks": ["x_mask.png"],
        "lesion_pixels": 10,
        "flags": [],
    } | changes


ENTRIES = [
    entry("benign", "train", width=100),
    entry("benign", "test", masks=["x_mask.png", "x_mask_1.png"], flags=["identical-pixels"]),
    entry("normal", "train", width=500, lesion_pixels=0, mask=None, masks=[]),
]


def composed(**changes: Any) -> dict[str, Any]:
    arguments = {"entries": ENTRIES, "quarantine": [], "releases": []} | changes
    return reports.compose("busi-0a1b2c3d4e5f", DATASET, UPLOAD, **arguments)


def test_counts_are_by_class_and_split() -> None:
    report = composed()

    assert report["images"] == {"benign": 2, "normal": 1}
    assert report["splits"] == {
        "train": {"benign": 1, "normal": 1},
        "validation": {"benign": 0, "normal": 0},
        "test": {"benign": 1, "normal": 0},
    }
    assert report["width"] == {"minimum": 100, "median": 300, "maximum": 500}
    assert report["masks"] == {"with_lesion": 2, "of_several": 1}
    assert report["flags"] == {"identical-pixels": 1}


def test_the_page_shows_figures_and_a_dash_for_what_is_undefined() -> None:
    release = {
        "task": "segmentation",
        "model": "segmenter",
        "version": "v1",
        "endpoint_name": "sonoflow-segmenter",
        "model_package_arn": "arn",
        "metrics": {"lesion_dice": 0.81234, "normal_false_mask_rate": None},
    }
    evaluation = {"images": 12, "metrics": {}}

    page = reports.render(composed(releases=[(release, evaluation)]), [])

    assert "0.812" in page
    assert "<td>–</td>" in page
    assert "12 images of the test split" in page


def test_names_from_outside_are_text_and_never_markup() -> None:
    aside = {"source": "<script>x</script>.png", "reason": "truncated", "detail": "cut"}

    page = reports.render(composed(quarantine=[aside]), [])

    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "datasets/&lt;busi&gt;.zip" in page


def test_a_sample_is_a_small_picture_with_its_lesion_outlined() -> None:
    large = pictures.encode(pictures.scan(width=960, height=640))
    mask = Image.new("L", (960, 640), 0)
    mask.paste(255, (300, 200, 600, 400))

    sample = reports.sample(entry("benign", "test"), large, pictures.encode(mask))

    assert sample.caption == "0123456789abcdef · test"
    picture = Image.open(io.BytesIO(base64.b64decode(sample.uri.partition(",")[2])))
    assert picture.size == (320, 213)
    red, _, blue = picture.convert("RGB").getpixel((150, 66))  # type: ignore[misc]
    assert red > blue + 60, "on the upper edge of the lesion lies the amber line"


def test_samples_are_a_few_of_each_class() -> None:
    entries = [entry(label, "train") for label in ("normal", "benign") for _ in range(9)]

    chosen = [sample["class"] for sample in reports.choose(entries)]

    assert chosen == ["benign"] * 4 + ["normal"] * 4

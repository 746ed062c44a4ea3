from __future__ import annotations

import base64
import io

from PIL import Image

from sonoflow.reports.pictures import picture
from tests.unit import pictures
from tests.unit.core.reports.report_entries import entry


def decoded(uri: str) -> Image.Image:
    head, _, data = uri.partition(",")
    assert head == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")


def test_a_picture_is_small_with_its_lesion_outlined() -> None:
    large = pictures.encode(pictures.scan(width=960, height=640))
    mask = Image.new("L", (960, 640), 0)
    mask.paste(255, (320, 192, 640, 384))

    small = picture(entry("benign", "test"), large, pictures.encode(mask))

    shown = decoded(small.uri)
    assert shown.size == (small.width, small.height) == (300, 200)
    red, _, blue = shown.getpixel((150, 59))  # type: ignore[misc]
    assert red > blue + 180, "on the upper edge of the lesion lies the amber line"
    red, _, blue = shown.getpixel((150, 20))  # type: ignore[misc]
    assert abs(red - blue) < 30, "elsewhere the picture is grey"


def test_a_lesion_is_told_to_those_who_do_not_see_it() -> None:
    scan = pictures.encode(pictures.scan(width=300, height=200))
    mask = pictures.encode(Image.new("L", (300, 200), 0))

    with_lesion = picture(entry("benign", "test", lesion_pixels=6000), scan, mask)
    without = picture(entry("normal", "test"), scan, None)

    assert with_lesion.text == "Ultrasound image of class benign, the lesion outlined: 10.0% of it"
    assert without.text == "Ultrasound image of class normal, no lesion marked"


def test_a_small_image_is_not_blown_up() -> None:
    small = picture(entry("normal", "test"), pictures.png(), None)

    assert (small.width, small.height) == (pictures.WIDTH, pictures.HEIGHT)

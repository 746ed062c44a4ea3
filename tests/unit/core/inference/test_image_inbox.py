from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from sonoflow import settings
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from sonoflow.errors import ImageRejected
from sonoflow.images import pixels, png
from sonoflow.inference import examinations, image_inbox, invocations, outcomes
from tests.unit import fake_endpoints, pictures, stack
from tests.unit.core.images import mask_sets
from tests.unit.fake_endpoints import SEGMENTER, FakeEndpoints


def upload(key: str, data: bytes) -> Upload:
    answer = client("s3").put_object(Bucket=stack.UPLOADS, Key=key, Body=data)
    return Upload(stack.UPLOADS, key, answer["VersionId"], len(data), "0055AED6DCD90281E5")


def handled(item: Upload) -> str:
    return image_inbox.handle(item, stack.RESULTS, settings.read(settings.Predicting)).kind


def test_mask_and_overlay_have_the_images_size_and_show_the_lesions(
    endpoints: FakeEndpoints,
) -> None:
    endpoints.answers[SEGMENTER] = lambda body: fake_endpoints.segmentation(
        body, (10, 10, 30, 20), (50, 30, 60, 40)
    )

    assert handled(upload("inbox/a.png", pictures.png())) == outcomes.PREDICTED

    mask = Image.open(io.BytesIO(stack.read(stack.RESULTS, "masks/a.png.png")))
    overlay = Image.open(io.BytesIO(stack.read(stack.RESULTS, "overlays/a.png.png")))
    assert (mask.mode, mask.size) == ("L", (pictures.WIDTH, pictures.HEIGHT))
    assert sorted(np.unique(np.asarray(mask))) == [0, 255]
    assert (np.asarray(mask) == 255).sum() == 300
    assert (overlay.mode, overlay.size) == ("RGB", mask.size)
    prediction = stack.read_json(stack.RESULTS, "predictions/a.png.json")
    assert prediction["segmentation"] == {
        "mask_key": "masks/a.png.png",
        "overlay_key": "overlays/a.png.png",
        "lesion_pixels": 300,
        "lesion_fraction": round(300 / (pictures.WIDTH * pictures.HEIGHT), 6),
        "bounding_box": [10, 10, 60, 40],
        "components": 2,
    }


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_a_picture_of_fewer_bits_in_sixteen_is_answered_as_that_of_eight(
    endpoints: FakeEndpoints, bits: int
) -> None:
    grey = mask_sets.sample("benign", 1)[0]

    handled(upload("inbox/a.png", mask_sets.png(grey)))
    handled(upload("inbox/b.png", mask_sets.deep(bits)(grey)))

    sent = [body for _, _, body in endpoints.requests]
    assert len(sent) == 4
    assert set(sent) == {png.encode(grey)}


def test_every_object_of_an_answer_says_which_models_it_comes_of(
    endpoints: FakeEndpoints,
) -> None:
    handled(upload("inbox/a.png", pictures.png()))

    for key in stack.answers():
        metadata = client("s3").head_object(Bucket=stack.RESULTS, Key=key)["Metadata"]
        assert metadata["sonoflow-model-classifier"] == "cd0007f2cf09-5e3a91c0"
        assert metadata["sonoflow-model-segmenter"] == "cd0007f2cf09-5e3a91c0"
        assert all(name.startswith("sonoflow-") for name in metadata)


@pytest.mark.parametrize("kind", ["TIFF", "PNG", "MPO"])
def test_a_file_of_several_pictures_is_rejected_whatever_its_format(
    endpoints: FakeEndpoints, kind: str
) -> None:
    data = mask_sets.several(kind)(mask_sets.sample("benign", 1)[0])

    assert handled(upload("inbox/a.png", data)) == outcomes.REJECTED

    assert stack.read_json(stack.RESULTS, "rejected/a.png.json")["reason"] == "several-frames"
    assert endpoints.requests == []


def test_the_prediction_is_written_last(endpoints: FakeEndpoints) -> None:
    """Who waits for it must find what it names."""
    written: list[str] = []

    def note(params: dict[str, str], **_: object) -> None:
        written.append(params["Key"])

    item = upload("inbox/a.png", pictures.png())
    client("s3").meta.events.register("provide-client-params.s3.PutObject", note)
    try:
        handled(item)
    finally:
        client("s3").meta.events.unregister("provide-client-params.s3.PutObject", note)

    assert written == [
        "masks/a.png.png",
        "overlays/a.png.png",
        "review/a.png.json",
        "predictions/a.png.json",
    ]


def test_a_photo_is_judged_and_drawn_the_way_up_that_exif_says(endpoints: FakeEndpoints) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # stored on its side: the right edge is the bottom
    stored = pictures.scan()
    upright = np.asarray(stored.rotate(-90, expand=True))

    assert handled(upload("inbox/t.png", pictures.encode(stored, exif=exif))) == outcomes.PREDICTED

    for _, _, body in endpoints.requests:
        assert (pixels.decode(body).pixels == upright).all()
    size = (pictures.HEIGHT, pictures.WIDTH)
    document = stack.read_json(stack.RESULTS, "predictions/t.png.json")
    assert (document["image"]["width"], document["image"]["height"]) == size
    assert document["segmentation"]["bounding_box"] == [10, 10, 30, 20]
    for kind in ("masks", "overlays"):
        assert Image.open(io.BytesIO(stack.read(stack.RESULTS, f"{kind}/t.png.png"))).size == size


@pytest.mark.parametrize("name", ["notes.txt", "table.csv.gz", "scan", "scan.png.exe"])
def test_other_extensions_are_rejected_unread(endpoints: FakeEndpoints, name: str) -> None:
    assert handled(upload(f"inbox/{name}", b"anything")) == outcomes.REJECTED

    rejection = stack.read_json(stack.RESULTS, f"rejected/{name}.json")
    assert rejection["reason"] == "unsupported-extension"


def test_an_object_that_would_fill_the_memory_is_rejected_unread(
    endpoints: FakeEndpoints,
) -> None:
    item = Upload(stack.UPLOADS, "inbox/huge.tif", "v", 65 * 1024 * 1024)

    assert handled(item) == outcomes.REJECTED
    rejection = stack.read_json(stack.RESULTS, "rejected/huge.tif.json")
    assert rejection["reason"] == "too-large"


def test_an_endpoint_sees_what_staging_would_have_stored() -> None:
    decoded = pixels.decode(pictures.encode(pictures.scan().convert("RGBA"), "BMP"))

    body = examinations.request_body(decoded)

    assert body == png.encode(decoded.pixels)
    assert (pixels.decode(body).pixels == decoded.pixels).all()


def test_an_image_too_large_even_so_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pictures.png()
    monkeypatch.setattr(invocations, "PAYLOAD_BYTES_LIMIT", 100)

    with pytest.raises(ImageRejected, match="too-large"):
        examinations.request_body(pixels.decode(data))


def test_an_answer_to_a_rejected_version_does_not_hold_up_the_next(
    endpoints: FakeEndpoints,
) -> None:
    handled(upload("inbox/a.png", b"no image"))

    assert handled(upload("inbox/a.png", pictures.png())) == outcomes.PREDICTED

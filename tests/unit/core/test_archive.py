from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonoflow import archive
from sonoflow.errors import DatasetRefused, ImageRejected, PayloadInvalid
from tests.unit import pictures


def opened(files: dict[str, bytes]) -> zipfile.ZipFile:
    return archive.open_archive(io.BytesIO(pictures.archive(files)))


def planned(*names: str) -> archive.Plan:
    return archive.plan(opened(dict.fromkeys(names, b"x")))


def reasons(plan: archive.Plan) -> dict[str, str]:
    return {entry.source: entry.reason for entry in plan.quarantine}


def test_images_are_paired_with_all_their_masks_and_the_class_of_their_folder() -> None:
    plan = planned(
        "BUSI/benign/benign (1)_mask_1.png",
        "BUSI/benign/benign (1).png",
        "BUSI/benign/benign (1)_mask.png",
        "BUSI/normal/normal (2).JPG",
    )

    assert plan.quarantine == ()
    assert plan.images == (
        archive.PlannedImage(
            "BUSI/benign/benign (1).png",
            ("BUSI/benign/benign (1)_mask.png", "BUSI/benign/benign (1)_mask_1.png"),
            "benign",
        ),
        archive.PlannedImage("BUSI/normal/normal (2).JPG", (), "normal"),
    )


def test_masks_belong_to_the_image_of_their_own_folder() -> None:
    plan = planned("a/x.png", "b/x.png", "b/x_mask.png")

    assert [image.masks for image in plan.images] == [(), ("b/x_mask.png",)]


def test_names_that_only_look_alike_do_not_lend_masks() -> None:
    plan = planned("a/scan (1).png", "a/scan (10).png", "a/scan (10)_mask.png")

    assert [image.masks for image in plan.images] == [(), ("a/scan (10)_mask.png",)]


def test_folders_and_files_of_the_system_are_passed_over() -> None:
    plan = planned(
        "a/", "a/x.png", "__MACOSX/a/._x.png", "a/.DS_Store", ".git/x.png", "a/._x_mask.png"
    )

    assert [image.image for image in plan.images] == ["a/x.png"]
    assert plan.quarantine == ()


def test_what_fits_nowhere_is_set_aside_with_a_reason() -> None:
    plan = planned("a/x.png", "a/y_mask.png", "a/notes.txt", "loose.png", "图/x.png")

    assert reasons(plan) == {
        "a/y_mask.png": "mask-without-image",
        "a/notes.txt": "unsupported-extension",
        "loose.png": "no-class",
        "图/x.png": "no-class",
    }


def test_backslashes_separate_folders_too() -> None:
    (image,) = planned("BUSI\\benign\\1.png", "BUSI\\benign\\1_mask.png").images

    assert (image.label, image.masks) == ("benign", ("BUSI\\benign\\1_mask.png",))


def test_of_one_name_the_last_file_is_used_and_the_others_are_told_of() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target, pytest.warns(UserWarning, match="Duplicate"):
        target.writestr("a/x.png", b"first")
        target.writestr("a/x.png", b"second")
    reopened = archive.open_archive(buffer)

    plan = archive.plan(reopened)

    assert len(plan.images) == 1
    assert reasons(plan) == {"a/x.png": "duplicate-name"}
    assert archive.read_member(reopened, "a/x.png") == b"second"


def test_the_plan_does_not_depend_on_the_order_in_the_archive() -> None:
    names = list(pictures.busi())

    assert planned(*names) == planned(*reversed(names))


def test_batches_hold_every_image_once_and_are_numbered() -> None:
    plan = planned(*[f"a/{number:02d}.png" for number in range(10)])

    batches = plan.batches(4)

    assert [batch["number"] for batch in batches] == [0, 1, 2]
    assert [image["image"] for batch in batches for image in batch["images"]] == [
        f"a/{number:02d}.png" for number in range(10)
    ]
    restored = [image for batch in batches for image in archive.planned(batch["images"])]
    assert tuple(restored) == plan.images


def test_a_batch_that_was_written_by_something_else_is_an_error() -> None:
    with pytest.raises(PayloadInvalid, match="masks"):
        archive.planned([{"image": "a/x.png", "class": "a"}])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not-a-zip"),
        (b"PK\x03\x04 and no more", "not-a-zip"),
        (pictures.archive(pictures.busi(1))[:-30], "not-a-zip"),
        (pictures.archive({}), "empty"),
        (pictures.encrypted(pictures.archive({"a/x.png": b"x"})), "encrypted"),
    ],
    ids=["nothing", "beginning", "cut off", "no members", "encrypted"],
)
def test_what_is_no_usable_archive_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(DatasetRefused) as caught:
        archive.open_archive(io.BytesIO(data))

    assert caught.value.reason == reason


def test_an_archive_without_images_is_refused() -> None:
    with pytest.raises(DatasetRefused, match="no-images"):
        planned("a/notes.txt", "a/", "a/x_mask.png")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_garbled_archive_is_refused_or_its_bad_members_rejected(data: st.DataObject) -> None:
    """Whatever bytes are changed, no other error than ours comes out."""
    garbled = bytearray(pictures.archive({"a/x.png": pictures.png(), "a/y.png": b"short"}))
    for _ in range(data.draw(st.integers(1, 4))):
        garbled[data.draw(st.integers(0, len(garbled) - 1))] = data.draw(st.integers(0, 255))

    try:
        file = archive.open_archive(io.BytesIO(bytes(garbled)))
        plan = archive.plan(file)
    except DatasetRefused:
        return
    for image in plan.images:
        try:
            archive.read_member(file, image.image)
        except ImageRejected:
            continue


def test_a_member_that_would_fill_the_memory_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive.formats, "FILE_BYTES_LIMIT", 1000)
    file = opened({"a/x.png": bytes(1001)})

    with pytest.raises(ImageRejected, match="too-large"):
        archive.read_member(file, "a/x.png")


def test_a_damaged_member_is_rejected() -> None:
    data = bytearray(pictures.archive({"a/x.png": pictures.png()}))
    data[200] ^= 0xFF

    with pytest.raises(ImageRejected, match="corrupt"):
        archive.read_member(archive.open_archive(io.BytesIO(bytes(data))), "a/x.png")


def test_an_error_of_reading_from_s3_escapes() -> None:
    class Failing(io.BytesIO):
        broken = False

        def read(self, size: int | None = -1) -> bytes:
            if self.broken:
                raise ConnectionError("S3 hung up")
            return super().read(size)

    source = Failing(pictures.archive({"a/x.png": pictures.png()}))
    file = archive.open_archive(source)
    source.broken = True

    with pytest.raises(ConnectionError):
        archive.read_member(file, "a/x.png")

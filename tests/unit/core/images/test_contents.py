from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonoflow.aws.ranged import HeldFile
from sonoflow.errors import DatasetRefused
from sonoflow.images import batches, contents, staging
from tests.unit import pictures
from tests.unit.core.archives import crafting


def read(data: bytes) -> contents.Contents:
    source = HeldFile(io.BytesIO(data))
    return contents.read(contents.open_archive(source), source)


def read_names(*names: str) -> contents.Contents:
    return read(pictures.archive(dict.fromkeys(names, b"x")))


def reasons(found: contents.Contents) -> dict[str, str]:
    return {entry.source: entry.reason for entry in found.quarantine}


def test_images_are_paired_with_all_their_masks_and_the_class_of_their_folder() -> None:
    found = read_names(
        "BUSI/benign/benign (1)_mask_1.png",
        "BUSI/benign/benign (1).png",
        "BUSI/benign/benign (1)_mask.png",
        "BUSI/normal/normal (2).JPG",
    )

    assert found.quarantine == ()
    assert [(one.image, one.masks, one.label) for one in found.images] == [
        (
            "BUSI/benign/benign (1).png",
            ("BUSI/benign/benign (1)_mask.png", "BUSI/benign/benign (1)_mask_1.png"),
            "benign",
        ),
        ("BUSI/normal/normal (2).JPG", (), "normal"),
    ]


def test_folders_and_files_of_the_system_are_passed_over() -> None:
    names = ["a/x.png", "__MACOSX/a/._x.png", "a/.DS_Store", ".git/x.png", "a/._x_mask.png"]
    found = read(pictures.archive({"a/": b"", **dict.fromkeys(names, b"x")}))

    assert [image.image for image in found.images] == ["a/x.png"]
    assert found.quarantine == ()


def test_what_fits_nowhere_is_set_aside_with_a_reason() -> None:
    found = read_names("a/x.png", "a/y_mask.png", "a/notes.txt", "loose.png", "!/x.png")

    assert reasons(found) == {
        "a/y_mask.png": "mask-without-image",
        "a/notes.txt": "unsupported-extension",
        "loose.png": "no-class",
        "!/x.png": "no-class",
    }


def test_backslashes_separate_folders_too_and_names_stay_as_written() -> None:
    found = read_names("BUSI\\benign\\1.png", "BUSI\\benign\\1_mask.png", "BUSI\\notes.txt")

    (image,) = found.images
    assert (image.label, image.masks) == ("benign", ("BUSI\\benign\\1_mask.png",))
    assert image.image == "BUSI\\benign\\1.png"
    assert reasons(found) == {"BUSI\\notes.txt": "unsupported-extension"}


def test_of_one_name_the_last_file_is_used() -> None:
    first, last = (crafting.Entry("a/x.png", pictures.png(seed)) for seed in (1, 2))

    found = read(crafting.archive([first, last]))

    assert reasons(found) == {"a/x.png": "duplicate-name"}
    assert found.images[0].members[0].offset == len(first.local())


def test_the_plan_does_not_depend_on_the_order_in_the_archive() -> None:
    files = pictures.busi()

    one, other = (
        read(pictures.archive({name: files[name] for name in names}))
        for names in (list(files), reversed(files))
    )

    assert [(i.image, i.masks, i.label) for i in one.images] == [
        (i.image, i.masks, i.label) for i in other.images
    ]
    assert batches.digest(one.images) == batches.digest(other.images)


def test_every_file_is_planned_or_set_aside() -> None:
    names = ["a/x.png", "a/x_mask.png", "a/y.txt", "z_mask.png", "../b.png", "a/c.zip"]

    found = read_names(*names)

    used = [name for image in found.images for name in (image.image, *image.masks)]
    assert sorted([*used, *reasons(found)]) == sorted(names)


def test_a_groups_file_gives_its_images_their_groups() -> None:
    rows = b"file,group\na/x.png,p1\ny.png,p1\na/gone.png,p2\n"

    found = read(pictures.archive({"d/a/x.png": b"", "d/a/y.png": b"", "d/groups.csv": rows}))

    assert [image.group_hint for image in found.images] == ["p1", "p1"]
    assert reasons(found) == {"d/groups.csv": "groups-unmatched"}


def test_a_damaged_groups_file_refuses_the_set_as_groups_were_meant() -> None:
    files = [
        crafting.Entry("a/x.png", b""),
        crafting.Entry("groups.csv", b"a,b", crc=1, descriptor=True),
    ]

    with pytest.raises(DatasetRefused, match=r'groups-unreadable: .*\{"groups": "none"\}'):
        read(crafting.archive(files))


def test_a_mapping_may_say_that_there_are_no_groups() -> None:
    source = HeldFile(io.BytesIO(pictures.archive({"a/x.png": b"", "groups.csv": b"\xff\x00"})))

    found = contents.read(contents.open_archive(source), source, {"groups": "none"})

    assert found.images[0].group_hint is None
    assert reasons(found) == {"groups.csv": "unreadable-table"}


def test_a_groups_file_that_cannot_be_read_refuses_the_set() -> None:
    data = crafting.archive(
        [
            crafting.Entry("a/x.png", b"x"),
            crafting.Entry("groups.csv", b"a/x.png,p", flags=1),
        ]
    )

    with pytest.raises(DatasetRefused, match="groups-unreadable"):
        read(data)


def test_a_file_that_seems_to_name_patients_and_is_not_used_is_said() -> None:
    assert [a.code for a in read_names("a/x.png", "b/y.png", "patients.txt").assumptions] == [
        "classes-from-folders",
        "patients-unused",
    ]


def test_masks_that_cannot_be_read_are_said() -> None:
    (told,) = read_names("benign/x.png", "benign/x_mask.gif", "normal/y.png").assumptions

    assert told.code == "masks-not-read"
    assert told.detail == (
        "2 images have no mask; files that may be masks cannot be read: 1 × .gif"
    )


def test_an_image_that_no_worker_could_hold_is_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "IMAGE_BYTES_LIMIT", 1000)

    found = read(pictures.archive({"a/x.png": bytes(999), "a/y.png": bytes(1001)}))

    assert reasons(found) == {"a/y.png": "too-large"}


def test_an_image_with_masks_beyond_a_states_input_is_set_aside() -> None:
    masks = [f"a/x_mask_{number}.png" for number in range(1500)]

    found = read_names("a/x.png", "a/y.png", *masks)

    assert [image.image for image in found.images] == ["a/y.png"]
    assert reasons(found)["a/x.png"] == "too-many-masks"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"a/notes.txt": b"", "a/": b"", "a/x_mask.png": b""}, r"no-images: .*1 × mask-without"),
        ({"a/": b""}, "no-images"),
    ],
)
def test_an_archive_without_images_is_refused(files: dict[str, bytes], reason: str) -> None:
    with pytest.raises(DatasetRefused, match=reason):
        read(pictures.archive(files))


def test_a_fully_encrypted_archive_is_refused_as_such() -> None:
    with pytest.raises(DatasetRefused) as caught:
        read(pictures.encrypted(pictures.archive(pictures.busi(1))))

    assert caught.value.reason == "encrypted"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_garbled_archive_is_refused_or_its_bad_members_rejected(data: st.DataObject) -> None:
    """Whatever bytes are changed, no other error than ours comes out."""
    garbled = bytearray(pictures.archive({"a/x.png": pictures.png(), "a/y.png": b"short"}))
    for _ in range(data.draw(st.integers(1, 4))):
        garbled[data.draw(st.integers(0, len(garbled) - 1))] = data.draw(st.integers(0, 255))
    source = HeldFile(io.BytesIO(bytes(garbled)))

    try:
        found = contents.read(contents.open_archive(source), source)
    except DatasetRefused:
        return
    staging.stage(source, found.images, lambda key, png: None, at_once=1)


@pytest.mark.parametrize(
    ("beside", "named"),
    [
        (["annotations.json"], "COCO"),
        (["labels/1.txt", "labels/2.txt"], "YOLO"),
        (["images/1.xml", "images/2.xml"], "VOC"),
    ],
)
def test_a_set_of_boxes_is_refused_by_the_name_of_their_format(
    beside: list[str], named: str
) -> None:
    with pytest.raises(DatasetRefused, match=named):
        read_names("images/1.png", "images/2.png", *beside)

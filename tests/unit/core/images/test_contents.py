from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonoflow.aws.ranged import HeldFile
from sonoflow.errors import DatasetRefused, PayloadInvalid
from sonoflow.images import batches, contents, staging
from tests.unit import pictures
from tests.unit.core.archives import crafting


def planned_of(data: bytes) -> contents.Plan:
    source = HeldFile(io.BytesIO(data))
    return contents.plan(contents.open_archive(source), source)


def planned(*names: str) -> contents.Plan:
    return planned_of(pictures.archive(dict.fromkeys(names, b"x")))


def reasons(plan: contents.Plan) -> dict[str, str]:
    return {entry.source: entry.reason for entry in plan.quarantine}


def test_images_are_paired_with_all_their_masks_and_the_class_of_their_folder() -> None:
    plan = planned(
        "BUSI/benign/benign (1)_mask_1.png",
        "BUSI/benign/benign (1).png",
        "BUSI/benign/benign (1)_mask.png",
        "BUSI/normal/normal (2).JPG",
    )

    assert plan.quarantine == ()
    assert [(one.image, one.masks, one.label) for one in plan.images] == [
        (
            "BUSI/benign/benign (1).png",
            ("BUSI/benign/benign (1)_mask.png", "BUSI/benign/benign (1)_mask_1.png"),
            "benign",
        ),
        ("BUSI/normal/normal (2).JPG", (), "normal"),
    ]


def test_folders_and_files_of_the_system_are_passed_over() -> None:
    names = ["a/x.png", "__MACOSX/a/._x.png", "a/.DS_Store", ".git/x.png", "a/._x_mask.png"]
    plan = planned_of(pictures.archive({"a/": b"", **dict.fromkeys(names, b"x")}))

    assert [image.image for image in plan.images] == ["a/x.png"]
    assert plan.quarantine == ()


def test_what_fits_nowhere_is_set_aside_with_a_reason() -> None:
    plan = planned("a/x.png", "a/y_mask.png", "a/notes.txt", "loose.png", "!/x.png")

    assert reasons(plan) == {
        "a/y_mask.png": "mask-without-image",
        "a/notes.txt": "unsupported-extension",
        "loose.png": "no-class",
        "!/x.png": "no-class",
    }


def test_backslashes_separate_folders_too_and_names_stay_as_written() -> None:
    plan = planned("BUSI\\benign\\1.png", "BUSI\\benign\\1_mask.png", "BUSI\\notes.txt")

    (image,) = plan.images
    assert (image.label, image.masks) == ("benign", ("BUSI\\benign\\1_mask.png",))
    assert image.image == "BUSI\\benign\\1.png"
    assert reasons(plan) == {"BUSI\\notes.txt": "unsupported-extension"}


def test_of_one_name_the_last_file_is_used() -> None:
    first, last = (crafting.Entry("a/x.png", pictures.png(seed)) for seed in (1, 2))

    plan = planned_of(crafting.archive([first, last]))

    assert reasons(plan) == {"a/x.png": "duplicate-name"}
    assert plan.images[0].members[0].offset == len(first.local())


def test_the_plan_does_not_depend_on_the_order_in_the_archive() -> None:
    files = pictures.busi()

    one, other = (
        planned_of(pictures.archive({name: files[name] for name in names}))
        for names in (list(files), reversed(files))
    )

    assert [(i.image, i.masks, i.label) for i in one.images] == [
        (i.image, i.masks, i.label) for i in other.images
    ]
    assert batches.digest(one.images) == batches.digest(other.images)


def test_every_file_is_planned_or_set_aside() -> None:
    names = ["a/x.png", "a/x_mask.png", "a/y.txt", "z_mask.png", "../b.png", "a/c.zip"]

    plan = planned(*names)

    used = [name for image in plan.images for name in (image.image, *image.masks)]
    assert sorted([*used, *reasons(plan)]) == sorted(names)


def test_a_groups_file_gives_its_images_their_groups() -> None:
    rows = b"file,group\na/x.png,p1\ny.png,p1\na/gone.png,p2\n"

    plan = planned_of(pictures.archive({"d/a/x.png": b"", "d/a/y.png": b"", "d/groups.csv": rows}))

    assert [image.group_hint for image in plan.images] == ["p1", "p1"]
    assert reasons(plan) == {"d/groups.csv": "groups-unmatched"}


def test_a_damaged_groups_file_costs_no_image() -> None:
    files = [
        crafting.Entry("a/x.png", b""),
        crafting.Entry("groups.csv", b"a,b", crc=1, descriptor=True),
    ]

    plan = planned_of(crafting.archive(files))

    assert len(plan.images) == 1
    assert reasons(plan) == {"groups.csv": "groups-unreadable"}


def test_an_image_that_no_worker_could_hold_is_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "IMAGE_BYTES_LIMIT", 1000)

    plan = planned_of(pictures.archive({"a/x.png": bytes(999), "a/y.png": bytes(1001)}))

    assert reasons(plan) == {"a/y.png": "too-large"}


def test_an_image_with_masks_beyond_a_states_input_is_set_aside() -> None:
    masks = [f"a/x_mask_{number}.png" for number in range(1500)]

    plan = planned("a/x.png", "a/y.png", *masks)

    assert [image.image for image in plan.images] == ["a/y.png"]
    assert reasons(plan)["a/x.png"] == "too-many-masks"


def test_a_plan_survives_its_file() -> None:
    for names in (pictures.busi(), ("images/1.png", "masks/1.png")):
        plan = planned(*names)

        restored = contents.planned([image.document() for image in plan.images])

        assert tuple(restored) == plan.images


GOOD = planned("a/x.png").images[0].document()


@pytest.mark.parametrize(
    "change",
    [
        {"members": [[1, 2]]},
        {"members": []},
        {"members": [["a"] * 6]},
        {"masks": 7},
        {"class": None},  # and no mask
    ],
)
def test_a_batch_that_was_written_by_something_else_is_an_error(change: dict[str, object]) -> None:
    with pytest.raises(PayloadInvalid):
        contents.planned([{**GOOD, **change}])
    with pytest.raises(PayloadInvalid, match="group_hint"):
        contents.planned([{key: GOOD[key] for key in GOOD if key != "group_hint"}])


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"a/notes.txt": b"", "a/": b"", "a/x_mask.png": b""}, r"no-images: .*1 × mask-without"),
        ({"a/": b""}, "no-images"),
    ],
)
def test_an_archive_without_images_is_refused(files: dict[str, bytes], reason: str) -> None:
    with pytest.raises(DatasetRefused, match=reason):
        planned_of(pictures.archive(files))


def test_a_fully_encrypted_archive_is_refused_as_such() -> None:
    with pytest.raises(DatasetRefused) as caught:
        planned_of(pictures.encrypted(pictures.archive(pictures.busi(1))))

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
        plan = contents.plan(contents.open_archive(source), source)
    except DatasetRefused:
        return
    staging.stage(source, plan.images, lambda key, png: None, at_once=1)

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw

from sonoflow.images import findings, kinds, paths
from sonoflow.images.findings import Findings
from sonoflow.images.kinds import Look
from tests.unit import pictures, ultrasound

MASK = pictures.encode(pictures.lesion(10, 10, 60, 50))


def scan(seed: int) -> bytes:
    return pictures.encode(Image.fromarray(ultrasound.scan(seed)))


def overlay(seed: int) -> bytes:
    image = Image.fromarray(ultrasound.scan(seed)).convert("RGB")
    ImageDraw.Draw(image).ellipse((100, 80, 220, 200), outline=(255, 0, 0), width=3)
    return pictures.encode(image)


def gather(files: dict[str, bytes]) -> Findings:
    def look(names: Sequence[str]) -> dict[str, Look | None]:
        return {name: kinds.look(files[name]) for name in names}

    return findings.gather([paths.read(name, paths.Roles()) for name in sorted(files)], look)


def names(files: list[paths.File]) -> list[str]:
    return [file.path for file in files]


def test_drawings_are_masks_whatever_they_are_called() -> None:
    found = gather({"a/1.png": scan(1), "a/1_qx.png": MASK, "b/2.png": scan(2), "bw/2.png": MASK})

    assert names(found.scans) == ["a/1.png", "b/2.png"]
    assert names(found.masks) == ["a/1_qx.png", "bw/2.png"]
    assert found.known == {"bw/2.png"}  # its folder is one of masks alone


def test_a_folder_beside_one_of_masks_names_no_class() -> None:
    found = gather(
        {f"d/{f}/{n}.png": MASK if f == "GT" else scan(n) for f in ("pics", "GT") for n in (1, 2)}
    )

    assert {file.folder for file in found.scans} == {"d"}
    assert [a.code for a in found.assumptions] == ["folders-by-content"]


def test_what_shows_pictures_once_more_is_left_out() -> None:
    files = {f"{c}/{c} ({n}).png": scan(n) for c, n in (("benign", 1), ("normal", 2))}
    more = {
        "fancy/benign (1).png": overlay(1),
        "fancy/normal (2).png": overlay(2),
        "benign/benign (1)_x.png": overlay(1),
        "preds/benign (1).png": MASK,
    }

    found = gather({**files, **more})

    assert names(found.scans) == sorted(files)
    assert {entry.source for entry in found.set_aside} == set(more)
    assert {entry.reason for entry in found.set_aside} == {"results-of-others"}
    assert [a.code for a in found.assumptions] == ["results-left-out"]


def test_other_pictures_of_the_same_names_stay() -> None:
    files = {"benign/1.png": scan(1), "normal/1.png": scan(2), "overlay/1.png": scan(3)}

    assert names(gather(files).scans) == sorted(files)


def test_drawings_of_unknown_meaning_are_not_joined_to_masks() -> None:
    found = gather({"a/1.png": scan(1), "a/1_tumor.png": MASK, "a/1_other1.png": MASK})

    owned, surplus = findings.known_first({"a/1.png": names(found.masks)}, found)

    assert owned == {"a/1.png": ["a/1_tumor.png"]}
    assert [(entry.source, entry.reason) for entry in surplus] == [
        ("a/1_other1.png", "unknown-drawing")
    ]


def test_where_no_mask_is_named_so_drawings_are_assumed_to_be() -> None:
    found = gather({"a/1.png": scan(1), "a/1_qx.png": MASK})

    owned, surplus = findings.known_first({"a/1.png": ["a/1_qx.png"]}, found)

    assert (owned, surplus) == ({"a/1.png": ["a/1_qx.png"]}, [])
    assert [a.code for a in found.assumptions] == ["masks-by-look"]


def test_a_folder_of_drawings_holds_no_masks_of_images_that_have_some_by_name() -> None:
    pairs = {f"a/{n}.png": scan(n) for n in (1, 2)} | {f"a/{n}_mask.png": MASK for n in (1, 2)}
    found = gather({**pairs, **{f"fov/{n}.png": MASK for n in (1, 2)}})

    owned, surplus = findings.known_first({"a/1.png": ["a/1_mask.png", "fov/1.png"]}, found)

    assert owned == {"a/1.png": ["a/1_mask.png"]}
    assert [(entry.source, entry.reason) for entry in surplus] == [("fov/1.png", "unknown-drawing")]
    assert "folder 'fov'" in surplus[0].detail

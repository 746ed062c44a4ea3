"""Whole data sets through plan and stage: areas are right, and what was assumed is said."""

from __future__ import annotations

import collections
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sonoflow.assumptions import Assumption
from sonoflow.errors import DatasetRefused
from sonoflow.images import contents, pixels, staging
from sonoflow.images.parts import Entry
from sonoflow.quarantine import SetAside
from tests.unit import pictures
from tests.unit.core.archives.test_corpus import Held
from tests.unit.core.images import mask_sets
from tests.unit.core.images.mask_sets import CASES, Case


class Done:
    """What became of an archive."""

    def __init__(self, files: dict[str, bytes], mapping: dict[str, Any] | None = None) -> None:
        source = Held(pictures.archive(files))
        found = contents.read(contents.open_archive(source), source, mapping or {})
        self.assumptions: tuple[Assumption, ...] = found.assumptions
        self.stored: dict[str, bytes] = {}
        self.entries: list[Entry]
        self.aside: list[SetAside]
        self.entries, self.aside = staging.stage(
            source, found.images, self.stored.__setitem__, reading=found.reading
        )

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(one.code for one in self.assumptions)

    @property
    def flags(self) -> dict[str, int]:
        return dict(collections.Counter(flag for e in self.entries for flag in e["flags"]))

    def mask(self, entry: Entry) -> mask_sets.Mask:
        return mask_sets.decoded(self.stored[entry["mask"]]) > 0

    def pixels(self, entry: Entry) -> mask_sets.Grey:
        return mask_sets.decoded(self.stored[entry["image"]])


def truth(entry: Entry) -> tuple[mask_sets.Grey, mask_sets.Mask]:
    number = int(entry["source"].split("(")[1].split(")")[0])
    return mask_sets.sample(entry["source"].split("/")[0], number)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_lesions_are_found_however_they_are_stored(case: Case) -> None:
    done = Done(case.build(), dict(case.mapping))

    assert done.aside == []
    assert len(done.entries) == mask_sets.ALL
    for entry in done.entries:
        _, lesion = truth(entry)
        wrong = np.count_nonzero(done.mask(entry) != lesion)
        assert wrong <= case.tolerance * lesion.sum(), entry["source"]
    assert done.codes == case.assumed
    assert done.flags == dict.fromkeys(case.assumed, mask_sets.ALL)
    assert all(one.detail and "benign" not in one.detail for one in done.assumptions)


@pytest.mark.parametrize("stretched", [False, True])
@pytest.mark.parametrize("bits", [8, 10, 12, 14])
def test_pictures_of_fewer_bits_in_sixteen_are_as_grey_as_those_of_eight(
    bits: int, stretched: bool
) -> None:
    done = Done(mask_sets.pictures(mask_sets.deep(bits, stretched=stretched)))

    assert done.codes == (f"depth-{bits}-of-16",)
    assert done.flags == {f"depth-{bits}-of-16": 6}
    assert all((done.pixels(entry) == truth(entry)[0]).all() for entry in done.entries)


def test_one_dark_picture_of_many_is_not_brightened() -> None:
    files = mask_sets.pictures(mask_sets.deep(12))
    dark = mask_sets.sample("benign", 3)[0] // 8
    files["benign/benign (3).png"] = mask_sets.deep(12)(dark)

    done = Done(files)

    (entry,) = [e for e in done.entries if "benign (3)" in e["source"]]
    assert (done.pixels(entry) == dark).all()
    assert done.flags == {"depth-12-of-16": 6}


def test_a_picture_that_uses_more_bits_than_the_others_is_flagged_and_scaled_by_its_own() -> None:
    picture = mask_sets.sample("benign", 1)[0]

    decoded = pixels.decode(mask_sets.deep(16, stretched=True)(picture), bits=12)

    assert decoded.flags == ("depth-unlike-the-others",)
    assert (decoded.pixels == picture).all()


def framed(mask: mask_sets.Mask) -> bytes:
    """White around the lesion, in a black frame."""
    around = ~mask
    around[:3], around[-3:], around[:, :3], around[:, -3:] = (False,) * 4
    return mask_sets.white(around)


def test_masks_white_around_the_lesion_in_a_black_frame_are_refused_until_it_is_said() -> None:
    files = mask_sets.whole(framed)

    with pytest.raises(DatasetRefused, match=r'mask-polarity: 12 of 12 .*"dark"'):
        Done(files)
    done = Done(files, {"masks": {"lesion": "dark"}})
    assert all(entry["lesion_pixels"] == truth(entry)[1].sum() for entry in done.entries)
    assert done.flags == {}


def test_classes_of_two_depths_are_each_scaled_by_their_own() -> None:
    files = {}
    for label, number, stem in mask_sets.names():
        picture, mask = mask_sets.sample(label, number)
        bits = 14 if label == "benign" else 16
        files[f"{stem}.png"] = mask_sets.deep(bits)(picture)
        files[f"{stem}_mask.png"] = mask_sets.white(mask)

    done = Done(files)

    assert done.codes == ("depth-mixed",)
    assert done.flags == {"depth-14-of-16": 6}


def test_pictures_of_two_scanners_are_each_scaled_by_their_own_depth() -> None:
    files = mask_sets.pictures(mask_sets.deep(12))
    for number in (1, 2, 3):
        picture = mask_sets.sample("benign", number)[0]
        files[f"benign/benign ({number}).png"] = mask_sets.deep(16, stretched=True)(picture)

    done = Done(files)

    assert done.codes == ("depth-mixed",)
    assert all((done.pixels(entry) == truth(entry)[0]).all() for entry in done.entries)


@pytest.mark.parametrize("marked", [True, False])
def test_ink_is_read_with_and_without_the_marker_that_inverts_it(marked: bool) -> None:
    done = Done(mask_sets.pictures(mask_sets.ink(marked=marked), ".jpg"))

    assert done.codes == (() if marked else ("cmyk-without-marker",))
    assert done.flags == ({} if marked else {"cmyk-without-marker": 6})
    for entry in done.entries:
        assert np.abs(done.pixels(entry).astype(int) - truth(entry)[0]).mean() < 4


@pytest.mark.parametrize("turn", [2, 3, 4])
def test_one_turned_mask_among_good_ones_is_flagged(turn: int) -> None:
    picture, mask = mask_sets.cornered()
    files = mask_sets.whole()
    files["benign/benign (2).png"] = mask_sets.png(picture)
    files["benign/benign (2)_mask.png"] = mask_sets.white(pixels.TURNS[turn](mask))

    done = Done(files)

    assert done.codes == ()
    assert [e["source"] for e in done.entries if e["flags"]] == ["benign/benign (2).png"]
    assert done.flags == {"mask-elsewhere": 1}
    assert Done(files, {"masks": {"orientation": "shown"}}).flags == {}, "it was said"


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_pictures_whose_zero_is_white_are_as_grey_as_the_others(bits: int) -> None:
    done = Done(mask_sets.pictures(mask_sets.negative(bits), ".tif"))

    assert done.codes == ((f"depth-{bits}-of-16",) if bits < 16 else ())
    for entry in done.entries:
        assert np.abs(done.pixels(entry).astype(int) - truth(entry)[0]).max() <= 1


@pytest.mark.parametrize(("alpha", "around"), [(0, None), (60, None), (60, 0), (60, 255)])
def test_pictures_that_are_nowhere_opaque_are_shown_and_said(
    alpha: int, around: int | None
) -> None:
    done = Done(mask_sets.pictures(mask_sets.dimmed(alpha, around)))

    assert done.codes == ("transparent",)
    assert done.flags == {"transparent": 6}
    if around != 255:  # where a part is opaque, the rest lies on black as it does elsewhere
        for entry in done.entries:
            apart = np.abs(done.pixels(entry).astype(int) - truth(entry)[0])
            assert apart[9:, 9:].max() <= 2


@pytest.mark.parametrize(("kind", "suffix"), [("TIFF", ".tif"), ("PNG", ".png"), ("MPO", ".jpg")])
def test_files_of_several_pictures_are_set_aside_whatever_their_format(
    kind: str, suffix: str
) -> None:
    done = Done(mask_sets.pictures(mask_sets.several(kind), suffix, count=2))

    assert [entry.reason for entry in done.aside if "mask" not in entry.source] == [
        "several-frames"
    ] * 2
    assert len(done.entries) == mask_sets.ALL - 2


@pytest.mark.parametrize("orientation", [2, 3, 4])
@pytest.mark.parametrize("drawn_on", ["stored", "shown"])
def test_masks_of_turned_images_lie_where_edges_agree(orientation: int, drawn_on: str) -> None:
    turn = pixels.TURNS[orientation]  # each of the three undoes itself
    files = mask_sets.pictures(mask_sets.turned(orientation), ".jpg")
    if drawn_on == "shown":
        for label, number, stem in mask_sets.names()[:6]:
            files[f"{stem}_mask.png"] = mask_sets.white(turn(mask_sets.sample(label, number)[1]))

    done = Done(files)

    assert done.codes == ("mask-orientation",)
    turned = {"mask-turned": 6} if drawn_on == "stored" else {}
    assert done.flags == {"rotated": 6, **turned}
    for entry in done.entries:
        lesion = truth(entry)[1]
        expected = turn(lesion) if "rotated" in entry["flags"] else lesion
        assert (done.mask(entry) == expected).all(), entry["source"]


def test_a_single_turned_image_is_flagged_where_nothing_says_how_its_mask_lies() -> None:
    done = Done(mask_sets.pictures(mask_sets.turned(3), ".jpg", count=1))

    assert done.codes == ()
    assert done.flags == {"rotated": 1, "orientation-ambiguous": 1}


@pytest.mark.parametrize(
    ("word", "turn"), [("mirrored", 2), ("half", 3), ("upside-down", 4), ("transposed", 5)]
)
def test_masks_that_all_lie_another_way_than_their_images_are_turned(word: str, turn: int) -> None:
    files = mask_sets.whole(lambda mask: mask_sets.white(pixels.TURNS[turn](mask)))
    found, told = Done(files), Done(files, {"masks": {"orientation": word}})

    assert (found.codes, told.codes) == (("mask-orientation",), ())
    for done in (found, told):
        assert all((done.mask(entry) == truth(entry)[1]).all() for entry in done.entries)
    assert found.flags == {"mask-turned": mask_sets.ALL}


def some_inverted(count: int) -> dict[str, bytes]:
    files = mask_sets.whole()
    for label, number, stem in mask_sets.names()[:count]:
        files[f"{stem}_mask.png"] = mask_sets.white(~mask_sets.sample(label, number)[1])
    return files


def test_masks_that_contradict_each_other_are_refused_with_what_settles_it() -> None:
    with pytest.raises(DatasetRefused, match=r"mask-polarity: .*255 in 6.*\"inside\"") as caught:
        Done(some_inverted(6))

    word = json.loads("{" + caught.value.detail.split("{", 1)[1])
    done = Done(some_inverted(6), word)

    assert (done.codes, done.flags) == ((), {})
    assert all((done.mask(entry) == truth(entry)[1]).all() for entry in done.entries)


def test_a_mask_that_is_inverted_unlike_the_others_is_set_aside() -> None:
    done = Done(some_inverted(1))

    assert [entry.reason for entry in done.aside] == ["mask-inverted", "mask-without-image"]
    assert len(done.entries) == mask_sets.ALL - 1


@pytest.mark.parametrize("values", [(0, 1, 2), (0, 127, 255), (0, 60, 200)])
def test_masks_of_three_values_are_refused_until_it_is_said_which_is_the_lesion(
    values: tuple[int, int, int],
) -> None:
    files = mask_sets.whole(mask_sets.three(*values))

    with pytest.raises(DatasetRefused, match="mask-unclear: 12 of 12 masks looked at") as caught:
        Done(files)

    word = json.loads("{" + caught.value.detail.split("{", 1)[1])
    assert word == {"masks": {"lesion": [values[2]]}}
    done = Done(files, word)
    assert all((done.mask(entry) == truth(entry)[1]).all() for entry in done.entries)


def test_pictures_in_place_of_masks_are_refused() -> None:
    files = mask_sets.whole()
    for label, number, stem in mask_sets.names():
        files[f"{stem}_mask.png"] = mask_sets.png(mask_sets.sample(label, number)[0])

    with pytest.raises(DatasetRefused, match="mask-not-binary: 12 of 12"):
        Done(files)


def of_two_colours() -> dict[str, bytes]:
    """Green and red lesions by class, which nothing else tells, and one image without any."""

    def write(label: str, mask: mask_sets.Mask) -> bytes:
        colour = mask_sets.GREEN if label == "benign" else mask_sets.RED
        return mask_sets.colours(mask_sets.BLACK, colour)(mask)

    files = {}
    for label, number, stem in mask_sets.names():
        picture, mask = mask_sets.sample(label, number)
        name = stem.replace("/", "-").replace(" ", "")
        files[f"images/{name}.png"] = mask_sets.png(picture)
        files[f"masks/{name}.png"] = write(label, mask)
    files["images/none.png"] = mask_sets.png(mask_sets.scan(77, mask_sets.lesion(77)))
    files["masks/none.png"] = mask_sets.white(np.zeros((80, 112), bool))
    return files


def test_colours_name_classes_where_the_mapping_says_so() -> None:
    (told,) = (one for one in Done(of_two_colours()).assumptions if one.code == "mask-colours")
    assert json.loads(told.settle) == {
        "masks": {"classes": {"#00ff00": "<class>", "#ff0000": "<class>"}}
    }

    mapping = {"masks": {"classes": {"#00ff00": "Benign", "#ff0000": "malignant"}}}
    done = Done(of_two_colours(), mapping)

    counted = collections.Counter(entry["class"] for entry in done.entries)
    assert counted == {"benign": 6, "malignant": 6, "normal": 1}


def test_a_damaged_text_is_no_reason_to_lose_a_scan() -> None:
    def write(picture: mask_sets.Grey) -> bytes:
        data = mask_sets.png(picture)
        return data[:33] + b"\0\0\0\x04tEXtabcd" + b"\0\0\0\0" + data[33:]

    done = Done(mask_sets.pictures(write, count=2))

    assert done.flags == {"damaged-text": 2}
    assert done.aside == []
    assert all((done.pixels(entry) == truth(entry)[0]).all() for entry in done.entries)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([np.uint8, np.uint16]),
    st.integers(0, 255),
    st.integers(0, 255),
    st.sampled_from(["L", "RGB", "P", "RGBA"]),
)
def test_of_any_two_values_the_area_is_right_or_it_is_told(
    kind: type, outside: int, inside: int, mode: str
) -> None:
    def write(mask: mask_sets.Mask) -> bytes:
        values = np.where(mask, inside, outside)
        if kind is np.uint16:
            return mask_sets.png((values * 257).astype(np.uint16))
        return pictures.encode(Image.fromarray(values.astype(np.uint8)).convert(mode))

    files = dict(list(mask_sets.whole(write).items())[:8])
    try:
        done = Done(files)
    except DatasetRefused as error:
        assert outside == inside, error
        return

    right = all((done.mask(entry) == truth(entry)[1]).all() for entry in done.entries)
    assert right or done.aside or all(entry["flags"] for entry in done.entries)
    if outside != inside:
        assert right


@pytest.mark.parametrize("colour", [(0, 200, 40), (30, 60, 250)])
def test_soft_colours_are_offered_as_they_are(colour: tuple[int, int, int]) -> None:
    def write(mask: mask_sets.Mask) -> bytes:
        grey = np.asarray(Image.open(mask_sets.io.BytesIO(mask_sets.soft(0, 255)(mask))))
        shades = grey[..., None] / 255 * np.array(colour)
        return mask_sets.png(np.rint(shades + grey[..., None] % 3).clip(0, 255).astype(np.uint8))

    done = Done(mask_sets.whole(write))

    (told,) = [one for one in done.assumptions if one.code == "mask-colours"]
    offered = json.loads(told.settle)["masks"]["lesion"][0]
    assert np.abs(np.array(list(bytes.fromhex(offered[1:]))).astype(int) - colour).max() <= 16
    settled = Done(mask_sets.whole(write), json.loads(told.settle))
    for entry in settled.entries:
        _, lesion = truth(entry)
        assert np.count_nonzero(settled.mask(entry) != lesion) <= 0.25 * lesion.sum()


def two_valued(values: tuple[int, ...]) -> dict[str, bytes]:
    mask = np.zeros((64, 64), np.uint8)
    for number, value in enumerate(values):
        mask[20 + 10 * number : 30 + 10 * number, 20:40] = value
    files = {}
    for number in range(8):
        name = f"{('benign', 'malignant')[number % 2]}/{number}"
        files[f"{name}.png"] = pictures.encode(pictures.scan(number, 64, 64))
        files[f"{name}_mask.png"] = pictures.encode(Image.fromarray(mask))
    return files


def test_a_mapping_whose_lesion_no_mask_holds_is_refused_by_its_word() -> None:
    with pytest.raises(DatasetRefused, match=r"mapping-invalid: none of 8 masks .*\(7\)"):
        Done(two_valued((255,)), {"masks": {"lesion": [7]}})


def test_masks_that_are_not_clear_are_refused_with_the_names_that_the_set_gives() -> None:
    named = json.dumps({"labels": {"background": 0, "lesion": 1, "ignore": 2}}).encode()

    with pytest.raises(DatasetRefused, match=r"mask-unclear.* dataset.json: .*\[1\]"):
        Done(two_valued((1, 2)) | {"dataset.json": named})

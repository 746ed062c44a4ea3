"""The whole of grouping and splitting, held against another way of finding near-duplicates."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from sonoflow.errors import DatasetRefused
from sonoflow.images import pixels as images
from sonoflow.images.fingerprints import fingerprint
from sonoflow.settings import Splitting
from sonoflow.splits import freezing
from sonoflow.splits.freezing import FrozenSplits
from sonoflow.splits.staged_images import StagedImages
from tests.unit import ultrasound
from tests.unit.ultrasound import Pixels

SETTINGS = Splitting(7, minimum_images_per_class=3, split_stable=False, split_folds=5)
# The published data set is not ours to ship. Put it here to have it checked as well.
ROOT = Path(__file__).resolve().parents[4]
NAME = "Dataset_BUSI_gray.zip"  # not ours to ship
PLACES = [ROOT / "data" / NAME, ROOT.parent / "shared" / "data" / "busi" / NAME]
BUSI = next((place for place in PLACES if place.exists()), PLACES[0])


def staged(pictures: dict[str, Pixels], **fields: dict[str, Any]) -> StagedImages:
    """Of pictures by source, `<class>/<name>`; fields hold more of an entry, by source."""
    whole = StagedImages([], {}, [])
    for source, pixels in pictures.items():
        look = fingerprint(pixels)
        entry = {
            "id": f"id of {source}",
            "class": source.split("/")[0],
            "source": source,
            "sha256": images.digest(pixels),
            "phash": look.document()["phash"],
            "flags": [],
            "given_split": None,
            "group_hint": None,
        }
        entry |= {name: values[source] for name, values in fields.items() if source in values}
        whole.entries.append(entry)
        whole.looks[entry["id"]] = look
    return whole


def singles(per_class: int = 12) -> dict[str, Pixels]:
    labels = ("benign", "malignant", "normal")
    return {
        f"{label}/{number}.png": ultrasound.scan(1000 * at + number)
        for at, label in enumerate(labels)
        for number in range(per_class)
    }


def freeze(found: StagedImages, **kept: str) -> FrozenSplits:
    return freezing.freeze(found, SETTINGS, kept)


def by_source(frozen: FrozenSplits) -> dict[str, dict[str, Any]]:
    return {entry["source"]: entry for entry in frozen.entries}


# Another hash, another correlation: nothing here is used by the product.
def difference_hash(pixels: Pixels) -> npt.NDArray[np.bool_]:
    small = Image.fromarray(pixels).resize((17, 16), Image.Resampling.LANCZOS)
    values = np.asarray(small, dtype=np.int16)
    return (values[:, 1:] > values[:, :-1]).ravel()


def leaks(pictures: dict[str, Pixels], frozen: FrozenSplits, bits: int, least: float) -> list[str]:
    """Pairs across splits: near by a 16 × 16 difference hash and correlated at 64 × 64."""
    index = by_source(frozen)
    sources = list(pictures)
    hashes = np.array([difference_hash(pictures[source]) for source in sources], dtype=np.int32)
    distance = hashes @ (1 - hashes.T) + (1 - hashes) @ hashes.T
    looks = [Image.fromarray(pictures[s]).resize((64, 64), Image.Resampling.BOX) for s in sources]
    correlation = np.corrcoef([np.asarray(look, dtype=np.float64).ravel() for look in looks])
    near = np.argwhere(np.triu((distance <= bits) & (correlation >= least), 1))
    return [
        f"{sources[a]} | {sources[b]}"
        for a, b in near
        if index[sources[a]]["split"] != index[sources[b]]["split"]
    ]


def test_no_changed_copy_crosses_a_split_by_an_independent_check() -> None:
    pictures = singles(20)
    for number in range(20):
        for change in ultrasound.COPIES:
            source = f"benign/{number}.png"
            pictures[f"benign/{number} {change.__name__}.png"] = change(pictures[source])

    frozen = freeze(staged(pictures))

    assert leaks(pictures, frozen, bits=60, least=0.9) == []
    scattered = [{**e, "split": number % 3} for number, e in enumerate(frozen.entries)]
    assert len(leaks(pictures, FrozenSplits(scattered, []), bits=60, least=0.9)) > 50


def test_entries_get_group_split_fold_and_flags() -> None:
    pictures = singles()
    pictures["benign/same.png"] = pictures["benign/0.png"]
    pictures["benign/alike.png"] = ultrasound.jpeg(pictures["benign/1.png"])
    pictures["malignant/conflict.png"] = pictures["benign/2.png"]
    patients = {"normal/3.png": "patient 9", "normal/4.png": "patient 9"}

    frozen = freeze(staged(pictures, group_hint=patients))

    index = by_source(frozen)
    assert index["benign/same.png"]["flags"] == ["identical-pixels"]
    assert index["benign/1.png"]["flags"] == ["near-duplicate"]
    assert index["benign/2.png"]["flags"] == ["conflicting-labels"]
    assert index["malignant/conflict.png"]["split"] == index["benign/2.png"]["split"] == "train"
    assert index["normal/3.png"]["flags"] == []
    assert index["normal/3.png"]["group"] == index["normal/4.png"]["group"]
    kinds = [[link["kind"] for link in line["links"]] for line in frozen.duplicates()]
    assert sorted(kinds) == [["given"], ["near"], ["pixels"], ["pixels"]]
    assert [line["conflict"] for line in frozen.duplicates()].count(True) == 1
    folds = frozen.folds(5)
    assert folds["k"] == 5
    assert folds["folds"] == {entry["id"]: entry["fold"] for entry in frozen.entries}
    assert set(folds["folds"].values()) == {0, 1, 2, 3, 4}
    assert "patient 9" not in str(frozen.entries)


def test_the_order_of_the_entries_does_not_matter() -> None:
    pictures = singles(6)
    pictures["benign/alike.png"] = ultrasound.jpeg(pictures["benign/1.png"])
    shuffled = list(pictures.items())[::-2] + list(pictures.items())[-2::-2]

    first, second = freeze(staged(pictures)), freeze(staged(dict(shuffled)))

    assert by_source(first) == by_source(second)
    assert first.duplicates() == second.duplicates()


@pytest.mark.parametrize("wanted", ["", "given"])
def test_given_splits_that_hold_the_same_picture_are_said_and_refused_where_they_are_wanted(
    wanted: str,
) -> None:
    pictures = singles(4)
    pictures["benign/copy.png"] = ultrasound.gamma(pictures["benign/0.png"])
    given = {source: "train" for source in pictures} | {"benign/copy.png": "test"}

    found = dataclasses.replace(staged(pictures, given_split=given), splits=wanted)
    if wanted:
        with pytest.raises(DatasetRefused, match=r"split-leak: .*benign/0\.png.*benign/copy\.png"):
            freeze(found)
        return
    frozen = freeze(found)
    index = by_source(frozen)
    (told,) = frozen.assumptions
    assert (told.code, told.settle) == ("official-split-leak", '{"splits": "given"}')
    assert "part 1 group of images" in told.detail
    flagged = {source for source, e in index.items() if "official-split-leak" in e["flags"]}
    assert flagged == {"benign/0.png", "benign/copy.png"}
    assert index["benign/0.png"]["split"] == index["benign/copy.png"]["split"]
    assert index["benign/copy.png"]["official_split"] == "test"
    assert {entry["split"] for entry in index.values()} == {"train", "validation", "test"}


def test_a_split_that_was_frozen_earlier_wins_over_the_archive_s() -> None:
    pictures = singles(20)
    first = freeze(staged(pictures))
    kept = first.kept({})
    moved = {
        source: "test" if e["split"] == "train" else "train"
        for source, e in by_source(first).items()
    }

    second = freeze(staged(pictures, given_split=moved), **kept)

    before = {source: entry["split"] for source, entry in by_source(first).items()}
    assert {source: entry["split"] for source, entry in by_source(second).items()} == before


def given_folds(pictures: dict[str, Pixels], number: int = 5) -> dict[str, dict[str, int]]:
    return {source: {str(number): at % number} for at, source in enumerate(sorted(pictures))}


def test_folds_that_the_archive_gives_are_kept() -> None:
    pictures = singles(10)
    given = given_folds(pictures)

    frozen = freeze(staged(pictures, official_folds=given))

    assert {s: e["fold"] for s, e in by_source(frozen).items()} == {
        s: f["5"] for s, f in given.items()
    }
    assert [one.code for one in frozen.assumptions] == ["folds-given"]


def test_folds_that_part_look_alikes_are_drawn_anew_and_said() -> None:
    pictures = singles(10)
    pictures["benign/copy.png"] = ultrasound.gamma(pictures["benign/0.png"])
    given = given_folds(pictures) | {"benign/0.png": {"5": 0}, "benign/copy.png": {"5": 1}}

    frozen = freeze(staged(pictures, official_folds=given))

    index = by_source(frozen)
    assert [one.code for one in frozen.assumptions] == ["official-fold-leak"]
    assert index["benign/0.png"]["fold"] == index["benign/copy.png"]["fold"]
    assert "official-fold-leak" in index["benign/copy.png"]["flags"]


@pytest.mark.parametrize(
    ("number", "left_out", "why"), [(10, 0, "as 5 are wanted"), (5, 1, "29 of 30")]
)
def test_folds_of_another_number_or_of_some_images_are_not_kept_and_said(
    number: int, left_out: int, why: str
) -> None:
    pictures = singles(10)
    given = dict(list(given_folds(pictures, number).items())[left_out:])

    (told,) = freeze(staged(pictures, official_folds=given)).assumptions

    assert told.code == "folds-not-kept"
    assert why in told.detail


def test_pictures_stay_where_they_were_kept_and_take_new_copies_along() -> None:
    stable = dataclasses.replace(SETTINGS, split_stable=True)
    old = singles(20)
    first = freezing.freeze(staged(old), stable, {})
    copies = {
        source.replace(".png", " copy.png"): ultrasound.gamma(pixels)
        for source, pixels in old.items()
    }

    second = freezing.freeze(staged({**copies, **old}), stable, first.kept({}))

    before, after = by_source(first), by_source(second)
    assert {source: entry["split"] for source, entry in before.items()} == {
        source: after[source]["split"] for source in before
    }
    for source in copies:
        assert after[source]["split"] == after[source.replace(" copy", "")]["split"]
    assert len({entry["split"] for entry in before.values()}) == 3


@pytest.mark.slow
@pytest.mark.skipif(not BUSI.exists(), reason=f"the BUSI archive is not at {BUSI}")
def test_no_pair_of_busi_crosses_a_split_by_an_independent_check() -> None:
    with zipfile.ZipFile(BUSI) as archive:
        pictures = {
            "/".join(PurePosixPath(name).parts[-2:]): np.asarray(
                Image.open(io.BytesIO(archive.read(name))).convert("L")
            )
            for name in sorted(archive.namelist())
            if name.endswith(".png") and "_mask" not in name
        }

    frozen = freeze(staged(pictures))

    index = by_source(frozen)
    assert len(pictures) == 780
    assert leaks(pictures, frozen, bits=60, least=0.9) == []
    for source in ("benign/benign (433).png", "malignant/malignant (145).png"):
        assert "conflicting-labels" in index[source]["flags"]
        assert index[source]["split"] == "train"

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonoflow.errors import DatasetRefused
from sonoflow.splits.assignment import Candidate, assign


def singles(**classes: int) -> list[Candidate]:
    return [
        Candidate(f"{label}-{number}", label, f"{label}-{number}")
        for label, images in classes.items()
        for number in range(images)
    ]


CANDIDATES = st.lists(
    st.tuples(st.sampled_from(["benign", "malignant", "normal"]), st.integers(0, 25)),
    max_size=80,
).map(
    lambda pairs: [
        Candidate(str(number), label, f"group-{group}")
        for number, (label, group) in enumerate(pairs)
    ]
)


@given(CANDIDATES, st.integers(0, 5))
def test_every_image_gets_one_split_and_a_group_stays_together(
    candidates: list[Candidate], seed: int
) -> None:
    chosen = assign(candidates, seed)

    assert set(chosen) == {candidate.identity for candidate in candidates}
    for group in {candidate.group for candidate in candidates}:
        assert len({chosen[c.identity] for c in candidates if c.group == group}) == 1


@given(CANDIDATES, st.randoms())
def test_the_order_of_the_images_does_not_matter(
    candidates: list[Candidate], random: object
) -> None:
    shuffled = list(candidates)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert assign(shuffled, 7) == assign(candidates, 7)


@given(st.integers(3, 60), st.integers(0, 1000))
def test_three_images_of_a_class_are_enough_for_all_splits(images: int, seed: int) -> None:
    counts = Counter(assign(singles(benign=images), seed).values())

    assert set(counts) == {"train", "validation", "test"}
    assert counts["validation"] == counts["test"] == max(1, int(images * 0.1 + 0.5))


@pytest.mark.parametrize("label", ["benign", "malignant", "normal"])
def test_every_class_is_split_80_10_10(label: str) -> None:
    candidates = singles(benign=437, malignant=210, normal=133)
    chosen = assign(candidates, 7)

    counts = Counter(chosen[c.identity] for c in candidates if c.label == label)
    total = sum(counts.values())
    assert counts["test"] == pytest.approx(total * 0.1, abs=0.51)
    assert counts["validation"] == pytest.approx(total * 0.1, abs=0.51)


def test_another_seed_gives_another_split() -> None:
    assert assign(singles(benign=50), 1) != assign(singles(benign=50), 2)


def test_a_group_in_conflict_trains() -> None:
    conflict = [
        Candidate("x", "benign", "same", conflict=True),
        Candidate("y", "malignant", "same", conflict=True),
        Candidate("z", "malignant", "same", given="test"),
    ]

    for seed in range(30):
        chosen = assign(singles(benign=4, malignant=4) + conflict, seed)
        assert (chosen["x"], chosen["y"], chosen["z"]) == ("train", "train", "train")


def test_a_large_group_does_not_swell_the_test_split() -> None:
    copies = [Candidate(f"copy-{number}", "benign", "copies") for number in range(10)]

    for seed in range(30):
        chosen = assign(singles(benign=10) + copies, seed)
        assert Counter(chosen.values())["test"] == 2


def test_the_split_stays_the_same_for_ever() -> None:
    """Figures of models are comparable only over the same test split."""
    chosen = assign(singles(benign=10, normal=10), 7)

    assert {i for i, split in chosen.items() if split == "test"} == {"benign-1", "normal-9"}


# Groups of one class each.
PURE = st.lists(
    st.tuples(st.sampled_from(["benign", "malignant", "normal"]), st.integers(1, 12)), max_size=60
).map(
    lambda groups: [
        Candidate(f"{group}-{number}", label, f"group-{group}")
        for group, (label, size) in enumerate(groups)
        for number in range(size)
    ]
)


@given(PURE, st.integers(0, 5))
def test_a_class_comes_within_one_group_of_its_share(
    candidates: list[Candidate], seed: int
) -> None:
    chosen = assign(candidates, seed)

    sizes = Counter(candidate.group for candidate in candidates)
    for label in {candidate.label for candidate in candidates}:
        images = [candidate for candidate in candidates if candidate.label == label]
        counts = Counter(chosen[image.identity] for image in images)
        largest = max(sizes[image.group] for image in images)
        ideal = len(images) * 0.1
        groups = len({image.group for image in images})
        assert abs(counts["test"] - ideal) <= largest
        if groups > 1:  # else test has taken the only one
            assert abs(counts["validation"] - ideal) <= largest
        if groups > 2:
            assert min(counts["train"], counts["validation"], counts["test"]) > 0


@given(PURE, PURE, st.integers(0, 5))
def test_a_stable_split_never_moves_what_was_there(
    old: list[Candidate], new: list[Candidate], seed: int
) -> None:
    added = [Candidate(f"new-{c.identity}", c.label, f"new-{c.group}") for c in new]

    before = assign(old, seed, stable=True)
    after = assign([*added, *old], seed, stable=True)

    assert before.items() <= after.items()


def test_a_stable_split_has_the_shares_on_average() -> None:
    counts = Counter(assign(singles(benign=20_000), 7, stable=True).values())

    assert counts["test"] == pytest.approx(2000, abs=150)
    assert counts["validation"] == pytest.approx(2000, abs=150)


@given(CANDIDATES, st.data(), st.booleans())
def test_a_given_split_is_kept_whatever_the_seed(
    candidates: list[Candidate], data: st.DataObject, stable: bool
) -> None:
    given_to = {
        group: data.draw(st.sampled_from(["train", "validation", "test", None]))
        for group in sorted({candidate.group for candidate in candidates})
    }
    named = [dataclasses.replace(c, given=given_to[c.group]) for c in candidates]

    chosen = assign(named, 7, stable=stable)

    for candidate in named:
        if candidate.given in ("validation", "test"):
            assert chosen[candidate.identity] == candidate.given
    if {"validation", "test"} <= set(given_to.values()):
        assert all(chosen[c.identity] == "train" for c in named if c.given == "train")


@pytest.mark.parametrize("stable", [False, True])
def test_a_validation_split_that_is_not_given_is_drawn_from_train(stable: bool) -> None:
    images = [
        dataclasses.replace(image, given="test" if number % 5 == 0 else "train")
        for number, image in enumerate(singles(benign=100, normal=100))
    ]

    chosen = assign(images, 7, stable=stable)

    counts = Counter((image.given, chosen[image.identity]) for image in images)
    assert counts["test", "test"] == 40
    assert counts["train", "test"] == 0
    assert counts["train", "validation"] == pytest.approx(20, abs=9 if stable else 0)


def test_given_splits_that_part_a_group_are_refused_and_the_images_named() -> None:
    images = [
        Candidate("x", "benign", "same", "train", source="train/benign/1.png"),
        Candidate("y", "benign", "same", "test", source="test/benign/9.png"),
    ]

    with pytest.raises(DatasetRefused, match=r"test/benign/9\.png \(test\).*train/benign/1\.png"):
        assign(singles(benign=5) + images, 7)


def test_patients_with_several_findings_spread_over_the_splits() -> None:
    images = [
        Candidate(f"{patient}-{label}", label, f"patient-{patient}")
        for patient in range(100)
        for label in ("benign", "normal")
    ]

    counts = Counter(assign(images, 7).values())

    assert counts == {"train": 160, "validation": 20, "test": 20}

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonoflow.splits import Candidate, assign


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


def test_a_group_with_two_labels_trains() -> None:
    conflict = [Candidate("x", "benign", "same"), Candidate("y", "malignant", "same")]

    for seed in range(30):
        chosen = assign(singles(benign=4, malignant=4) + conflict, seed)
        assert (chosen["x"], chosen["y"]) == ("train", "train")


def test_a_large_group_does_not_swell_the_test_split() -> None:
    copies = [Candidate(f"copy-{number}", "benign", "copies") for number in range(10)]

    for seed in range(30):
        chosen = assign(singles(benign=10) + copies, seed)
        assert Counter(chosen.values())["test"] == 2


def test_the_split_stays_the_same_for_ever() -> None:
    """Figures of models are comparable only over the same test split."""
    chosen = assign(singles(benign=10, normal=10), 7)

    assert {i for i, split in chosen.items() if split == "test"} == {"benign-1", "normal-9"}

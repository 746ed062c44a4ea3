from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from sonoflow.splits import folds
from sonoflow.splits.assignment import Candidate

# Groups of one class each, as most are.
CANDIDATES = st.lists(
    st.tuples(st.sampled_from(["benign", "malignant", "normal"]), st.integers(1, 8)), max_size=40
).map(
    lambda groups: [
        Candidate(f"{group}-{number}", label, f"group-{group}")
        for group, (label, size) in enumerate(groups)
        for number in range(size)
    ]
)


@given(CANDIDATES, st.integers(2, 7), st.integers(0, 3))
def test_folds_part_no_group_and_share_each_class(
    candidates: list[Candidate], number: int, seed: int
) -> None:
    chosen = folds.assign(candidates, number, seed)

    assert set(chosen) == {candidate.identity for candidate in candidates}
    groups = Counter(candidate.group for candidate in candidates)
    for group in groups:
        assert len({chosen[c.identity] for c in candidates if c.group == group}) == 1
    for label in {candidate.label for candidate in candidates}:
        counts = Counter(chosen[c.identity] for c in candidates if c.label == label)
        largest = max(groups[c.group] for c in candidates if c.label == label)
        sizes = [counts[fold] for fold in range(number)]
        assert max(sizes) - min(sizes) <= largest


@given(CANDIDATES, st.randoms())
def test_the_order_of_the_images_does_not_matter(
    candidates: list[Candidate], random: object
) -> None:
    shuffled = list(candidates)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert folds.assign(shuffled, 5, 7) == folds.assign(candidates, 5, 7)

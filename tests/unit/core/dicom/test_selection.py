from __future__ import annotations

import pytest

from sonoflow.dicom import selection


@pytest.mark.parametrize(
    ("count", "most", "numbers"),
    [
        (1, 16, [0]),
        (16, 16, list(range(16))),
        (31, 16, list(range(0, 31, 2))),
        (100, 2, [0, 99]),
        (9, 1, [4]),
        (10, 4, [0, 3, 6, 9]),
    ],
)
def test_frames_are_all_or_at_equal_distances(count: int, most: int, numbers: list[int]) -> None:
    assert selection.spread(count, most) == numbers


def test_no_frame_is_chosen_twice() -> None:
    for count in range(1, 60):
        for most in range(1, 20):
            found = selection.spread(count, most)
            assert len(set(found)) == len(found) == min(count, most)
            assert found == sorted(found)
            assert found[-1] < count

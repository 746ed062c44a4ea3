from __future__ import annotations

import numpy as np
import pytest

from sonoflow.images.fingerprints import fingerprint
from sonoflow.splits import similarity
from tests.unit import ultrasound


def stacked(*pictures: ultrasound.Pixels) -> similarity.Thumbs:
    return np.stack([fingerprint(pixels).thumb for pixels in pictures])


def test_the_plain_correlation_is_pearsons() -> None:
    first, second = stacked(ultrasound.scan(1)), stacked(ultrasound.scan(2))

    _, correlation = similarity.confirmed(first, second)

    expected = np.corrcoef(first.ravel(), second.ravel())[0, 1]
    assert correlation[0] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("change", ultrasound.COPIES, ids=lambda change: change.__name__)
def test_a_changed_copy_is_the_same_picture(change: object) -> None:
    scans = [ultrasound.scan(seed) for seed in range(10)]

    same, _ = similarity.confirmed(
        stacked(*scans),
        stacked(*(change(scan) for scan in scans)),  # type: ignore[operator]
    )

    assert same.all()


def test_the_same_depth_with_other_detail_is_another_picture() -> None:
    """What unrelated scans share: bright above, dark below."""
    depth = np.linspace(220, 20, 320)[:, None]
    noise = [ultrasound.scan(seed).astype(float) - 128 for seed in (1, 2)]
    first, second = (stacked(np.clip(depth + n / 8, 0, 255).astype(np.uint8)) for n in noise)

    same, correlation = similarity.confirmed(first, second)

    assert correlation[0] > similarity.CORRELATION_MINIMUM
    assert not same[0]


def test_a_flat_picture_is_like_nothing_not_even_itself() -> None:
    flat = np.full((1, 32, 32), 7, dtype=np.uint8)

    same, correlation = similarity.confirmed(flat, flat)

    assert not same[0]
    assert correlation[0] == 0


def test_nothing_compares_to_nothing() -> None:
    none = np.empty((0, 32, 32), dtype=np.uint8)

    assert len(similarity.confirmed(none, none)[0]) == 0

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonoflow.errors import PayloadInvalid
from sonoflow.images import fingerprints
from tests.unit import ultrasound


@given(st.integers(1, 100), st.integers(1, 100), st.integers(0, 99))
def test_the_thumbnail_is_the_mean_of_each_cell(height: int, width: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)

    # Every pixel as 32 × 32 small ones makes the cells whole numbers of them.
    fine = np.repeat(np.repeat(pixels.astype(np.int64), 32, axis=0), 32, axis=1)
    means = fine.reshape(32, height, 32, width).sum(axis=(1, 3))
    expected = (2 * means + height * width) // (2 * height * width)
    assert np.array_equal(fingerprints.fingerprint(pixels).thumb, expected)


def test_the_hash_compares_the_lowest_frequencies_with_their_median() -> None:
    """Against a plain DCT in floating point: rounding may turn a bit at the median, no more."""
    position = np.arange(32) + 0.5
    basis = np.cos(np.pi * np.outer(np.arange(8), position) / 32)
    for seed in range(20):
        look = fingerprints.fingerprint(ultrasound.scan(seed))
        coefficients = (basis @ look.thumb @ basis.T).ravel()
        bits = "".join("01"[int(c > np.median(coefficients))] for c in coefficients)
        assert (int(bits, 2) ^ look.phash).bit_count() <= 1


def test_fingerprints_stay_the_same_for_ever() -> None:
    """They are compared across versions of a data set and across machines."""
    y, x = np.mgrid[:97, :131]
    pixels = ((x * x + 3 * y * y + x * y) // 64 % 256).astype(np.uint8)

    assert fingerprints.fingerprint(pixels).document()["phash"] == "95153535ed0af28e"


def test_a_fingerprint_survives_its_document() -> None:
    look = fingerprints.fingerprint(ultrasound.scan(1))

    document = look.document()
    again = fingerprints.parse(document)

    assert (len(document["phash"]), len(document["thumb"])) == (16, 1368)
    assert again.phash == look.phash
    assert np.array_equal(again.thumb, look.thumb)


@pytest.mark.parametrize(
    "change",
    [{"phash": None}, {"phash": "no hash"}, {"thumb": "AAAA"}, {"thumb": "!"}, {"thumb": None}],
    ids=str,
)
def test_an_entry_without_a_usable_fingerprint_is_named(change: dict[str, str | None]) -> None:
    document = {**fingerprints.fingerprint(ultrasound.scan(1)).document(), "source": "a/b.png"}

    with pytest.raises(PayloadInvalid, match=r"a/b\.png"):
        fingerprints.parse({**document, **change})

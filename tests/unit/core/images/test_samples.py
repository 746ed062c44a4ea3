from __future__ import annotations

from sonoflow.images import samples
from sonoflow.images.layouts import Scan
from tests.unit import pictures
from tests.unit.core.images import test_looks


def scans(*names: str, masks: bool = True) -> list[Scan]:
    return [Scan(n, (f"{n}_mask.png",) if masks else (), "benign", None) for n in names]


def test_images_come_with_their_masks_and_what_is_no_picture_without() -> None:
    files = {"a": pictures.png(), "a_mask.png": pictures.png(1), "b": b"x", "b_mask.png": b"y"}

    one, other = samples.take(scans("a", "b"), test_looks.of(files))

    assert (one.image, one.masks) == (files["a"], (files["a_mask.png"],))
    assert (other.image, other.masks) == (None, ())
    assert one.picture() is not None
    assert other.picture() is None
    assert other.decoded() is None


def test_of_many_images_some_are_taken_from_the_whole() -> None:
    names = [f"{n:03}" for n in range(200)]
    single = [f"single {n}" for n in range(50)]
    files = dict.fromkeys((*names, *(f"{n}_mask.png" for n in names), *single), b"x")

    reader = test_looks.of(files)
    taken = samples.take([*scans(*names), *scans(*single, masks=False)], reader)

    assert len(taken) == samples.PAIRS + samples.SINGLE
    assert reader.left == 256 - 2 * samples.PAIRS - samples.SINGLE


def test_no_more_is_decoded_than_a_plan_has_time_for() -> None:
    large = pictures.encode(pictures.scan(width=2800, height=2800).convert("1"))
    names = [str(n) for n in range(12)]
    files = {name: large for name in names}

    assert len(samples.take(scans(*names, masks=False), test_looks.of(files))) == 8


def test_a_mask_that_cannot_be_read_is_left_out() -> None:
    sample = samples.Sample("benign", None, (b"x", pictures.encode(pictures.lesion(1, 1, 9, 9))))

    assert len(list(sample.stored_masks())) == 1

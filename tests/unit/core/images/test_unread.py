from __future__ import annotations

from sonoflow.images import unread
from sonoflow.images.batches import PlannedImage
from sonoflow.quarantine import SetAside


def image(name: str, *masks: str) -> PlannedImage:
    return PlannedImage(name, masks, "benign", ())


def test_the_largest_cause_comes_first_in_its_own_words() -> None:
    aside = [SetAside(f"{n}.png", "no-class", "nothing tells the class") for n in range(3)]
    aside.append(SetAside("a.txt", "unsupported-extension", "no image"))

    refused = unread.nothing_left(aside)

    assert refused.reason == "no-images"
    assert refused.detail.startswith("3 × no-class: nothing tells the class")


def test_an_encrypted_archive_is_called_so() -> None:
    assert unread.nothing_left([SetAside("a.png", "encrypted", "locked")]).reason == "encrypted"


def test_masks_that_cannot_be_read_are_said_where_images_have_none() -> None:
    aside = [SetAside("a_mask.nii", "unsupported-extension", "no image")]

    (said,) = unread.lost_masks([image("a.png")], aside)

    assert "1 images have no mask" in said.detail
    assert unread.lost_masks([image("a.png", "a_mask.png")], aside) == []

from __future__ import annotations

import pytest

from sonoflow.dicom import scope
from sonoflow.errors import ImageRejected
from tests.unit.core.dicom.samples import CAPTURE, MAMMOGRAPHY, US_IMAGE, US_LOOP


@pytest.mark.parametrize(
    ("classes", "modality", "part", "flags"),
    [
        ((US_IMAGE, US_IMAGE), "US", "BREAST", ()),
        ((US_LOOP, ""), "US", "", ()),
        (("", US_LOOP), "", "", ()),
        ((CAPTURE, CAPTURE), "US", "", ("secondary-capture",)),
        (("", ""), "US", "", ("secondary-capture",)),
        ((US_IMAGE, ""), "US", "HEART", ("other-body-part",)),
    ],
)
def test_ultrasound_is_taken(
    classes: tuple[str, str], modality: str, part: str, flags: tuple[str, ...]
) -> None:
    assert scope.check(classes, modality, part) == flags


@pytest.mark.parametrize(
    ("classes", "modality", "said"),
    [
        ((MAMMOGRAPHY, MAMMOGRAPHY), "MG", "mammography"),
        ((MAMMOGRAPHY, ""), "US", "mammography"),
        (("", MAMMOGRAPHY), "US", "mammography"),
        ((US_IMAGE, MAMMOGRAPHY), "US", "mammography"),
        ((US_IMAGE, US_IMAGE), "MG", "mammography"),
        ((CAPTURE, CAPTURE), "MG", "mammography"),
        ((CAPTURE, CAPTURE), "OT", "other"),
        ((CAPTURE, CAPTURE), "", "does not name"),
        (("", ""), "", "does not name"),
        ((US_IMAGE, US_IMAGE), "IVUS", "intravascular"),
        (("1.2.840.10008.5.1.4.1.1.6.2", ""), "US", "volume"),
        (("1.2.3", ""), "US", "another"),
    ],
)
def test_anything_else_is_refused(classes: tuple[str, str], modality: str, said: str) -> None:
    with pytest.raises(ImageRejected, match=said) as caught:
        scope.check(classes, modality, "")

    assert caught.value.reason == "not-ultrasound"


def test_what_stands_in_place_of_a_code_is_not_repeated() -> None:
    with pytest.raises(ImageRejected) as caught:
        scope.check(("1.2.3.4711", ""), "US", "")
    with pytest.raises(ImageRejected) as other:
        scope.check((US_IMAGE, ""), "DOE", "")

    assert "4711" not in caught.value.detail
    assert "DOE" not in other.value.detail

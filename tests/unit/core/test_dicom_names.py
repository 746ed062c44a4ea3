from __future__ import annotations

import pytest

from sonoflow import dicom_names


@pytest.mark.parametrize(
    ("path", "named", "may_be"),
    [
        ("a/x.dcm", True, True),
        ("a/X.DICOM", True, True),
        ("a/IM0001", False, True),
        ("1.2.840.113619.2.55", False, True),
        ("a/x.", False, True),
        ("v1.2/x.png", False, False),
        ("a/x.ima", False, False),
        ("a/x.dcm.png", False, False),
    ],
)
def test_what_may_be_dicom_is_told_by_its_name(path: str, named: bool, may_be: bool) -> None:
    assert (dicom_names.has_suffix(path), dicom_names.may_be(path)) == (named, may_be)

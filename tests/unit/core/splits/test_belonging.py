from __future__ import annotations

import pytest

from sonoflow.errors import DatasetRefused
from sonoflow.images.parts import Entry
from sonoflow.splits import belonging


def entry(number: int, **hints: str) -> Entry:
    return {"id": f"{number}", **hints}


def test_each_hint_links_for_itself() -> None:
    entries = [
        entry(1, patient_hint="a", study_hint="s"),
        entry(2, patient_hint="a", study_hint="t"),
        entry(3, study_hint="t"),
        entry(4, object_hint="o", group_hint="a"),
        entry(5, object_hint="o"),
        entry(6),
    ]

    found = {(link.a, link.b) for link in belonging.links(entries)}

    assert found == {("1", "2"), ("2", "3"), ("4", "5")}


def test_hints_are_forgotten() -> None:
    one = entry(1, patient_hint="a", study_hint="s", object_hint="o", group_hint="g")

    belonging.forget([one])

    assert one == {"id": "1"}


def test_a_set_of_one_patient_is_refused_with_what_settles_it() -> None:
    same = [entry(n, patient_hint="a") for n in range(3)]

    with pytest.raises(DatasetRefused, match=r'one-patient: all 3 DICOM objects .*"none"'):
        belonging.check_patients(same)
    belonging.check_patients(same[:2])
    belonging.check_patients([*same, entry(9, patient_hint="b")])
    belonging.check_patients([*same, entry(9)])
    belonging.check_patients([entry(n, patient_hint="a", object_hint="o") for n in range(3)])

from __future__ import annotations

import pytest

from sonoflow.dicom import belonging, files
from sonoflow.errors import ImageRejected
from tests.unit.core.dicom import samples

KEY = b"k" * 32


def of(key: bytes = KEY, syntax: object = samples.LITTLE, **tags: object) -> belonging.Belonging:
    data = samples.file(samples.ramp(), syntax, **tags)
    return belonging.read(files.read(data, files.KEPT | belonging.TAGS), key)


@pytest.mark.parametrize(
    "syntax", [samples.LITTLE, samples.IMPLICIT, samples.BIG, samples.DEFLATED]
)
def test_one_patient_is_one_however_the_object_is_written(syntax: object) -> None:
    told = of(PatientID="4711", StudyInstanceUID="1.2.3")

    assert of(syntax=syntax, PatientID="4711 ", StudyInstanceUID="1.2.3") == told
    assert None not in (told.patient, told.study)
    assert told.patient != told.study


def test_patients_and_studies_are_told_apart_and_patients_are_no_studies() -> None:
    told = of(PatientID="4711", StudyInstanceUID="1.2.3")
    other = of(PatientID="4712", StudyInstanceUID="1.2.4")
    swapped = of(PatientID="1.2.3", StudyInstanceUID="1.2.3")

    assert len({told.patient, told.study, other.patient, other.study}) == 4
    assert swapped.patient != told.study


def test_without_the_key_nobody_can_try_all_numbers() -> None:
    told, other = of(PatientID="4711"), of(key=b"other", PatientID="4711")

    assert told.patient != other.patient
    assert told.patient is not None and len(told.patient) == 32


@pytest.mark.parametrize("word", ["", " ", "0", "0000", "ANONYMOUS", "<Unknown>", "N/A", "anon"])
def test_a_placeholder_is_no_patient(word: str) -> None:
    assert of(PatientID=word, StudyInstanceUID="1.2.3").patient is None


def test_what_says_nothing_belongs_to_nobody() -> None:
    assert of() == belonging.Belonging(None, None)


def test_a_patient_who_is_named_twice_is_refused_and_not_repeated() -> None:
    data = samples.file(samples.ramp(), PatientID="SECRET")
    at = data.index(b"\x10\0\x20\0LO")
    twice = data[:at] + data[at : at + 14] + data[at:]

    with pytest.raises(ImageRejected, match=r"\(0010,0020\) is there twice") as raised:
        files.read(twice, files.KEPT | belonging.TAGS)
    assert "SECRET" not in str(raised.value)


def test_a_number_of_any_length_is_refused() -> None:
    with pytest.raises(ImageRejected, match="dicom-damaged"), pytest.warns(UserWarning):
        of(PatientID="7" * 300)

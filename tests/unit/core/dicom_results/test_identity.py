from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.uid import UID

from sonoflow.dicom_results import identity
from sonoflow.dicom_results.finding import Source
from tests.unit.core.dicom_results.findings import LOOP, finding


def test_a_uid_is_valid_and_made_of_what_it_is_given() -> None:
    found = [identity.uid("a", "b"), identity.uid("ab"), identity.uid("a", "c")]

    assert len(set(found)) == 3
    assert identity.uid("a", "b") == found[0]
    assert all(UID(uid).is_valid and uid.startswith("2.25.") for uid in found)


def test_whoever_has_the_object_can_make_the_uids_that_stand_for_its_own() -> None:
    one, again, other = finding(), finding(answer="another"), finding(sha256="cd" * 32)

    for kind in (identity.STUDY, identity.SERIES, identity.INSTANCE):
        assert identity.of_source(one, kind) == identity.of_source(again, kind)
        assert identity.of_source(one, kind) != identity.of_source(other, kind)
    assert identity.of_source(one, identity.STUDY) == identity.uid("study", "ab" * 32)


def test_the_stand_in_says_nothing_of_a_patient() -> None:
    found = identity.stand_in(finding())

    said = {element.keyword for element in found if element.value not in (None, "")}
    assert said == {
        *("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"),
        *("Modality", "Rows", "Columns"),
    }


def test_references_to_others_stay_as_they_are() -> None:
    given = finding(source=Source(LOOP, 2, 4, clean=True))
    result, other = Dataset(), Dataset()
    other.ReferencedSOPClassUID, other.ReferencedSOPInstanceUID = UID("1.2.3"), "1.2.4"
    result.SourceImageSequence = [other]

    identity.name_source(result, given)

    assert result.SourceImageSequence[0].ReferencedSOPClassUID == "1.2.3"

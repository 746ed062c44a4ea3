from __future__ import annotations

from collections.abc import Mapping, Sequence

from sonoflow.images import unnamed

DICOM = b"\0" * 128 + b"DICM"


class Heads:
    def __init__(self, *dicom: str) -> None:
        self.dicom, self.asked = dicom, 0

    def __call__(self, paths: Sequence[str]) -> Mapping[str, bytes]:
        self.asked += len(paths)
        return {path: DICOM if path.startswith(self.dicom) else b"x" for path in paths}


def test_what_a_kind_of_folder_holds_is_told_by_a_few_of_its_files() -> None:
    names = [f"benign/P{n}/IM{m}" for n in range(40) for m in range(3)]
    heads = Heads("benign")

    found, _ = unnamed.find([*names, "README", "docs/LICENSE", "a/x.png", "a/y.dcm"], heads)

    assert found == set(names)
    assert heads.asked == 3 + 2


def test_folders_of_too_many_kinds_are_taken_for_what_others_are() -> None:
    names = [f"{chr(97 + n % 26)}{chr(97 + n // 26)}/x" for n in range(60)]

    assert unnamed.find(names, Heads("aa"))[0] >= {names[0], *sorted(names)[-12:]}
    assert unnamed.find(names, Heads("nothing"))[0] == frozenset()


def test_a_table_of_contents_is_no_picture() -> None:
    found, aside = unnamed.find(["DICOMDIR", "x/dicomdir", "x/IM1"], Heads(""))

    assert found == {"x/IM1"}
    assert [(one.source, one.reason) for one in aside] == [
        ("DICOMDIR", "not-ultrasound"),
        ("x/dicomdir", "not-ultrasound"),
    ]


def test_where_nothing_may_be_dicom_nothing_is_read() -> None:
    heads = Heads("")

    assert unnamed.find(["a/x.png", "b.csv"], heads) == (frozenset(), [])
    assert heads.asked == 0

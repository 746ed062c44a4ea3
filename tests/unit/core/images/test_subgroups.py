from __future__ import annotations

import pytest

from sonoflow.errors import DatasetRefused, ImageRejected
from sonoflow.images import subgroups
from sonoflow.images.table_hints import UNUSED_TABLE
from sonoflow.quarantine import SetAside

PATHS = ("benign/a.png", "benign/a_mask.png", "benign/b.png", "malignant/c.png", "list.csv")
TABLE = "ID,Device,Patient\na.png,GE,1\nb.png,Philips,2\nc.png,GE,3\n"
EXTERNAL = {"role": "external"}


def gather(
    table: str = TABLE, mapping: dict[str, object] | None = None, paths: tuple[str, ...] = PATHS
) -> subgroups.Subgroups:
    return subgroups.gather(
        paths, lambda path: table.encode(), EXTERNAL if mapping is None else mapping
    )


def told(*columns: str, **other: str) -> dict[str, object]:
    return {
        **EXTERNAL,
        "subgroups": {"file": "list.csv", "image": "ID", "columns": list(columns), **other},
    }


def test_a_column_that_is_called_as_a_device_is_taken_and_said() -> None:
    found = gather()

    assert found.by_image == {
        "benign/a.png": {"Device": "GE"},
        "benign/b.png": {"Device": "Philips"},
        "malignant/c.png": {"Device": "GE"},
    }
    assert [one.code for one in found.assumptions] == ["subgroups-from-table"]


def test_the_mapping_names_others_and_nothing_is_assumed() -> None:
    found = gather(TABLE.replace("Patient", "Ward"), told("Ward"))

    assert found.by_image["malignant/c.png"] == {"Ward": "3"}
    assert found.assumptions == []


def test_only_an_external_set_has_any() -> None:
    assert gather(mapping={}).by_image == {}


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        (told("Scanner"), "no column 'Scanner'"),
        (told("Device", file="other.csv"), "names the table 'other.csv'"),
        (told("Device", image="Nothing"), "names no image"),
    ],
)
def test_what_a_mapping_names_must_be_there(mapping: dict[str, object], words: str) -> None:
    with pytest.raises(DatasetRefused, match=words):
        gather(mapping=mapping)


def test_a_column_that_names_patients_is_published_in_no_case() -> None:
    names = tuple(f"benign/{number}.png" for number in range(30))
    rows = "".join(f"{number}.png,Smith {number}\n" for number in range(30))

    with pytest.raises(DatasetRefused, match="seems to name images or patients"):
        gather(f"ID,Ward\n{rows}", told("Ward"), (*names, "list.csv"))
    assert gather(f"ID,Device\n{rows}", paths=(*names, "list.csv")).by_image == {}


def test_one_device_tells_nothing_apart() -> None:
    assert gather(TABLE.replace("Philips", "GE")).by_image == {}


def test_a_table_that_cannot_be_read_is_left_to_those_who_say_so() -> None:
    def unreadable(path: str) -> bytes:
        raise ImageRejected("truncated", "cut off")

    assert subgroups.gather(PATHS, unreadable, EXTERNAL).by_image == {}


def test_a_table_of_which_something_is_used_is_not_called_unused() -> None:
    aside = [SetAside("list.csv", UNUSED_TABLE, "nothing"), SetAside("x.csv", UNUSED_TABLE, "no")]

    assert [entry.source for entry in gather().without(aside)] == ["x.csv"]

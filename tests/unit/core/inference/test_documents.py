from __future__ import annotations

from sonoflow.aws.uploads import Upload
from sonoflow.errors import BulkRejected, ImageRejected
from sonoflow.inference import documents

UPLOAD = Upload("uploads", "inbox/ward3/a.png", "v1", 80, "0055AED6DCD90281E5")


def test_a_rejection_is_of_the_same_version_of_the_schema() -> None:
    found = documents.rejection(UPLOAD, ImageRejected("empty", "the file has 0 bytes"))

    assert (found["schema_version"], found["notice"]) == (2, "research use only")
    assert (found["reason"], found["detail"]) == ("empty", "the file has 0 bytes")


def test_a_zips_names_the_zip_and_an_image_of_it_both() -> None:
    inside = Upload("uploads", "inbox/week.zip/a.png", "v1", 80, "0A", "inbox/week.zip")

    whole = documents.rejection(UPLOAD, BulkRejected("not-a-zip", "no readable zip"))
    image = documents.rejection(inside, ImageRejected("empty", "the file has 0 bytes"))

    assert "archive" not in whole["image"]
    assert image["image"]["archive"] == "inbox/week.zip"

from __future__ import annotations

from typing import Any

import pytest

from sonoflow import settings
from sonoflow.aws.uploads import Upload
from sonoflow.errors import PayloadInvalid
from sonoflow.keys import Dataset
from sonoflow.reports import image_report, publishing, table_report
from sonoflow.reports.page import Copies, Report, Subject
from tests.unit import stack

SUBJECT = Subject(
    "busi-1", Dataset("busi", "0a1b2c3d4e5f"), Upload("u", "datasets/busi.zip", "v", 1)
)
RELEASE = {"model": "classifier", "evaluation_uri": f"s3://{stack.WORK}/training/c/evaluation.json"}


def two_copies(bucket: str, subject: Subject, judged: Any) -> Copies:
    assert [evaluation for _, evaluation in judged] == [{"images": 9}]
    return Copies(Report(b"{1}", b"<1>"), Report(b"{2}", b"<2>"))


def test_each_copy_goes_to_its_bucket(aws: None) -> None:
    stack.write(stack.WORK, "training/c/evaluation.json", '{"images": 9}')
    stack.write(stack.WORK, "training/c/model_card.md", "# Card")

    uri = publishing.publish(two_copies, SUBJECT, [RELEASE], settings.read(settings.Buckets))

    work, public = "datasets/busi/0a1b2c3d4e5f/report", "reports/busi/0a1b2c3d4e5f"
    assert uri == f"s3://{stack.RESULTS}/{public}/report.html"
    assert (
        stack.read(stack.WORK, f"{work}.json") + stack.read(stack.WORK, f"{work}.html") == b"{1}<1>"
    )
    assert {key: stack.read(stack.RESULTS, key) for key in stack.keys_of(stack.RESULTS)} == {
        f"{public}/classifier.evaluation.json": b'{\n "images": 9\n}',
        f"{public}/classifier/model_card.md": b"# Card",
        f"{public}/report.html": b"<2>",
        f"{public}/report.json": b"{2}",
    }


@pytest.mark.parametrize(
    ("payload", "make"),
    [
        ({}, image_report.make),
        ({"kind": "images"}, image_report.make),
        ({"kind": "table"}, table_report.make),
    ],
)
def test_the_kind_of_data_set_decides_who_makes_the_report(payload: Any, make: Any) -> None:
    assert publishing.maker(payload) is make


@pytest.mark.parametrize("kind", ["video", "", 1])
def test_another_kind_is_an_error(kind: Any) -> None:
    with pytest.raises(PayloadInvalid, match="'kind'"):
        publishing.maker({"kind": kind})

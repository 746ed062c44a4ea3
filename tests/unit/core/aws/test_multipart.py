from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sonoflow.aws import multipart
from sonoflow.aws.clients import client
from tests.unit import stack

KEY = "scores/a.csv.csv"
PIECE = b"0123456789abcdef" * 65_536  # 1 MiB


@pytest.fixture
def calls(aws: None) -> Iterator[list[str]]:
    """The names of the requests that S3 was sent."""
    names: list[str] = []

    def note(model: Any, **_: Any) -> None:
        names.append(model.name)

    client("s3").meta.events.register("before-call.s3", note)
    yield names
    client("s3").meta.events.unregister("before-call.s3", note)


def left_behind() -> list[Any]:
    uploads: list[Any] = (
        client("s3").list_multipart_uploads(Bucket=stack.RESULTS).get("Uploads", [])
    )
    return uploads


def uploading() -> Any:
    return multipart.uploading(stack.RESULTS, KEY, "text/csv", {"sonoflow-sequencer": "00A1"})


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (0, ["PutObject"]),
        (7, ["PutObject"]),
        (8, ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"]),
        (9, ["CreateMultipartUpload", "UploadPart", "UploadPart", "CompleteMultipartUpload"]),
    ],
)
def test_an_object_has_all_bytes_and_its_metadata_in_parts_if_it_is_large(
    calls: list[str], pieces: int, expected: list[str]
) -> None:
    with uploading() as upload:
        for _ in range(pieces):
            upload.write(PIECE)

    assert calls == expected
    answer = client("s3").get_object(Bucket=stack.RESULTS, Key=KEY)
    assert answer["Body"].read() == PIECE * pieces
    assert answer["ContentType"] == "text/csv"
    assert answer["Metadata"] == {"sonoflow-sequencer": "00A1"}


@pytest.mark.parametrize("pieces", [1, 20])
def test_after_an_error_there_is_no_object_and_no_part(calls: list[str], pieces: int) -> None:
    with pytest.raises(ValueError, match="half-way"), uploading() as upload:
        for _ in range(pieces):
            upload.write(PIECE)
        raise ValueError("half-way")

    assert stack.keys_of(stack.RESULTS) == []
    assert left_behind() == []


@pytest.mark.parametrize("pieces", [1, 20])
def test_an_object_that_is_finished_under_a_condition_is_not_finished_again(
    calls: list[str], pieces: int
) -> None:
    with uploading() as upload:
        for _ in range(pieces):
            upload.write(PIECE)
        answer = upload.finish(IfNoneMatch="*")

    assert calls[-1] == ("PutObject" if pieces == 1 else "CompleteMultipartUpload")
    head = client("s3").head_object(Bucket=stack.RESULTS, Key=KEY)
    assert answer["VersionId"] == head["VersionId"]


@pytest.mark.parametrize("pieces", [1, 20])
def test_an_object_whose_condition_is_not_met_does_not_appear(
    calls: list[str], pieces: int
) -> None:
    stack.write(stack.RESULTS, KEY, "before")

    with pytest.raises(ClientError, match="pre-conditions"), uploading() as upload:
        for _ in range(pieces):
            upload.write(PIECE)
        upload.finish(IfNoneMatch="*")

    assert stack.read(stack.RESULTS, KEY) == b"before"
    assert left_behind() == []


def test_parts_that_cannot_be_removed_are_told_of_beside_the_error(calls: list[str]) -> None:
    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Abort")

    client("s3").meta.events.register("before-call.s3.AbortMultipartUpload", refuse)
    try:
        with pytest.raises(ValueError, match="half-way") as raised, uploading() as upload:
            upload.write(PIECE * 8)
            raise ValueError("half-way")
    finally:
        client("s3").meta.events.unregister("before-call.s3.AbortMultipartUpload", refuse)

    assert "were left behind" in raised.value.__notes__[0]
    assert len(left_behind()) == 1

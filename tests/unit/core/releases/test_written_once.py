from __future__ import annotations

import hashlib
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sonoflow.aws.clients import client
from sonoflow.errors import CodeAltered, WeightsAltered
from sonoflow.releases import written_once
from tests.unit import stack

DATA = b"content"
KEY = f"weights/{hashlib.sha256(DATA).hexdigest()}.safetensors"
KIND = "application/octet-stream"


def store() -> str:
    return written_once.store(stack.WORK, KEY, DATA, KIND, WeightsAltered)


def test_what_is_there_already_is_held_against_its_name_and_not_written_again(aws: None) -> None:
    assert store() == f"s3://{stack.WORK}/{KEY}"
    before = client("s3").list_object_versions(Bucket=stack.WORK)["Versions"]

    assert store() == f"s3://{stack.WORK}/{KEY}"
    assert client("s3").list_object_versions(Bucket=stack.WORK)["Versions"] == before
    assert stack.read(stack.WORK, KEY) == DATA


@pytest.mark.parametrize("altered", [CodeAltered, WeightsAltered])
def test_what_someone_has_written_over_is_not_handed_on(
    aws: None, altered: type[CodeAltered]
) -> None:
    stack.write(stack.WORK, KEY, b"something else")

    with pytest.raises(altered, match=f"{KEY} holds other bytes than its name says"):
        written_once.store(stack.WORK, KEY, DATA, KIND, altered)

    assert stack.read(stack.WORK, KEY) == b"something else"


@pytest.mark.parametrize("conflicts", [1, 2, 3])
def test_two_writers_at_once_try_again_three_times_in_all(
    aws: None, monkeypatch: pytest.MonkeyPatch, conflicts: int
) -> None:
    s3 = client("s3")
    write, tries = s3.put_object, []

    def conflicting(**request: Any) -> Any:
        tries.append(request)
        if len(tries) <= conflicts:
            answer = {"Error": {"Code": "ConditionalRequestConflict", "Message": ""}}
            raise ClientError(answer, "PutObject")  # type: ignore[arg-type]
        return write(**request)

    monkeypatch.setattr(s3, "put_object", conflicting)

    if conflicts < 3:
        store()
        assert stack.read(stack.WORK, KEY) == DATA
    else:
        with pytest.raises(ClientError, match="ConditionalRequestConflict"):
            store()
    assert len(tries) == min(3, conflicts + 1)

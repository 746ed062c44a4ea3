from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonoflow.aws import uploads
from sonoflow.aws.clients import client
from sonoflow.errors import PayloadInvalid
from tests.unit import stack


def test_an_event_gives_the_upload_it_tells_of() -> None:
    upload = uploads.from_event(stack.event("plan_dataset.archive"))

    assert upload.bucket == stack.UPLOADS
    assert upload.key == "datasets/BUSI mini.zip"
    assert upload.version_id == "Wj7hQ2mXv0bT4nYpLs9kR3cE6dG8fUaZ"
    assert upload.size == 7438202
    assert upload.sequencer == "00691F3A0C5D2E8B41"


def test_a_states_input_gives_back_what_was_put_into_it() -> None:
    upload = uploads.Upload("bucket", "datasets/a.zip", "v1", 10)

    assert uploads.from_state({"upload": upload.facts()}) == upload


def test_a_bucket_without_versions_gives_uploads_without() -> None:
    event = stack.event("plan_dataset.archive")
    del event["detail"]["object"]["version-id"]

    assert uploads.from_event(event).version_id is None


@pytest.mark.parametrize("missing", ["bucket", "object"])
def test_an_event_without_its_facts_is_an_error(missing: str) -> None:
    event = stack.event("plan_dataset.archive")
    del event["detail"][missing]

    with pytest.raises(PayloadInvalid, match=rf"detail\.{missing}"):
        uploads.from_event(event)


@pytest.mark.parametrize("event", [{}, {"Event": "s3:TestEvent"}, [], "text", None])
def test_what_is_no_event_is_an_error(event: Any) -> None:
    with pytest.raises(PayloadInvalid, match="source"):
        uploads.from_event(event)


def test_a_sequencer_is_padded_on_the_right() -> None:
    assert uploads.is_newer("0055AED6DCD90281E51", "0055AED6DCD90281E5")
    assert uploads.is_newer("0055AED6DCD90281E6", "0055AED6DCD90281E51")
    assert not uploads.is_newer("0055AED6DCD90281E50", "0055AED6DCD90281E5")


HEX = st.text("0123456789ABCDEF", max_size=20)


@given(HEX, HEX)
def test_sequencers_have_one_order(one: str, other: str) -> None:
    assert not (uploads.is_newer(one, other) and uploads.is_newer(other, one))
    assert not uploads.is_newer(one, one)


@given(st.lists(HEX, max_size=4), st.text("123456789ABCDEF", min_size=1, max_size=20))
def test_a_sweeps_sequencer_comes_right_after_what_is_there(earlier: list[str], more: str) -> None:
    made = uploads.sequencer_after(earlier)

    assert uploads.is_swept(made)
    assert all(uploads.is_newer(made, each) for each in earlier)
    latest = max(earlier, key=lambda each: each.ljust(30, "0"), default="")
    assert uploads.is_newer(latest + more, made)  # whatever S3 gives next
    assert uploads.is_newer(uploads.sequencer_after([*earlier, made]), made)
    assert not any(uploads.is_swept(each) for each in earlier)


def test_a_newer_version_than_the_uploads_is_told_of(aws: None) -> None:
    bucket, key = stack.UPLOADS, "inbox/a.png"
    put = client("s3").put_object
    first = put(Bucket=bucket, Key=key, Body=b"1")["VersionId"]
    mine = uploads.Upload(bucket, key, first, 1)
    assert uploads.state(mine) is uploads.State.PRESENT

    put(Bucket=bucket, Key=key, Body=b"2")

    assert uploads.state(mine) is uploads.State.REPLACED
    assert uploads.exists(mine)
    assert uploads.state(uploads.Upload(bucket, key, None, 1)) is uploads.State.PRESENT

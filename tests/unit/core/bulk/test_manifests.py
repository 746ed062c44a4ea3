"""What a manifest may name, and what is said of what it may not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sonoflow import keys, settings
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from sonoflow.bulk import manifests
from sonoflow.errors import BulkRejected
from sonoflow.inference import answers, inbox
from tests.unit import bulk, pictures, stack
from tests.unit.bulk import Run
from tests.unit.fake_endpoints import SEGMENTER, FakeEndpoints

KEY, PATH = "inbox/again.jsonl", "again.jsonl"


def uri(path: str, bucket: str = stack.UPLOADS) -> str:
    return f"s3://{bucket}/inbox/{path}"


def manifest(*lines: str) -> Upload:
    return bulk.put("\n".join(lines).encode(), KEY)


def put(path: str, data: bytes) -> str:
    answer = client("s3").put_object(Bucket=stack.UPLOADS, Key=f"inbox/{path}", Body=data)
    return str(answer["VersionId"])


def test_both_ways_of_writing_a_line_are_read_and_blank_lines_are_not(aws: None) -> None:
    lines = ("\ufeff" + json.dumps({"uri": uri("a.png")}), "", f"  {uri('b c.png')}\r", "")

    items, refused = manifests.read(manifest(*lines))

    assert [(item.path, item.line) for item in items] == [("a.png", 1), ("b c.png", 3)]
    assert refused == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("s3://somebody-elses/inbox/a.png", "outside-inbox"),
        (f"s3://{stack.UPLOADS}/datasets/a.zip", "outside-inbox"),
        (f"s3://{stack.UPLOADS}/inboxes/a.png", "outside-inbox"),
        (f"s3://{stack.RESULTS}/inbox/a.png", "outside-inbox"),
        ("s3://bucket", "not-a-uri"),
        ("https://example.org/a.png", "not-a-uri"),
        ("{", "not-a-uri"),
        ("[" * 5000, "not-a-uri"),
        ("{}", "not-a-uri"),
        ('{"uri": "s3://' + stack.UPLOADS + '/inbox/\\ud800.png"}', "not-a-uri"),
        (uri("a" * 1030), "not-a-uri"),
        ('{"uri": 7}', "not-a-uri"),
        (json.dumps({"uri": uri("a.png"), "version_id": "x"}), "unknown-field"),
        (uri("ward3/"), "a-folder"),
        (uri(""), "a-folder"),
        (uri("more.zip"), "nested"),
        (uri(PATH), "nested"),
        (uri("rows.CSV"), "table"),
    ],
)
def test_a_line_that_cannot_be_answered_is_refused_with_its_number_and_reason(
    aws: None, line: str, reason: str
) -> None:
    items, [refused] = manifests.read(manifest(uri("fine.png"), line))

    assert [item.path for item in items] == ["fine.png"]
    assert (refused["line"], refused["outcome"], refused["reason"]) == (2, "refused", reason)
    assert refused["detail"]


def test_what_is_named_twice_is_answered_once(aws: None) -> None:
    items, [refused] = manifests.read(manifest(uri("a.png"), uri("b.png"), uri("a.png")))

    assert [item.line for item in items] == [1, 2]
    assert (refused["line"], refused["reason"]) == (3, "repeated")
    assert "line 1" in refused["detail"]


def test_a_manifest_that_is_no_text_is_rejected(aws: None) -> None:
    with pytest.raises(BulkRejected) as raised:
        manifests.read(bulk.put(b"\xff\xfe\x00s", KEY))

    assert raised.value.reason == "not-utf-8"


def test_a_manifest_of_any_size_is_not_read(aws: None) -> None:
    with pytest.raises(BulkRejected) as raised:
        manifests.read(Upload(stack.UPLOADS, KEY, "v", manifests.BYTES_LIMIT + 1))

    assert raised.value.reason == "too-large"


def test_nor_is_one_of_any_number_of_lines(aws: None) -> None:
    with pytest.raises(BulkRejected) as raised:
        manifests.read(bulk.put(b"\n" * 100_001, KEY))

    assert raised.value.reason == "too-many-members"


def test_what_it_names_is_answered_as_what_it_is(endpoints: FakeEndpoints, context: Any) -> None:
    versions = {"a.png": put("a.png", pictures.png(1)), "b.txt": put("b.txt", b"words")}
    put("gone.png", pictures.png(2))
    client("s3").delete_object(Bucket=stack.UPLOADS, Key="inbox/gone.png")
    names = ("a.png", "b.txt", "gone.png", "never.png")

    summary = Run.of(manifest(*(uri(name) for name in names)), context).finish()

    found = {row["path"]: (row["outcome"], row["reason"], row["line"]) for row in bulk.rows(PATH)}
    assert found == {
        "a.png": ("predicted", None, 1),
        "b.txt": ("rejected", "unsupported-extension", 2),
        "gone.png": ("refused", "not-found", 3),
        "never.png": ("refused", "not-found", 4),
    }
    assert summary["counts"]["all"] == 4
    image = stack.read_json(stack.RESULTS, "predictions/a.png.json")["image"]
    assert (image["version_id"], image.get("archive")) == (versions["a.png"], None)


def test_what_is_answered_already_is_listed_and_nothing_is_done(
    endpoints: FakeEndpoints, context: Any
) -> None:
    version = put("a.png", pictures.png(1))
    upload = Upload(stack.UPLOADS, "inbox/a.png", version, 9, "0055AED6DCD90281E5")
    inbox.handle(upload, settings.read(settings.Buckets), settings.read(settings.Predicting))
    asked, told, answers = len(endpoints.requests), stack.index(), stack.answers()

    Run.of(manifest(uri("a.png")), context).finish()

    assert (len(endpoints.requests), stack.index()) == (asked, told)
    assert set(stack.answers()) - set(answers) == {
        f"bulk/{PATH}.{suffix}" for suffix in ("csv", "json", "jsonl")
    }
    [row] = bulk.rows(PATH)
    assert (row["outcome"], row["version_id"]) == ("predicted", version)


def test_the_event_of_s3_that_comes_later_finds_it_answered(
    endpoints: FakeEndpoints, context: Any
) -> None:
    version = put("a.png", pictures.png(1))
    Run.of(manifest(uri("a.png")), context).finish()
    asked, told = len(endpoints.requests), stack.index()

    upload = Upload(stack.UPLOADS, "inbox/a.png", version, 9, "0055AED6DCD90281E5")
    inbox.handle(upload, settings.read(settings.Buckets), settings.read(settings.Predicting))

    assert (len(endpoints.requests), stack.index()) == (asked, told)


def test_what_another_delivery_is_answering_at_that_moment_is_looked_at_again(
    endpoints: FakeEndpoints, context: Any
) -> None:
    """The image's own event comes while the manifest's function asks for it, and is slower."""
    version = put("a.png", pictures.png(1))
    own = Upload(stack.UPLOADS, "inbox/a.png", version, 9, "0055AED6DCD90281E5")
    run = Run.of(manifest(uri("a.png")), context)
    [batch] = run.batches()
    usual = endpoints.answers[SEGMENTER]
    path = keys.inbox_path(own.key)

    def meanwhile(body: bytes) -> Any:
        endpoints.answers[SEGMENTER] = usual
        with_mask = answers.Answer(own, stack.RESULTS, (keys.prediction(path),), (keys.mask(path),))
        with_mask.write(keys.mask(path), b"its mask", "image/png")
        return usual(body)

    endpoints.answers[SEGMENTER] = meanwhile

    first = run.answer(batch)

    assert (first["left"], first["failed"]) == (1, 1)
    inbox.handle(own, settings.read(settings.Buckets), settings.read(settings.Predicting))
    assert run.answer(batch)["left"] == 0
    assert run.summarise()["counts"]["predicted"] == 1
    assert len(stack.index()) == 1

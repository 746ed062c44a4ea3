"""A version of a zip is answered by one execution at a time, and by none once it is answered."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from sonoflow.aws.clients import client
from sonoflow.bulk import items
from tests.unit import bulk, fake_endpoints, pictures, stack
from tests.unit.bulk import PATH, Run
from tests.unit.fake_endpoints import CLASSIFIER, FakeEndpoints

FILES = [("a.png", pictures.png(1)), ("b.png", pictures.png(2))]


def names() -> list[str]:
    return sorted(run["name"] for run in stack.executions(stack.BULK_STATE_MACHINE_ARN))


def test_a_delivery_that_comes_again_starts_nothing(aws: None) -> None:
    upload = bulk.put(bulk.archive(FILES))

    first, second = bulk.planned(upload), bulk.planned(upload)

    assert (first["status"], second["status"]) == ("started", "known")
    assert first["run"] == second["run"]
    assert (first["images"], first["batches"]) == (2, 1)
    assert len(names()) == 1


def test_nor_does_one_whose_version_is_answered(endpoints: FakeEndpoints, context: Any) -> None:
    upload = bulk.put(bulk.archive(FILES))
    run = Run.of(upload, context)
    run.finish()
    run.end()

    assert bulk.planned(upload)["status"] == "known"
    assert len(names()) == 1


def test_one_that_was_stopped_is_gone_on_with_by_the_next_delivery(
    endpoints: FakeEndpoints, context: Any
) -> None:
    upload = bulk.put(bulk.archive([(f"{n}.png", pictures.png(n)) for n in range(30)]))
    run = Run.of(upload, context)
    run.answer(run.batches()[0])
    run.end()
    asked, told = len(endpoints.requests), len(stack.index())

    again = Run.of(upload, context)
    summary = again.finish()

    assert names() == [run.input["run"], f"{run.input['run']}-2"]
    assert summary["counts"]["predicted"] == 30
    assert len(endpoints.requests) - asked == 2 * (30 - told)
    assert len(stack.index()) == 30


def test_so_is_one_that_left_images_without_an_answer(
    endpoints: FakeEndpoints, context: Any
) -> None:
    upload = bulk.put(bulk.archive(FILES))
    usual = endpoints.answers[CLASSIFIER]
    endpoints.answers[CLASSIFIER] = fake_endpoints.failing
    run = Run.of(upload, context)
    assert run.finish(1)["counts"]["failed"] == 2
    run.end()
    endpoints.answers[CLASSIFIER] = usual

    assert Run.of(upload, context).finish()["counts"]["predicted"] == 2
    assert {row["outcome"] for row in bulk.rows()} == {"predicted"}


def test_a_later_attempt_has_the_sequencer_of_the_first(aws: None, context: Any) -> None:
    upload = bulk.put(bulk.archive(FILES))
    run = Run.of(upload, context)
    run.end()
    again = Run.of(dataclasses.replace(upload, sequencer="F" * 64), context)

    assert again.input["upload"] == run.input["upload"]
    assert again.input["upload"]["sequencer"] == bulk.SEQUENCER


@pytest.mark.parametrize("what", ["deleted", "replaced", "another"])
def test_nothing_is_planned_for_what_is_not_the_newest_version(aws: None, what: str) -> None:
    upload = bulk.put(bulk.archive(FILES), "inbox/a.png" if what == "another" else bulk.KEY)
    if what == "deleted":
        client("s3").delete_object(Bucket=stack.UPLOADS, Key=bulk.KEY)
    elif what == "replaced":
        bulk.put(bulk.archive(FILES[:1]))

    assert bulk.planned(upload) == {"status": "ignored"}
    assert names() == []


def test_a_zip_of_no_use_is_rejected_and_told_of_once(aws: None) -> None:
    upload = bulk.put(b"this is no archive")

    assert bulk.planned(upload) == {"status": "rejected", "reason": "not-a-zip"}
    assert bulk.planned(upload) == {"status": "known"}

    assert stack.answers() == [f"rejected/{PATH}.json"]
    [line] = stack.index()
    assert (line["answer"], line["kind"], line["reason"]) == ("rejection", "bulk", "not-a-zip")


def test_a_rejection_takes_the_place_of_an_earlier_versions_summary(
    endpoints: FakeEndpoints, context: Any
) -> None:
    Run.of(bulk.put(bulk.archive(FILES)), context).finish()

    bulk.planned(bulk.put(b"this is no archive", sequencer="0055AED6DCD90281E6"))

    assert [key for key in stack.answers() if key.startswith("bulk/")] == []
    assert f"rejected/{PATH}.json" in stack.answers()


def test_a_summary_takes_the_place_of_an_earlier_versions_rejection(
    endpoints: FakeEndpoints, context: Any
) -> None:
    bulk.planned(bulk.put(b"this is no archive"))

    later = bulk.put(bulk.archive(FILES), sequencer="0055AED6DCD90281E6")
    Run.of(later, context).finish()

    assert f"rejected/{PATH}.json" not in stack.answers()
    assert f"bulk/{PATH}.json" in stack.answers()


def test_where_nothing_can_be_answered_the_commonest_reason_is_said(aws: None) -> None:
    lines = ["s3://elsewhere/a.png", "s3://elsewhere/b.png", "{"]
    upload = bulk.put("\n".join(lines).encode(), "inbox/list.jsonl")

    assert bulk.planned(upload)["reason"] == "nothing-to-answer"

    detail = stack.read_json(stack.RESULTS, "rejected/list.jsonl.json")["detail"]
    assert detail.startswith("nothing in it can be answered, 2 × outside-inbox (line 1: ")


def test_more_than_can_be_summarised_is_sent_in_parts(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items, "ASKED_LIMIT", 1)

    assert bulk.planned(bulk.put(bulk.archive(FILES)))["reason"] == "too-many-members"


def test_an_execution_is_told_where_the_plan_is_and_nothing_of_what_is_in_it(aws: None) -> None:
    upload = bulk.put(bulk.archive(FILES))

    bulk.planned(upload)

    [run] = stack.executions(stack.BULK_STATE_MACHINE_ARN)
    assert "a.png" not in json.dumps(run["input"])
    place = run["input"]["plan"]
    assert [len(batch["items"]) for batch in stack.read_json(**place_of(place))] == [2]


def place_of(plan: dict[str, str]) -> dict[str, str]:
    return {"bucket": plan["bucket"], "key": plan["key"]}

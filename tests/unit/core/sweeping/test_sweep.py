"""What a sweep finds and sends; and its deliveries among those of S3's own events, in any order."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from functions.predict.app import handler
from sonoflow.aws import uploads
from sonoflow.aws.clients import client
from sonoflow.sweeping import sweep
from tests.unit import pictures, stack
from tests.unit.core.sweeping.swept import BY_HAND, SCHEDULED, Service, answer, put
from tests.unit.deliveries import taking_turns
from tests.unit.fake_endpoints import FakeEndpoints
from tests.unit.inbox_answers import (
    GOOD,
    KEY,
    NONE_FAILED,
    OTHER,
    Starter,
    assert_answered,
    forget,
    image,
    version,
    work,
)


def test_what_nothing_has_come_of_is_sent_to_where_the_rules_would(service: Service) -> None:
    versions = {
        key: put(key) for key in ("inbox/a.png", "inbox/B.CSV", "inbox/c", "datasets/d.zip")
    }
    answer("predictions/done.png.json", put("inbox/done.png"))

    result = service.sweep()

    events = service.received(service.images)
    assert {event["detail"]["object"]["key"] for event in events} == {"inbox/a.png", "inbox/c"}
    events += service.received(service.tables)
    assert events[-1]["detail"]["object"]["key"] == "inbox/B.CSV"
    events += service.planned
    told = {e["detail"]["object"]["key"]: e["detail"]["object"]["version-id"] for e in events}
    assert told == versions
    assert sorted(result.unanswered) == sorted(versions)
    assert (result.seen, result.sent, result.held_back, result.after) == (5, 4, 0, None)


def test_an_external_set_is_sent_to_its_planner_and_a_data_set_to_both(service: Service) -> None:
    put("external/a.zip")
    put("datasets/b.zip")

    result = service.sweep()

    planned = [event["detail"]["object"]["key"] for event in service.planned]
    external = [event["detail"]["object"]["key"] for event in service.external]
    assert (planned, sorted(external)) == (["datasets/b.zip"], ["datasets/b.zip", "external/a.zip"])
    assert (result.sent, result.held_back) == (2, 0)


def test_an_external_set_that_is_being_judged_is_not_missed(service: Service) -> None:
    version = put("external/a.zip")
    client("stepfunctions").start_execution(
        stateMachineArn=stack.EXTERNAL_STATE_MACHINE_ARN,
        name="a-0a1b2c3d4e5f-00c0ffee",
        input=json.dumps({"upload": {"version_id": version}}),
    )

    assert service.sweep().unanswered == []


def test_a_zip_or_manifest_is_sent_to_its_planner_until_it_has_a_whole_summary(
    service: Service,
) -> None:
    keys = ("inbox/week.ZIP", "inbox/again.jsonl")
    versions = [put(key) for key in keys]
    answer("bulk/week.ZIP.json", versions[0], completes=False)

    assert service.sweep().sent == 2

    assert {event["detail"]["object"]["key"] for event in service.bulk} == set(keys)
    assert service.received(service.images) == []
    answer("bulk/week.ZIP.json", versions[0])
    answer("rejected/again.jsonl.json", versions[1])
    assert service.sweep().unanswered == []


def test_what_nobody_answers_is_not_missed(service: Service) -> None:
    for key in ("inbox/ward3/", "datasets/wdbc.mapping.json", "other/x.zip", "feedback/a.json"):
        put(key)
    put("inbox/gone.png")
    client("s3").delete_object(Bucket=stack.UPLOADS, Key="inbox/gone.png")

    assert service.sweep().unanswered == []


def test_only_the_newest_version_is_missed(service: Service) -> None:
    put("inbox/a.png", b"first")
    newest = put("inbox/a.png", b"second")

    service.sweep()

    (event,) = service.received(service.images)
    assert event["detail"]["object"]["version-id"] == newest


def test_what_is_on_its_way_still_is_not_missed(service: Service) -> None:
    put("inbox/a.png")

    assert service.sweep(dataclasses.replace(BY_HAND, grace_seconds=900.0)).unanswered == []


def test_a_dry_run_sends_and_remembers_nothing(service: Service) -> None:
    put("inbox/a.png")

    result = service.sweep(dataclasses.replace(BY_HAND, dry_run=True))

    assert (result.unanswered, result.sent) == (["inbox/a.png"], 0)
    assert service.received(service.images) == []
    assert stack.keys_of(stack.WORK) == []


def test_a_queue_that_may_hold_them_all_still_gets_no_more(service: Service) -> None:
    for name in ("a", "b"):
        put(f"inbox/{name}.png")
    put("inbox/t.csv")
    for _ in range(2):
        client("sqs").send_message(QueueUrl=service.images, MessageBody="waiting")

    result = service.sweep()

    assert (result.sent, result.held_back) == (1, 2)
    put("inbox/c.png")
    assert service.sweep().sent == 3  # one of them at least is in no queue


def test_what_was_sent_lately_is_not_sent_again_by_the_schedule(service: Service) -> None:
    put("inbox/a.png")
    order = dataclasses.replace(SCHEDULED, grace_seconds=0.0)
    assert service.sweep(order).sent == 1
    service.received(service.images)

    state = stack.read_json(stack.WORK, "sweeps/state.json")
    assert [times for times, _ in state["sent"].values()] == [1]
    held = service.sweep(dataclasses.replace(BY_HAND, dry_run=True))
    assert held.unanswered == ["inbox/a.png"]
    assert service.sweep().sent == 1  # a person's own has no pause


def test_a_sweep_that_is_not_done_goes_on_where_it_was(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given pages of two versions, and no more than two deliveries at a time."""
    monkeypatch.setattr(sweep, "DELIVERIES_LIMIT", 2)
    for name in "abcde":
        put(f"inbox/{name}.png")

    def small(params: dict[str, Any], **_: Any) -> None:
        params["MaxKeys"] = 2

    hook = "provide-client-params.s3.ListObjectVersions"
    client("s3").meta.events.register(hook, small)
    try:
        afters, sent = [], []
        for _ in range(3):
            result = service.sweep(SCHEDULED)
            afters.append(result.after)
            sent.append(len(service.received(service.images)))
    finally:
        client("s3").meta.events.unregister(hook, small)

    assert (afters, sent) == (["inbox/b.png", "inbox/d.png", None], [2, 2, 1])


def test_what_was_sent_before_an_error_is_remembered(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("inbox/a.png")
    put("inbox/t.csv")
    client("sqs").delete_queue(QueueUrl=service.tables)

    with pytest.raises(client("sqs").exceptions.QueueDoesNotExist):
        service.sweep()

    assert len(stack.read_json(stack.WORK, "sweeps/state.json")["sent"]) == 1


# Where a sweep's delivery meets those of S3's own events. The sweep's is of the newest version at
# the time; `late` is S3's event of the one before, `own` of the same one, `next` of one after.


@pytest.fixture
def start(service: Service, endpoints: FakeEndpoints) -> Iterator[Starter]:
    with taking_turns() as begin:
        yield begin


def swept(service: Service) -> dict[str, Any]:
    """The batch of a sweep's message about the key of the event files."""
    assert service.sweep().unanswered == [KEY]
    (event,) = service.received(service.images)
    batch: dict[str, Any] = stack.event("predict.image")
    batch["Records"][0]["body"] = json.dumps(event)
    return batch


def late(service: Service) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    before, _lost = image(GOOD, 1), image(OTHER, 2)
    again = swept(service)
    return again, before, again


def own(service: Service) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    heard = image(GOOD, 2)
    again = swept(service)
    return again, heard, again


def following(service: Service) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    image(GOOD, 2)
    again = swept(service)
    newer = image(OTHER, 3)
    return again, newer, newer


Meeting = Callable[[Service], tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]


@pytest.mark.slow
@pytest.mark.parametrize("first", ["swept", "heard"])
@pytest.mark.parametrize("meeting", [late, own, following])
def test_the_newest_version_is_answered_wherever_a_sweeps_delivery_meets_another(
    context: Any, service: Service, start: Starter, meeting: Meeting, first: str
) -> None:
    again, heard, newest = meeting(service)
    one, other = (again, heard) if first == "swept" else (heard, again)

    steps, goes_on = 0, True
    while goes_on:
        interrupted = start(work(one, context))
        goes_on = interrupted.steps(steps)
        assert start(work(other, context)).finish() == NONE_FAILED
        assert interrupted.finish() == NONE_FAILED

        assert_answered(newest)
        forget()
        steps += 1
    assert steps > 5


@pytest.mark.parametrize("answered", ["before", "swept"])
def test_a_late_event_of_an_earlier_version_changes_nothing(
    context: Any, service: Service, endpoints: FakeEndpoints, answered: str
) -> None:
    before, _lost = image(GOOD, 1), image(OTHER, 2)
    if answered == "before":
        # The earlier one's answer is there when the sweep looks, as it mostly is.
        client("s3").delete_object(Bucket=stack.UPLOADS, Key=KEY, VersionId=version(_lost))
        handler(before, context)
        put(KEY, OTHER)
    again = swept(service)

    for batch in (again, before, again):
        assert handler(batch, context) == NONE_FAILED

    assert_answered(again)


def test_what_a_killed_delivery_has_left_is_gone_on_with(
    context: Any, service: Service, start: Starter
) -> None:
    """Given S3's own event, whose delivery was killed after its first picture."""
    heard = image(GOOD, 7)
    delivery = start(work(heard, context))
    while not stack.keys_of(stack.RESULTS):
        delivery.step()
    delivery.kill()

    again = swept(service)

    event = json.loads(again["Records"][0]["body"])
    assert event["detail"]["object"]["sequencer"] == f"{7:018X}"
    assert handler(again, context) == NONE_FAILED
    assert_answered(again)


def test_what_is_replaced_before_it_is_sent_is_left_to_the_event_of_the_newer_one(
    service: Service,
) -> None:
    """Given an upload between the sweep's look at the answers and its own look at the key."""
    put("inbox/a.png", b"first")
    asked: list[str] = []

    def replace(params: dict[str, Any], **_: Any) -> None:
        if params["Bucket"] == stack.UPLOADS and not asked:
            asked.append(params["Key"])
            put("inbox/a.png", b"second")

    hook = "provide-client-params.s3.HeadObject"
    client("s3").meta.events.register(hook, replace)
    try:
        result = service.sweep()
    finally:
        client("s3").meta.events.unregister(hook, replace)

    assert (result.sent, len(result.unanswered)) == (0, 1)
    assert service.received(service.images) == []


def test_a_sequencer_is_later_than_what_is_there_and_earlier_than_what_comes(
    service: Service,
) -> None:
    put(KEY, pictures.png())
    answer("rejected/ward3/scan (1).png.json", "an earlier one", "0055AED6DCD90281E5")

    (_, event) = (service.sweep(), service.received(service.images)[0])

    sequencer = event["detail"]["object"]["sequencer"]
    assert uploads.is_newer(sequencer, "0055AED6DCD90281E5")
    assert uploads.is_newer("0055AED6DCD90281E51", sequencer)

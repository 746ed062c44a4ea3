from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest

from functions.plan_dataset.app import handler
from sonoflow.aws.clients import client
from sonoflow.errors import ConfigurationError, PayloadInvalid
from sonoflow.planning import plans
from tests.unit import pictures, stack

# Powertools warns where a function failed before it had anything to count.
pytestmark = [
    pytest.mark.filterwarnings("ignore:No application metrics to publish"),
    pytest.mark.usefixtures("model_code"),
]

NOT_A_ZIP = b"these are the notes of a colleague\nbye"


def subscribe() -> Any:
    """A queue that hears what the topic says."""
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    client("sns").subscribe(TopicArn=stack.TOPIC_ARN, Protocol="sqs", Endpoint=arn["QueueArn"])
    return lambda: sqs.receive_message(QueueUrl=url).get("Messages", [])


def test_a_mapping_may_name_the_version_that_is_continued(aws: None, context: Any) -> None:
    stack.write(
        stack.UPLOADS, "datasets/BUSI mini.mapping.json", '{"continues": "busi/0a1b2c3d4e5f"}'
    )
    event = stack.upload(stack.event("plan_dataset.archive"), pictures.archive(pictures.busi()))

    assert handler(event, context)["status"] == "started"

    (execution,) = stack.executions()
    assert execution["input"]["continues"] == {"name": "busi", "version": "0a1b2c3d4e5f"}


def test_an_archive_becomes_a_plan_of_batches_and_one_execution(aws: None, context: Any) -> None:
    event = stack.upload(stack.event("plan_dataset.archive"), pictures.archive(pictures.busi()))

    answer = handler(event, context)

    assert answer["status"] == "started"
    name, version = answer["dataset"]["name"], answer["dataset"]["version"]
    assert name == "busi-mini"
    batches = stack.read_json(stack.WORK, f"datasets/{name}/{version}/plan.json")
    assert [len(batch["images"]) for batch in batches] == [4, 4, 4]
    assert [batch["number"] for batch in batches] == [0, 1, 2]
    root = pictures.ROOT
    first = batches[0]["images"][0]
    assert [len(first["members"]), first["members"][0][0]] == [3, 0]
    assert first == {
        "image": f"{root}/benign/benign (1).png",
        "masks": [
            f"{root}/benign/benign (1)_mask.png",
            f"{root}/benign/benign (1)_mask_1.png",
        ],
        "class": "benign",
        "given_split": None,
        "group_hint": None,
        "members": first["members"],
    }
    (execution,) = stack.executions()
    assert execution["name"] == f"{name}-{version}"
    upload = event["detail"]["object"]
    assert execution["input"] == {
        "run": f"{name}-{version}",
        "dataset": {"name": name, "version": version},
        "upload": {
            "bucket": stack.UPLOADS,
            "key": "datasets/BUSI mini.zip",
            "version_id": upload["version-id"],
            "size": upload["size"],
        },
        "plan": {
            "bucket": stack.WORK,
            "key": f"datasets/{name}/{version}/plan.json",
            "batches": 3,
        },
    }


def test_files_that_the_plan_cannot_use_are_set_aside_in_its_own_part(
    aws: None, context: Any
) -> None:
    files = {**pictures.busi(), "Dataset_BUSI_with_GT/README.txt": b"hello"}
    event = stack.upload(stack.event("plan_dataset.archive"), pictures.archive(files))

    answer = handler(event, context)

    part = stack.read_json(
        stack.WORK, f"datasets/busi-mini/{answer['dataset']['version']}/parts/plan.json"
    )
    assert part["images"] == []
    assert [entry["reason"] for entry in part["quarantine"]] == ["unsupported-extension"]


def test_the_same_event_delivered_again_starts_nothing(aws: None, context: Any) -> None:
    event = stack.upload(stack.event("plan_dataset.archive"), pictures.archive(pictures.busi()))

    first, second = handler(event, context), handler(event, context)

    assert (first["status"], second["status"]) == ("started", "known")
    assert second["run"] == first["run"]
    assert len(stack.executions()) == 1


def test_the_same_content_uploaded_again_is_known(aws: None, context: Any) -> None:
    data = pictures.archive(pictures.busi())
    handler(stack.upload(stack.event("plan_dataset.archive"), data), context)

    answer = handler(stack.upload(stack.event("plan_dataset.archive"), data), context)

    assert answer["status"] == "known"
    assert len(stack.executions()) == 1


def test_the_same_content_uploaded_after_a_failed_run_gets_another_attempt(
    aws: None, context: Any
) -> None:
    data = pictures.archive(pictures.busi())
    first = handler(stack.upload(stack.event("plan_dataset.archive"), data), context)
    client("stepfunctions").stop_execution(
        executionArn=f"{stack.STATE_MACHINE_ARN.replace(':stateMachine:', ':execution:')}"
        f":{first['run']}"
    )
    again = stack.upload(stack.event("plan_dataset.archive"), data)

    answer = handler(again, context)
    repeated = handler(again, context)

    assert answer["status"] == "started"
    assert answer["run"].startswith(f"{first['run']}-")
    assert len(answer["run"]) == len(first["run"]) + 7
    assert repeated["status"] == "known"
    assert {e["name"] for e in stack.executions()} == {first["run"], answer["run"]}
    assert {e["input"]["run"] for e in stack.executions()} == {first["run"], answer["run"]}


def test_a_later_version_under_the_same_key_does_not_change_what_is_read(
    aws: None, context: Any
) -> None:
    """The event names a version; by the time it arrives another one may be the latest."""
    event = stack.upload(stack.event("plan_dataset.archive"), pictures.archive(pictures.busi()))
    stack.upload(stack.event("plan_dataset.archive"), NOT_A_ZIP)

    assert handler(event, context)["status"] == "started"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("plan_dataset.bad_not_a_zip", NOT_A_ZIP, "not-a-zip"),
        ("plan_dataset.bad_extension", NOT_A_ZIP, "unsupported-extension"),
        ("plan_dataset.bad_not_a_zip", b"", "empty"),
        ("plan_dataset.bad_not_a_zip", pictures.archive({}), "empty"),
        ("plan_dataset.bad_not_a_zip", pictures.archive({"a/notes.txt": b"no image"}), "no-images"),
        (
            "plan_dataset.bad_not_a_zip",
            pictures.encrypted(pictures.archive(pictures.busi(1))),
            "encrypted",
        ),
    ],
    ids=["no zip", "extension", "no bytes", "no members", "no images", "encrypted"],
)
def test_what_cannot_become_a_data_set_is_refused_with_a_reason_a_message_and_no_execution(
    aws: None, context: Any, name: str, data: bytes, reason: str
) -> None:
    heard = subscribe()
    event = stack.upload(stack.event(name), data)

    answer = handler(event, context)

    assert (answer["status"], answer["reason"]) == ("refused", reason)
    key = event["detail"]["object"]["key"]
    refusal = stack.read_json(stack.WORK, f"refused/{key}.json")
    assert refusal["reason"] == reason
    assert refusal["detail"]
    assert refusal["upload"]["version_id"] == event["detail"]["object"]["version-id"]
    (message,) = heard()
    assert reason in message["Body"]
    assert stack.executions() == []


def test_a_folder_is_ignored(aws: None, context: Any) -> None:
    event = stack.upload(stack.event("plan_dataset.folder"), b"")

    assert handler(event, context)["status"] == "ignored"
    assert stack.keys_of(stack.WORK) == []


def test_an_object_that_is_gone_is_ignored(aws: None, context: Any) -> None:
    event = stack.upload(stack.event("plan_dataset.archive"), NOT_A_ZIP)
    item = event["detail"]["object"]
    client("s3").delete_object(Bucket=stack.UPLOADS, Key=item["key"], VersionId=item["version-id"])

    assert handler(event, context)["status"] == "ignored"
    assert stack.executions() == []


def test_an_event_of_another_kind_is_an_error_that_says_so(aws: None, context: Any) -> None:
    with pytest.raises(PayloadInvalid, match="Object Deleted"):
        handler(stack.event("plan_dataset.bad_deletion"), context)


def test_a_missing_setting_is_an_error_that_names_it(
    aws: None, context: Any, settings_env: pytest.MonkeyPatch
) -> None:
    settings_env.delenv("NOTIFICATIONS_TOPIC_ARN")

    with pytest.raises(ConfigurationError, match="NOTIFICATIONS_TOPIC_ARN"):
        handler(stack.event("plan_dataset.archive"), context)


WDBC = b"842302,M,17.99\n842517,B,20.57\n"


@pytest.mark.parametrize(
    ("kind", "variable", "value", "message"),
    [
        (
            "archive",
            "STAGING_OPTIONS",
            '{"stage-batch-image": 4}',
            "StagingOptions.*did you mean stage-batch",
        ),
        (
            "archive",
            "CLASSIFIER_HYPERPARAMETERS",
            '{"mixin": 1}',
            "ClassifierHyperparameters.*'mixin'",
        ),
        (
            "archive",
            "SEGMENTER_HYPERPARAMETERS",
            '{"depth": 2.5}',
            "SegmenterHyperparameters: depth.*2.5",
        ),
        ("archive", "TUNING_OPTIONS", '{"Strategy": "Grid"}', "TuningOptions.*'Grid'"),
        (
            "table",
            "STAGING_OPTIONS",
            '{"minimum-rows-per-class": 9}',
            "minimum-rows-per-class.*from 10 to",
        ),
        (
            "table",
            "TABLE_HYPERPARAMETERS",
            '{"loss": "squared_loss"}',
            "TableHyperparameters: loss must be",
        ),
    ],
)
def test_parameters_that_no_release_could_be_trained_with_refuse_an_upload_before_it_is_staged(
    aws: None,
    context: Any,
    settings_env: pytest.MonkeyPatch,
    kind: str,
    variable: str,
    value: str,
    message: str,
) -> None:
    settings_env.setenv(variable, value)
    data = WDBC if kind == "table" else pictures.archive(pictures.busi())

    answer = handler(stack.upload(stack.event(f"plan_dataset.{kind}"), data), context)

    assert (answer["status"], answer["reason"]) == ("refused", "parameters")
    (left,) = stack.keys_of(stack.WORK)  # nothing is staged
    assert f"s3://{stack.WORK}/{left}" == answer["refusal"]
    refusal = stack.read_json(stack.WORK, left)
    assert re.search(message, refusal["detail"])
    assert "upload this again" in refusal["detail"]
    assert stack.executions() == table_executions() == []


def test_parameters_of_images_are_of_no_concern_to_a_table(
    aws: None, context: Any, settings_env: pytest.MonkeyPatch
) -> None:
    settings_env.setenv("CLASSIFIER_HYPERPARAMETERS", "of no concern to a table")

    answer = handler(stack.upload(stack.event("plan_dataset.table"), WDBC), context)

    assert answer["status"] == "started"


def table_executions() -> list[dict[str, Any]]:
    return stack.executions(stack.TABLE_STATE_MACHINE_ARN)


def test_a_table_becomes_one_execution_of_its_own_machine(aws: None, context: Any) -> None:
    event = stack.upload(stack.event("plan_dataset.table"), WDBC)

    answer = handler(event, context)

    version = hashlib.sha256(WDBC + b"\0{}").hexdigest()[:12]
    (execution,) = table_executions()
    assert (answer["status"], answer["run"]) == ("started", f"wdbc-{version}")
    assert execution["name"] == f"wdbc-{version}"
    assert execution["input"] == {
        "run": f"wdbc-{version}",
        "dataset": {"name": "wdbc", "version": version},
        "upload": {
            "bucket": stack.UPLOADS,
            "key": "datasets/wdbc.data",
            "version_id": event["detail"]["object"]["version-id"],
            "size": len(WDBC),
        },
        "mapping": {},
    }
    assert stack.executions() == []


def test_a_table_that_was_uploaded_before_is_known(aws: None, context: Any) -> None:
    handler(stack.upload(stack.event("plan_dataset.table"), WDBC), context)

    answer = handler(stack.upload(stack.event("plan_dataset.table"), WDBC), context)

    assert answer["status"] == "known"
    assert len(table_executions()) == 1


def test_a_mapping_beside_the_table_is_passed_on_and_makes_another_version(
    aws: None, context: Any
) -> None:
    plain = handler(stack.upload(stack.event("plan_dataset.table"), WDBC), context)
    mapping = {"positive": 1, "label": " outcome ", "id": None, "missing": ["?", "-9", "?"]}
    stack.write(stack.UPLOADS, "datasets/wdbc.mapping.json", json.dumps(mapping))

    answer = handler(stack.upload(stack.event("plan_dataset.table"), WDBC), context)

    assert answer["status"] == "started"
    assert answer["mapping"] == {
        "id": None,
        "label": "outcome",
        "missing": ["-9", "?"],
        "positive": "1",
    }
    assert answer["dataset"]["version"] != plain["dataset"]["version"]


def test_a_tables_metadata_is_its_mapping_where_no_file_is(aws: None, context: Any) -> None:
    event = stack.event("plan_dataset.table")
    key = event["detail"]["object"]["key"]
    metadata = {"sonoflow-label": "1", "sonoflow-ignore": "note, site", "origin": "ward 3"}
    put = client("s3").put_object(Bucket=stack.UPLOADS, Key=key, Body=WDBC, Metadata=metadata)
    event["detail"]["object"].update({"size": len(WDBC), "version-id": put["VersionId"]})

    assert handler(event, context)["mapping"] == {"label": "1", "ignore": ["note", "site"]}


def test_a_mapping_alone_is_ignored(aws: None, context: Any) -> None:
    event = stack.upload(stack.event("plan_dataset.table_mapping"), b'{"label": "y"}')

    assert handler(event, context)["status"] == "ignored"
    assert table_executions() == []
    assert stack.keys_of(stack.WORK) == []


@pytest.mark.parametrize(
    ("data", "mapping", "reason"),
    [
        (b"", None, "empty-table"),
        (WDBC, b"label: y", "mapping-invalid"),
        (WDBC, b'{"labels": "y"}', "mapping-invalid"),
        (WDBC, b"[" * 60_000, "mapping-invalid"),
        (WDBC, rb'{"label": "\ud800"}', "mapping-invalid"),
        (WDBC, rb'{"\ud800": 1}', "mapping-invalid"),
        (WDBC, b'{"label": 1' + b"0" * 5000 + b"}", "mapping-invalid"),
        (WDBC, b'{"label": "y", "label": "z"}', "mapping-invalid"),
        (WDBC, b'{"label": "' + b"y" * 200_000 + b'"}', "mapping-invalid"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_table_that_cannot_be_planned_is_refused(
    aws: None, context: Any, data: bytes, mapping: bytes | None, reason: str
) -> None:
    heard = subscribe()
    if mapping is not None:
        stack.write(stack.UPLOADS, "datasets/cohort.mapping.json", mapping)

    answer = handler(stack.upload(stack.event("plan_dataset.bad_table_mapping"), data), context)

    assert (answer["status"], answer["reason"]) == ("refused", reason)
    refusal = stack.read_json(stack.WORK, "refused/datasets/cohort.csv.json")
    assert refusal["reason"] == reason
    (message,) = heard()
    assert reason in message["Body"]
    assert table_executions() == []


def test_a_table_of_more_than_can_be_staged_is_refused_unread(aws: None, context: Any) -> None:
    event = stack.upload(stack.event("plan_dataset.table"), WDBC)
    event["detail"]["object"]["size"] = plans.TABLE_BYTES_LIMIT + 1

    assert handler(event, context)["reason"] == "too-large"

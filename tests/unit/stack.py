"""A stack as the unit tests see it: names, environment, event files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sonoflow.aws.clients import client

UPLOADS = "sonoflow-uploadsbucket-1f0k3r9q2c7x"
WORK = "sonoflow-workbucket-8d4m2t6z0s5b"
RESULTS = "sonoflow-resultsbucket-5h9w1v7y3n0e"
TOPIC = "sonoflow-notifications"
TOPIC_ARN = f"arn:aws:sns:us-east-1:123456789012:{TOPIC}"
STATE_MACHINE = "sonoflow-train-images"
STATE_MACHINE_ARN = f"arn:aws:states:us-east-1:123456789012:stateMachine:{STATE_MACHINE}"
TABLE_STATE_MACHINE = "sonoflow-train-table"
TABLE_STATE_MACHINE_ARN = (
    f"arn:aws:states:us-east-1:123456789012:stateMachine:{TABLE_STATE_MACHINE}"
)
EXTERNAL_STATE_MACHINE = "sonoflow-validate-external"
EXTERNAL_STATE_MACHINE_ARN = (
    f"arn:aws:states:us-east-1:123456789012:stateMachine:{EXTERNAL_STATE_MACHINE}"
)
BULK_STATE_MACHINE = "sonoflow-answer-bulk"
BULK_STATE_MACHINE_ARN = f"arn:aws:states:us-east-1:123456789012:stateMachine:{BULK_STATE_MACHINE}"
EVENTS = Path(__file__).resolve().parents[2] / "events"

ENVIRONMENT = {
    "WORK_BUCKET": WORK,
    "RESULTS_BUCKET": RESULTS,
    "TRAIN_IMAGES_STATE_MACHINE_ARN": STATE_MACHINE_ARN,
    "TRAIN_TABLE_STATE_MACHINE_ARN": TABLE_STATE_MACHINE_ARN,
    "VALIDATE_EXTERNAL_STATE_MACHINE_ARN": EXTERNAL_STATE_MACHINE_ARN,
    "NOTIFICATIONS_TOPIC_ARN": TOPIC_ARN,
    "STAGING_OPTIONS": '{"stage-batch-images": 4, "minimum-images-per-class": 3}',
    "CLASSIFIER_ENDPOINT_NAME": "sonoflow-classifier",
    "SEGMENTER_ENDPOINT_NAME": "sonoflow-segmenter",
    "TABLE_ENDPOINT_NAME": "sonoflow-table",
    "REVIEW_BELOW_PROBABILITY": "0.7",
    "INBOX_RETRY_SECONDS": "30",
    "ANSWER_BULK_STATE_MACHINE_ARN": BULK_STATE_MACHINE_ARN,
    "PREDICT_TIMEOUT": "300",
    "UPLOADS_BUCKET": UPLOADS,
    "FEEDBACK_MINIMUM": "2",
    "STACK_NAME": "sonoflow",
    "SAGEMAKER_ROLE_ARN": "arn:aws:iam::123456789012:role/sonoflow-SageMakerRole-2b8f",
    "TRAINING_IMAGE_URI": "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2.13-cpu",
    "SERVING_IMAGE_URI": "763104351884.dkr.ecr.us-east-1.amazonaws.com/ray:serve-cpu-v1",
    "TRAINING_INSTANCE_TYPE": "ml.c7i.4xlarge",
    "TRAINING_INSTANCE_COUNT": "1",
    "TRAINING_MAX_RUNTIME_SECONDS": "3600",
    "HOSTING_MODE": "serverless",
    "HOSTING_INSTANCE_TYPE": "ml.c7i.large",
    "SERVERLESS_MEMORY_MB": "4096",
    "SERVERLESS_MAX_CONCURRENCY": "5",
    "SCALING_MINIMUM": "1",
    "SCALING_MAXIMUM": "4",
    "SCALING_TARGET_INVOCATIONS": "60",
    "CLASSIFIER_ARCHITECTURE": "resnet18",
    "CLASSIFIER_IMAGE_SIZE": "128",
    "CLASSIFIER_EPOCHS": "12",
    "SEGMENTER_IMAGE_SIZE": "128",
    "SEGMENTER_EPOCHS": "15",
    "CLASSIFIER_HYPERPARAMETERS": "{}",
    "SEGMENTER_HYPERPARAMETERS": '{"base-channels": 16}',
    "PRETRAINED_WEIGHTS_URI": "",
    "SEGMENTER_WEIGHTS_URI": "",
    "MINIMUM_ACCURACY": "0.6",
    "MINIMUM_LESION_DICE": "0.4",
    "TABLE_HYPERPARAMETERS": "{}",
    "TABLE_INSTANCE_TYPE": "ml.c7i.xlarge",
    "TABLE_INSTANCE_COUNT": "1",
    "MINIMUM_TABLE_ACCURACY": "0.9",
    "LINEAR_LEARNER_IMAGE_URI": "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1",
}


def staging_options(**given: Any) -> str:
    """STAGING_OPTIONS as above, but for `given`."""
    told = json.loads(ENVIRONMENT["STAGING_OPTIONS"])
    return json.dumps({**told, **{name.replace("_", "-"): given[name] for name in given}})


def event(name: str) -> Any:
    """The event file `events/<name>.json`."""
    return json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))


def upload(created: dict[str, Any], data: bytes) -> dict[str, Any]:
    """Puts the object that an "Object Created" event tells of, and makes the event true: S3 alone
    chooses versions. Changes and returns the event."""
    bucket, item = created["detail"]["bucket"]["name"], created["detail"]["object"]
    answer = client("s3").put_object(Bucket=bucket, Key=item["key"], Body=data)
    item.update({"size": len(data), "version-id": answer["VersionId"]})
    return created


def upload_messages(batch: dict[str, Any], *bodies: bytes) -> dict[str, Any]:
    """The same for the events in the messages of an SQS batch, in order."""
    for record, data in zip(batch["Records"], bodies, strict=True):
        record["body"] = json.dumps(upload(json.loads(record["body"]), data))
    return batch


def state_upload(payload: dict[str, Any], data: bytes) -> dict[str, Any]:
    """The same for the `upload` in a state's input."""
    named = payload["upload"]
    answer = client("s3").put_object(Bucket=named["bucket"], Key=named["key"], Body=data)
    named.update({"size": len(data), "version_id": answer["VersionId"]})
    return payload


def read(bucket: str, key: str) -> bytes:
    body: bytes = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def read_json(bucket: str, key: str) -> Any:
    return json.loads(read(bucket, key))


def write(bucket: str, key: str, body: bytes | str) -> None:
    client("s3").put_object(Bucket=bucket, Key=key, Body=body)


def delete(bucket: str, key: str) -> None:
    client("s3").delete_object(Bucket=bucket, Key=key)


def keys_of(bucket: str) -> list[str]:
    listing = client("s3").list_objects_v2(Bucket=bucket)
    return sorted(item["Key"] for item in listing.get("Contents", []))


def answers() -> list[str]:
    """The keys of the results bucket, but for the index, where all answers ever given stay."""
    return [key for key in keys_of(RESULTS) if not key.startswith("index/")]


def index() -> list[dict[str, Any]]:
    """Its lines, one of each object."""
    found = [key for key in keys_of(RESULTS) if key.startswith("index/")]
    return [json.loads(read(RESULTS, key)) for key in found]


def executions(state_machine_arn: str = STATE_MACHINE_ARN) -> list[dict[str, Any]]:
    """Name and input of every execution, of train_images unless another machine is named."""
    states = client("stepfunctions")
    listing = states.list_executions(stateMachineArn=state_machine_arn)["executions"]
    described = [states.describe_execution(executionArn=e["executionArn"]) for e in listing]
    return [{"name": e["name"], "input": json.loads(e["input"])} for e in described]

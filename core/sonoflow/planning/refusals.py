"""Refusals: why an upload cannot become a data set, left in S3 and sent to people."""

from __future__ import annotations

import datetime

from sonoflow import keys
from sonoflow.aws import objects
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from sonoflow.errors import DatasetRefused

_SUBJECT_LIMIT = 100  # characters, plain ASCII: a limit of SNS


def write(bucket: str, upload: Upload, error: DatasetRefused) -> str:
    """Gives the URI of what is left in S3."""
    key = keys.refusal(upload.key)
    document = {
        "reason": error.reason,
        "detail": error.detail,
        "upload": upload.facts(),
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    objects.write_json(bucket, key, document)
    return keys.uri(bucket, key)


def notify(topic_arn: str, upload: Upload, error: DatasetRefused, refusal: str) -> None:
    """Publishes it to the stack's SNS topic; `refusal` is the URI of the details."""
    subject = f"Sonoflow: data set refused ({error.reason})"
    message = (
        f"The upload s3://{upload.bucket}/{upload.key} was not used.\n\n"
        f"Reason: {error.reason}\n{error.detail}\n\nDetails: {refusal}\n"
    )
    client("sns").publish(TopicArn=topic_arn, Subject=subject[:_SUBJECT_LIMIT], Message=message)

"""Messages to people, through the stack's SNS topic."""

from __future__ import annotations

from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from sonoflow.errors import DatasetRefused

_SUBJECT_LIMIT = 100  # characters, plain ASCII: a limit of SNS


def dataset_refused(topic_arn: str, upload: Upload, error: DatasetRefused, refusal: str) -> None:
    """Tells that an upload cannot become a data set; `refusal` is the URI of the details."""
    subject = f"Sonoflow: data set refused ({error.reason})"
    message = (
        f"The upload s3://{upload.bucket}/{upload.key} was not used.\n\n"
        f"Reason: {error.reason}\n{error.detail}\n\nDetails: {refusal}\n"
    )
    client("sns").publish(TopicArn=topic_arn, Subject=subject[:_SUBJECT_LIMIT], Message=message)

"""Invoking an endpoint of SageMaker, whichever model answers."""

from __future__ import annotations

import time

from botocore.exceptions import ClientError

from sonoflow.aws.clients import CONNECT_SECONDS, INVOKE_SECONDS, client

# Serverless endpoints take 4 MB, real-time ones 6 MB: what fits the smaller works with both.
PAYLOAD_BYTES_LIMIT = 4_000_000
# Said before the model was asked, so asking again costs no time that the model would need; a table
# of a hundred requests need not be scored anew for one of them.
_NOT_ASKED = frozenset({"ModelNotReadyException", "ServiceUnavailable", "ThrottlingException"})
_PAUSES = (0.5, 2.0)  # seconds
# A refusal that took longer is not answered by asking again here: the message comes again.
_REFUSED_SECONDS = 5.0
# The longest that asking can take: refused twice, at the latest moment each, and then silence.
LONGEST_SECONDS = sum(_PAUSES) + len(_PAUSES) * _REFUSED_SECONDS + CONNECT_SECONDS + INVOKE_SECONDS


def invoke(endpoint: str, body: bytes, content_type: str, accept: str) -> bytes:
    """The response's body, within LONGEST_SECONDS. Errors of the call escape."""
    for pause in _PAUSES:
        begun = time.monotonic()
        try:
            return _invoke(endpoint, body, content_type, accept)
        except ClientError as error:
            late = time.monotonic() - begun > _REFUSED_SECONDS
            if late or error.response["Error"]["Code"] not in _NOT_ASKED:
                raise
        time.sleep(pause)
    return _invoke(endpoint, body, content_type, accept)


def _invoke(endpoint: str, body: bytes, content_type: str, accept: str) -> bytes:
    response = client("sagemaker-runtime").invoke_endpoint(
        EndpointName=endpoint, Body=body, ContentType=content_type, Accept=accept
    )
    answer: bytes = response["Body"].read()
    return answer

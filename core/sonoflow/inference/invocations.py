"""Invoking an endpoint of SageMaker, whichever model answers."""

from __future__ import annotations

from sonoflow.aws.clients import client

# Serverless endpoints take 4 MB, real-time ones 6 MB: what fits the smaller works with both.
PAYLOAD_BYTES_LIMIT = 4_000_000


def invoke(endpoint: str, body: bytes, content_type: str, accept: str) -> bytes:
    """The response's body. Errors of the call escape."""
    response = client("sagemaker-runtime").invoke_endpoint(
        EndpointName=endpoint, Body=body, ContentType=content_type, Accept=accept
    )
    answer: bytes = response["Body"].read()
    return answer

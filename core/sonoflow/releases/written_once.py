"""Objects that are named by their content, written once, and held against their name.

Whoever could put other bytes under such a name would have them used by the next training job. So
nobody writes over one, this module included (the work bucket's policy has S3 refuse it), and one
that is there already is read and held against its name before it is handed on.
"""

from __future__ import annotations

import contextlib
import hashlib

from botocore.exceptions import ClientError

from sonoflow import keys
from sonoflow.aws.clients import client
from sonoflow.errors import ContentAltered

_ATTEMPTS = 3  # S3 asks for another one where two write the same key at once
_CHUNK = 1024 * 1024  # bytes


def store(
    bucket: str, key: str, data: bytes, content_type: str, altered: type[ContentAltered]
) -> str:
    """Write the object, unless it is there. Its URI. Raises `altered` where other bytes are."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            client("s3").put_object(
                Bucket=bucket, Key=key, Body=data, ContentType=content_type, IfNoneMatch="*"
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "PreconditionFailed":  # the same was stored before
                _verify(bucket, key, hashlib.sha256(data).hexdigest(), altered)
                break
            if code != "ConditionalRequestConflict" or attempt == _ATTEMPTS:
                raise
        else:
            break
    return keys.uri(bucket, key)


def _verify(bucket: str, key: str, sha256: str, altered: type[ContentAltered]) -> None:
    digest = hashlib.sha256()
    with contextlib.closing(client("s3").get_object(Bucket=bucket, Key=key)["Body"]) as body:
        for chunk in body.iter_chunks(_CHUNK):
            digest.update(chunk)
    if digest.hexdigest() != sha256:
        raise altered(
            f"{keys.uri(bucket, key)} holds other bytes than its name says: their SHA-256 is"
            f" {digest.hexdigest()}, not {sha256}. Nothing is trained with them. Find out who wrote"
            " them, delete the object, and start the run again, which stores it anew."
        )

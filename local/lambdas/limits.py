"""What Lambda refuses: payloads, settings and packages beyond its quotas, in its own words.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from moto.awslambda.exceptions import (
    InvalidParameterValueException,
    LambdaClientError,
    ValidationException,
)

from local.lambdas.function import named_packages
from local.runtime.requirements import size as installed_size

_REQUEST_BYTES = {"RequestResponse": 6 * 2**20, "Event": 2**20}
RESPONSE_BYTES = 6 * 2**20 + 100  # of a synchronous response
_ENVIRONMENT_BYTES = 4 * 2**10
_ZIPPED_BYTES = 50 * 2**20  # sent with the request; what lies in S3 may be larger
_UNZIPPED_BYTES = 250 * 2**20
_AT_MOST = {"MemorySize": 10_240, "Timeout": 900}  # MB, seconds


class RequestTooLarge(LambdaClientError):  # type: ignore[misc] # moto is untyped here
    code = 413

    def __init__(self, message: str) -> None:
        super().__init__("RequestEntityTooLargeException", message)


def check_payload(payload: bytes, kind: str) -> None:
    """An invocation's event, by its invocation type."""
    limit = _REQUEST_BYTES.get(kind)
    if limit is not None and len(payload) > limit:
        raise RequestTooLarge(
            f"{len(payload)} byte payload is too large for the {kind} invocation type "
            f"(limit {limit} bytes)"
        )


def check_settings(settings: Mapping[str, Any]) -> None:
    """What CreateFunction or UpdateFunctionConfiguration asks for."""
    for name, limit in _AT_MOST.items():
        value = settings.get(name)
        if value is not None and int(value) > limit:
            raise ValidationException(
                str(value),
                name[0].lower() + name[1:],
                f"Member must have value less than or equal to {limit}",
            )
    variables = (settings.get("Environment") or {}).get("Variables") or {}
    measured = len(json.dumps(variables, separators=(",", ":"), ensure_ascii=False).encode())
    if measured > _ENVIRONMENT_BYTES:
        raise InvalidParameterValueException(
            "Lambda was unable to configure your environment variables because the environment "
            "variables you have provided exceeded the 4KB limit. "
            f"Measured size: {measured} bytes",
        )


def check_package(code: bytes, *, sent: bool) -> None:
    """A function's archive, `sent` with the request or taken from S3, and what `sam build` would
    have put into it."""
    if sent and len(code) > _ZIPPED_BYTES:
        raise RequestTooLarge(f"Zipped size must be smaller than {_ZIPPED_BYTES} bytes")
    try:
        size = _unzipped(code)
    except zipfile.BadZipFile as error:
        raise InvalidParameterValueException(
            "Could not unzip uploaded file. Please check your file, then try to upload again."
        ) from error
    if size >= _UNZIPPED_BYTES:
        raise InvalidParameterValueException(
            f"Unzipped size must be smaller than {_UNZIPPED_BYTES} bytes"
        )


def _unzipped(code: bytes) -> int:
    with zipfile.ZipFile(io.BytesIO(code)) as archive:
        own = sum(entry.file_size for entry in archive.infolist())
        brought = {name.partition("/")[0] for name in archive.namelist()}
        text = archive.read("requirements.txt").decode() if "requirements.txt" in brought else ""
    return own + installed_size(named_packages(text), brought)

"""Requests are held against the service's model before anything else looks at them."""

from __future__ import annotations

from typing import Any

from moto.core import errors
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse

from local.runtime import patch
from local.runtime.runtime import Runtime
from local.validation import constraints, requests
from local.validation.constraints import Violation

# How each service names the error. S3 has rules of its own (storage/limits.py).
ERRORS = {
    "application-autoscaling": "ValidationException",
    "cloudwatch": "ValidationError",
    "dynamodb": "ValidationException",
    "events": "ValidationException",
    "lambda": "ValidationException",
    "logs": "InvalidParameterException",
    "sagemaker": "ValidationException",
    "sagemaker-runtime": "ValidationError",
    "sns": "ValidationError",
    "sqs": "InvalidParameterValue",
    "stepfunctions": "ValidationException",
}

# No model says so: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
_RESERVED = "aws: prefixed tag key names are not allowed for external use."


class Refused(ServiceException):  # type: ignore[misc] # moto is not typed here
    """A request that its service does not take."""


def install(runtime: Runtime) -> None:
    patch.replace(BaseResponse, "_dispatch", _validated)
    patch.replace(errors, "COMMON_ERROR_CODES", _more_errors)


def _more_errors(original: list[str]) -> list[str]:
    """moto: warns of errors that a service's model does not declare. AWS: has some that none
    does."""
    return [*original, "MissingParameter", "SerializationException"]


def _validated(original: Any) -> Any:
    """moto: looks at a constraint of a model here and there. AWS: at all of them, before anything
    else; botocore's clients look at required members and kinds alone."""

    def dispatch(
        response: BaseResponse, request: Any, full_url: str | None = None, headers: Any = None
    ) -> Any:
        if response.boto3_service_name not in ERRORS:
            return original(response, request, full_url, headers)
        # moto's own reading of the members comes second: it fails on what is of a wrong kind
        reads, response.automated_parameter_parsing = response.automated_parameter_parsing, False
        response.setup_class(request, full_url, headers)
        refused = _refusal(response)
        if refused is not None:
            return _answered(response, refused)
        response.automated_parameter_parsing = reads
        if reads and response._get_action():
            response.parse_parameters(request)
        return response.call_action()

    return dispatch


def _refusal(response: BaseResponse) -> Refused | None:
    """The error for a request that its service's model does not allow."""
    try:
        read = requests.members(response)
        found = constraints.violations(*read) if read else []
        reserved = _reserved(read[1]) if read else None
    except (requests.Unreadable, constraints.WrongType) as error:
        return Refused("SerializationException", str(error))
    service = response.boto3_service_name
    if found:
        return _worded(service, found)
    return Refused(ERRORS[service], _RESERVED) if reserved else None


def _reserved(members: dict[str, Any]) -> bool:
    """Whether a request would give a tag whose name is AWS's own."""
    tags = members.get("Tags") or members.get("tags") or []
    names = list(tags) if isinstance(tags, dict) else [_key(tag) for tag in tags]
    return any(name.lower().startswith("aws:") for name in names)


def _key(tag: Any) -> str:
    return str(tag.get("Key") or tag.get("key") or "") if isinstance(tag, dict) else ""


def _worded(service: str, found: list[Violation]) -> Refused:
    if service == "sqs" and found[0].constraint == constraints.NOT_NULL:
        name = found[0].member.rpartition(".")[2]
        return Refused(
            "MissingParameter",
            f"The request must contain the parameter {name[0].upper()}{name[1:]}.",
        )
    count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected"
    return Refused(ERRORS[service], f"{count}: {'; '.join(map(str, found))}")


def _answered(response: BaseResponse, refused: Refused) -> Any:
    status, headers, body = response.serialized(ActionResult(refused))
    headers, body = response._enrich_response({**headers, "status": status}, body)
    return status, headers, body

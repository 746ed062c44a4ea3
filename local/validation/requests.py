"""A request read by its service's model: which operation it asks for, and with which members."""

from __future__ import annotations

import functools
import json
from typing import Any

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import determine_request_protocol
from moto.core.utils import get_service_model


class Unreadable(Exception):
    """A body that is not what its service reads."""


def members(response: Any) -> tuple[Any, dict[str, Any]] | None:
    """The shape of a request and what it holds, as far as it is of the right kind; None for an
    operation without members, or that the service does not have. Raises Unreadable.

    `response` is moto's: it has been set up for the request.
    """
    service, operation = response.boto3_service_name, response._get_action()
    shape = _input_shape(service, operation)
    if shape is None:
        return None
    request = response.normalized_request
    protocol = determine_request_protocol(get_service_model(service), request.content_type)
    if protocol == "json":
        return shape, _json(request.data)
    parser = PROTOCOL_PARSERS[protocol](get_service_model(service).operation_model(operation))
    try:
        parsed = parser.parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": request.data,
                "url_path": request.path,
                "url_params": response.uri_match,
            }
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise Unreadable(str(error)) from error
    return shape, parsed


def _json(body: bytes) -> dict[str, Any]:
    """As it was sent: moto's own reading turns what it can into what it should be."""
    try:
        parsed = json.loads(body or b"{}")
    except ValueError as error:
        raise Unreadable("Could not parse request body into json") from error
    if not isinstance(parsed, dict):
        raise Unreadable("Unexpected field type")
    return parsed


@functools.cache
def _input_shape(service: str, operation: str | None) -> Any:
    model = get_service_model(service)
    if operation not in model.operation_names:
        return None
    return model.operation_model(operation).input_shape

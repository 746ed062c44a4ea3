"""Which operation of which service a request is, and what it says: read from botocore's models.

moto routes by its own tables, which know some operations under other names; IAM's actions are named
after the API's own.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from botocore.exceptions import UnknownServiceError
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import QueryParser
from moto.core.utils import get_service_model

# Services whose models do not carry the name that their requests are signed for.
_SIGNED_AS = {
    "monitoring": ("cloudwatch",),
    "states": ("stepfunctions",),
    "sagemaker": ("sagemaker", "sagemaker-runtime"),
}
_VARIABLE = re.compile(r"\\\{(\w+)(\\\+)?\\\}")


@dataclasses.dataclass(frozen=True)
class Request:
    """What reaches the runtime, as far as its meaning goes."""

    method: str
    path: str  # as sent, with the bucket that may stand in the host's name put first
    query: str
    headers: Mapping[str, str]  # by lower-case names
    body: bytes  # empty where the operation's meaning does not depend on it


@dataclasses.dataclass(frozen=True)
class Call:
    """An operation and its parameters, under the names of its service's model."""

    service: str  # as requests are signed: s3, states, monitoring
    operation: str
    parameters: Mapping[str, Any]
    protocol: str  # json, rest-json, rest-xml, query or smithy-rpc-v2-cbor


class UnknownOperation(LookupError):
    """No model has such an operation."""


def call(service: str, request: Request) -> Call:
    """Raises UnknownOperation."""
    for model in _models(service):
        found = _in_model(service, model, request)
        if found is not None:
            return found
    raise UnknownOperation(f"{service}: {request.method} {request.path}?{request.query}")


def _in_model(service: str, model: ServiceModel, request: Request) -> Call | None:
    target = request.headers.get("x-amz-target")
    if target is not None:
        return _targeted(service, model, target, request.body)
    protocols = model.metadata.get("protocols", [model.metadata["protocol"]])
    if request.headers.get("smithy-protocol") and "smithy-rpc-v2-cbor" in protocols:
        name = request.path.rsplit("/", 1)[1]
        return Call(service, name, {}, "smithy-rpc-v2-cbor")
    if "query" in protocols:
        return _queried(service, model, request)
    return _by_address(service, model, request)


def _targeted(service: str, model: ServiceModel, target: str, body: bytes) -> Call | None:
    prefix, _, name = target.rpartition(".")
    if prefix != model.metadata.get("targetPrefix") or name not in model.operation_names:
        return None
    try:
        parameters = json.loads(body or b"{}")
    except ValueError:
        parameters = None
    if not isinstance(parameters, dict):
        parameters = {}  # whatever it is, the service itself refuses it
    return Call(service, name, parameters, "json")


def _queried(service: str, model: ServiceModel, request: Request) -> Call | None:
    said = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    said += parse_qsl(request.query, keep_blank_values=True)
    form = dict(said)
    if len(form) != len(said):  # which of the two counts is not ours to say
        return None
    name = form.get("Action", "")
    if name not in model.operation_names:
        return None
    parser = QueryParser(model.operation_model(name))
    shape = model.operation_model(name).input_shape
    parameters = parser._do_parse({"values": form}, shape) if shape else {}
    return Call(service, name, parameters or {}, "query")


@dataclasses.dataclass(frozen=True)
class _Address:
    """Where a REST operation is found."""

    name: str
    method: str
    path: re.Pattern[str]
    fixed: Mapping[str, str]  # what the query string must say
    query: Mapping[str, str]  # parameters in the query string, by their names there
    headers: Mapping[str, str]
    required: frozenset[str]  # parameters

    def matched(self, request: Request, query: Mapping[str, str]) -> dict[str, Any] | None:
        """The parameters outside the body, if the request is for this operation."""
        if any(query.get(key) != value for key, value in self.fixed.items()):
            return None
        found = self.path.fullmatch(request.path)
        if found is None:
            return None
        parameters: dict[str, Any] = {
            name: unquote(value) for name, value in found.groupdict().items()
        }
        parameters |= {name: query[key] for key, name in self.query.items() if key in query}
        sent = request.headers
        parameters |= {name: sent[key] for key, name in self.headers.items() if key in sent}
        return parameters if self.required <= set(parameters) else None


def _by_address(service: str, model: ServiceModel, request: Request) -> Call | None:
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    best: tuple[int, Call] | None = None
    for address in _addresses(model.service_name, request.method):
        parameters = address.matched(request, query)
        if parameters is None:
            continue
        # The more it asks for, the more it is meant: UploadPart is PutObject with a part's number.
        weight = len(address.fixed) * 10 + len(address.required)
        if best is None or weight > best[0]:
            best = weight, Call(service, address.name, parameters, model.metadata["protocol"])
    if best is None:
        return None
    return dataclasses.replace(best[1], parameters=_with_body(best[1].parameters, request))


def _with_body(parameters: Mapping[str, Any], request: Request) -> Mapping[str, Any]:
    if not request.body or "json" not in request.headers.get("content-type", "json"):
        return parameters
    try:
        body = json.loads(request.body)
    except ValueError:
        return parameters
    return {**body, **parameters} if isinstance(body, dict) else parameters


@functools.cache
def _addresses(service: str, method: str) -> tuple[_Address, ...]:
    model = _model(service)
    found = (_address(model.operation_model(name)) for name in model.operation_names)
    return tuple(address for address in found if address.method == method)


def _address(operation: OperationModel) -> _Address:
    path, _, fixed = operation.http["requestUri"].partition("?")
    members = dict(_members(operation))
    path = re.sub(r"^/\{Bucket\}", "/{Bucket}", path)
    pattern = _VARIABLE.sub(
        lambda match: f"(?P<{match[1]}>{'.+' if match[2] else '[^/]+'})", re.escape(path)
    )
    shape = operation.input_shape
    placed = {name for _, name in members.values()}
    return _Address(
        operation.name,
        operation.http["method"],
        re.compile(f"{pattern.rstrip('/') or ''}/?"),
        dict(parse_qsl(fixed, keep_blank_values=True)),
        {key: name for key, (place, name) in members.items() if place == "querystring"},
        {key.lower(): name for key, (place, name) in members.items() if place == "header"},
        frozenset(shape.required_members if shape else ()) & placed,
    )


def _members(operation: OperationModel) -> Iterator[tuple[str, tuple[str, str]]]:
    shape = operation.input_shape
    for name, member in (shape.members if shape else {}).items():
        place = member.serialization.get("location")
        if place in ("uri", "querystring", "header"):
            yield member.serialization.get("name", name), (place, name)


@functools.cache
def _model(name: str) -> ServiceModel:
    return get_service_model(name)


@functools.cache
def _models(service: str) -> tuple[ServiceModel, ...]:
    try:
        names = _SIGNED_AS.get(service, (service,))
        return tuple(_model(name) for name in names)
    except UnknownServiceError:
        return ()

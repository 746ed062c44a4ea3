"""InvokeEndpoint: requests reach the process behind the endpoint, byte for byte."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from typing import Any

from moto.sagemaker.models import FakeEndpoint, sagemaker_backends
from moto.sagemakerruntime.responses import SageMakerRuntimeResponse

from local.runtime import patch
from local.runtime.runtime import Runtime
from local.sagemaker.hosting.model_server import LOG_GROUP, ModelServer

REALTIME_BYTES = 6 * 1024 * 1024
SERVERLESS_BYTES = 4 * 1024 * 1024
RESPONSE_SECONDS = 60.0
_PASSED_ON = ("Content-Type", "Accept", "X-Amzn-SageMaker-Custom-Attributes")
_SERVING = ("InService", "Updating")

Reply = tuple[int, dict[str, Any], Any]


class Refused(Exception):
    """An InvokeEndpoint error: its name and HTTP status, with the members of its shape."""

    def __init__(self, name: str, status: int, message: str, **members: Any) -> None:
        super().__init__(message)
        self.name, self.status = name, status
        self.body = json.dumps({"Message": message, **members})


def install(runtime: Runtime, serving: Callable[[FakeEndpoint], ModelServer | None]) -> None:
    """moto: canned data for every endpoint, and an error for a body that is no UTF-8 text. AWS:
    the container's answer."""

    def invoke_endpoint(response: SageMakerRuntimeResponse) -> Reply:
        try:
            return _invoke(runtime, serving, response)
        except Refused as refused:
            return _reply(
                refused.status,
                refused.body,
                {"x-amzn-errortype": refused.name, "Content-Type": "application/json"},
            )

    def invoke_endpoint_async(response: SageMakerRuntimeResponse) -> Reply:
        message = "InvokeEndpointAsync is not supported by the laptop runtime."
        headers = {"x-amzn-errortype": "ValidationError", "Content-Type": "application/json"}
        return _reply(400, json.dumps({"Message": message}), headers)

    patch.replace(SageMakerRuntimeResponse, "use_raw_body", lambda _original: True)
    patch.replace(SageMakerRuntimeResponse, "invoke_endpoint", lambda _original: invoke_endpoint)
    patch.replace(
        SageMakerRuntimeResponse, "invoke_endpoint_async", lambda _original: invoke_endpoint_async
    )


def _reply(status: int, body: Any, headers: dict[str, Any]) -> Reply:
    return status, {**headers, "status": status}, body


def _invoke(
    runtime: Runtime,
    serving: Callable[[FakeEndpoint], ModelServer | None],
    response: SageMakerRuntimeResponse,
) -> Reply:
    name = response.path.split("/")[2]
    endpoint = sagemaker_backends[runtime.account][runtime.region].endpoints.get(name)
    if endpoint is None or endpoint.endpoint_status not in _SERVING:
        state = f" in service (it is {endpoint.endpoint_status})" if endpoint else ""
        raise Refused(
            "ValidationError",
            400,
            f"Endpoint {name} of account {runtime.account} not found{state}.",
        )
    variant = endpoint.production_variants[0]
    _check(response, variant)
    server = serving(endpoint)
    status, headers, body = _ask(server, response)
    if status >= 400:
        raise _model_error(runtime, name, status, body)
    return _reply(
        200,
        body,
        {**headers, "x-Amzn-Invoked-Production-Variant": variant["VariantName"]},
    )


def _check(response: SageMakerRuntimeResponse, variant: dict[str, Any]) -> None:
    wanted = response.headers.get("X-Amzn-SageMaker-Target-Variant")
    if wanted and wanted != variant["VariantName"]:
        raise Refused("ValidationError", 400, f"The endpoint has no variant {wanted!r}.")
    limit = SERVERLESS_BYTES if "CurrentServerlessConfig" in variant else REALTIME_BYTES
    if len(response.raw_body) > limit:
        raise Refused(
            "ValidationError",
            400,
            f"The request's payload has {len(response.raw_body)} bytes; at most {limit} are "
            "allowed.",
        )


def _ask(
    server: ModelServer | None, response: SageMakerRuntimeResponse
) -> tuple[int, dict[str, str], bytes]:
    port = server.port if server else None
    if server is None or port is None:
        return 503, {}, b"The model server is not running; it is being restarted."
    headers = {name: response.headers[name] for name in _PASSED_ON if name in response.headers}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=RESPONSE_SECONDS)
    try:
        path = server.invocations_path
        connection.request("POST", path, body=response.raw_body, headers=headers)
        answer = connection.getresponse()
        kept = {name: answer.headers[name] for name in _PASSED_ON if name in answer.headers}
        return answer.status, kept, answer.read()
    except TimeoutError:
        message = "Your invocation timed out while waiting for a response from container primary."
        return 500, {}, message.encode()
    except (OSError, http.client.HTTPException) as error:
        return 503, {}, f"The model server ended while it was asked: {error!r}".encode()
    finally:
        connection.close()


def _model_error(runtime: Runtime, endpoint: str, status: int, body: bytes) -> Refused:
    original = body.decode("utf-8", "replace")
    kind = "client error" if status < 500 else "server error"
    log = f"arn:aws:logs:{runtime.region}:{runtime.account}:log-group:{LOG_GROUP}/{endpoint}"
    return Refused(
        "ModelError",
        424,
        f'Received {kind} ({status}) from primary with message "{original}". '
        f"See {LOG_GROUP}/{endpoint} in account {runtime.account} for more information.",
        OriginalStatusCode=status,
        OriginalMessage=original,
        LogStreamArn=log,
    )

"""Lambda: functions run for real, in `awslambdaric` processes, instead of moto's Docker or echo."""

from __future__ import annotations

import base64
import json
from collections.abc import MutableMapping
from typing import Any

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction

from local.lambdas.asynchronous import AsyncInvoker, check_destination
from local.lambdas.function import Function
from local.lambdas.pool import NotStarted, Pool, Throttled
from local.lambdas.worker import MAXIMUM_PAYLOAD
from local.runtime.patch import pristine, replace
from local.runtime.runtime import Runtime
from local.runtime.runtime_log import say

# settings that moto does not keep, and the attributes that keep them here
_SETTINGS = {
    "DeadLetterConfig": "dead_letter_config",
    "LoggingConfig": "logging_config",
    "TracingConfig": "tracing_config",
}


class TooManyRequests(LambdaClientError):  # type: ignore[misc] # moto is untyped here
    code = 429

    def __init__(self, arn: str) -> None:
        super().__init__("TooManyRequestsException", f"Rate Exceeded. ({arn})")


class ServiceException(LambdaClientError):  # type: ignore[misc] # moto is untyped here
    """What AWS says where it could not run a function for a reason of its own. Callers retry it."""

    code = 500

    def __init__(self, reason: str) -> None:
        super().__init__("ServiceException", reason)


class InvalidRequestContent(LambdaClientError):  # type: ignore[misc] # moto is untyped here
    def __init__(self, reason: str) -> None:
        message = f"Could not parse request body into json: {reason}"
        super().__init__("InvalidRequestContentException", message)


class RequestTooLarge(LambdaClientError):  # type: ignore[misc] # moto is untyped here
    code = 413

    def __init__(self, size: int) -> None:
        message = (
            f"{size} byte payload is too large for the Invoke operation (limit {MAXIMUM_PAYLOAD})"
        )
        super().__init__("RequestEntityTooLargeException", message)


def install(runtime: Runtime) -> None:
    """Put real execution behind Invoke and keep the settings that moto drops."""
    pool = Pool(runtime)
    _hook_invoke(pool, AsyncInvoker(runtime, pool))
    _hook_settings()
    _hook_event_invoke_config()
    _hook_delete(pool)


def _hook_invoke(pool: Pool, asynchronous: AsyncInvoker) -> None:
    """moto runs a function in Docker, or echoes the event and succeeds. AWS runs it, reports its
    errors in X-Amz-Function-Error, and knows three invocation types."""

    def invoke(
        self: Any,
        body: str | bytes | None,
        request_headers: Any,
        response_headers: MutableMapping[str, str],
    ) -> bytes:
        payload = _payload(body)
        kind = request_headers.get("X-Amz-Invocation-Type") or "RequestResponse"
        if kind == "DryRun":
            return b""
        if kind == "Event":
            asynchronous.accept(self, payload)
            return b""
        if kind != "RequestResponse":
            raise LambdaClientError("InvalidParameterValueException", f"InvocationType {kind}")
        reserved = self.reserved_concurrency
        try:
            result = pool.run(
                Function.of(self), payload, None if reserved is None else int(reserved)
            )
        except Throttled as error:
            raise TooManyRequests(self.function_arn) from error
        except NotStarted as error:
            say(f"invocation failed: {error}")
            raise ServiceException(str(error)) from error
        response_headers["x-amz-executed-version"] = str(self.version)
        response_headers["x-amz-log-result"] = base64.b64encode(result.log_tail).decode()
        if result.failed:
            response_headers["x-amz-function-error"] = "Unhandled"
        return result.payload

    replace(LambdaFunction, "invoke", lambda _: invoke)


def _hook_settings() -> None:
    """moto forgets DeadLetterConfig and LoggingConfig of CreateFunction, and more of updates."""
    create = pristine(LambdaFunction, "__init__")
    change = pristine(LambdaFunction, "update_configuration")
    describe = pristine(LambdaFunction, "get_configuration")

    def init(self: Any, account_id: str, spec: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        create(self, account_id, spec, *args, **kwargs)
        self.dead_letter_config = spec.get("DeadLetterConfig") or {}
        self.logging_config = spec.get("LoggingConfig") or {}

    def get_configuration(self: Any, on_create: bool = False) -> dict[str, Any]:
        group = self.logging_config.get("LogGroup", self.logs_group_name)
        configuration: dict[str, Any] = {
            **describe(self, on_create),
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": group, **self.logging_config},
        }
        if self.dead_letter_config:
            configuration["DeadLetterConfig"] = self.dead_letter_config
        return configuration

    def update_configuration(self: Any, updates: dict[str, Any]) -> dict[str, Any]:
        change(self, updates)
        for name, attribute in _SETTINGS.items():
            if name in updates:
                setattr(self, attribute, updates[name])
        if "EphemeralStorage" in updates:
            self.ephemeral_storage = updates["EphemeralStorage"]["Size"]
        configuration: dict[str, Any] = self.get_configuration()
        return configuration

    replace(LambdaFunction, "__init__", lambda _: init)
    replace(LambdaFunction, "update_configuration", lambda _: update_configuration)
    replace(LambdaFunction, "get_configuration", lambda _: get_configuration)


def _hook_event_invoke_config() -> None:
    """moto takes any destination; one that would never be delivered to is refused here."""
    put = pristine(LambdaBackend, "put_function_event_invoke_config")

    def put_function_event_invoke_config(
        self: Any, function_name: str, config: dict[str, Any]
    ) -> Any:
        for outcome in config.get("DestinationConfig", {}).values():
            if outcome.get("Destination"):
                try:
                    check_destination(outcome["Destination"])
                except ValueError as error:
                    raise LambdaClientError("InvalidParameterValueException", str(error)) from error
        return put(self, function_name, config)

    replace(
        LambdaBackend,
        "put_function_event_invoke_config",
        lambda _: put_function_event_invoke_config,
    )


def _hook_delete(pool: Pool) -> None:
    """A deleted function keeps no worker."""
    delete = pristine(LambdaBackend, "delete_function")

    def delete_function(self: Any, function_name: str, qualifier: str | None = None) -> None:
        arn = self.get_function(function_name, qualifier).function_arn
        delete(self, function_name, qualifier)
        pool.forget(arn)

    replace(LambdaBackend, "delete_function", lambda _: delete_function)


def _payload(body: str | bytes | None) -> bytes:
    payload = body.encode() if isinstance(body, str) else body or b""
    if len(payload) > MAXIMUM_PAYLOAD:
        raise RequestTooLarge(len(payload))
    if not payload:
        return b"{}"
    try:
        json.loads(payload)
    except ValueError as error:
        raise InvalidRequestContent(str(error)) from error
    return payload

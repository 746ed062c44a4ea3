"""Lambda: functions run for real, in `awslambdaric` processes, instead of moto's Docker or echo."""

from __future__ import annotations

import base64
import json
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda.responses import LambdaResponse
from moto.utilities.aws_headers import amz_crc32

from local.lambdas.asynchronous import AsyncInvoker, check_destination
from local.lambdas.function import Function
from local.lambdas.limits import check_package, check_payload, check_settings
from local.lambdas.pool import NotStarted, Pool, Throttled
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


def install(runtime: Runtime) -> None:
    """Put real execution behind Invoke and keep the settings that moto drops."""
    pool = Pool(runtime)
    _hook_invoke(pool, AsyncInvoker(runtime, pool))
    _hook_response()
    _hook_settings()
    _hook_code()
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
        kind = request_headers.get("X-Amz-Invocation-Type") or "RequestResponse"
        payload = _payload(body, kind)
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


def _hook_response() -> None:
    """moto takes 6,000,000 bytes for too many where AWS takes 6,291,556, as workers do."""

    def answer(self: Any) -> tuple[int, dict[str, str], bytes]:
        headers: dict[str, str] = {}
        name = unquote(self.path.rsplit("/", 2)[-2])
        payload = self.backend.invoke(
            name, self._get_param("qualifier"), self.body, self.headers, headers
        )
        headers["content-type"] = "application/json"
        if self.headers.get("X-Amz-Log-Type") != "Tail":
            headers.pop("x-amz-log-result", None)
        status = {"Event": 202, "DryRun": 204}.get(self.headers.get("X-Amz-Invocation-Type"), 200)
        headers["status"] = str(status)
        return status, headers, payload

    replace(LambdaResponse, "invoke", lambda _: amz_crc32(answer))


def _hook_settings() -> None:
    """moto forgets DeadLetterConfig and LoggingConfig of CreateFunction, and more of updates; and
    it takes more memory, time and environment than Lambda has."""
    create = pristine(LambdaFunction, "__init__")
    change = pristine(LambdaFunction, "update_configuration")
    describe = pristine(LambdaFunction, "get_configuration")

    def init(self: Any, account_id: str, spec: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        check_settings(spec)
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
        check_settings(updates)
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


def _hook_code() -> None:
    """moto takes an archive of any size. One that is refused leaves the function as it was."""
    take = pristine(LambdaFunction, "_set_function_code")

    def set_function_code(self: Any, spec: dict[str, Any]) -> None:
        before, code = dict(self.__dict__), dict(self.code)
        take(self, spec)
        try:
            if code_bytes := getattr(self, "code_bytes", b""):
                check_package(code_bytes, sent="ZipFile" in spec)
        except LambdaClientError:
            self.__dict__.update(before, code=code)
            raise

    replace(LambdaFunction, "_set_function_code", lambda _: set_function_code)


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


def _payload(body: str | bytes | None, kind: str) -> bytes:
    payload = body.encode() if isinstance(body, str) else body or b""
    check_payload(payload, kind)
    if not payload:
        return b"{}"
    try:
        json.loads(payload)
    except ValueError as error:
        raise InvalidRequestContent(str(error)) from error
    return payload

"""Service integrations of Task states: request and response shapes, errors, unknown resources."""

from __future__ import annotations

import contextlib
import datetime
import functools
from collections.abc import Callable
from typing import Any

import boto3
import botocore.session
from botocore.exceptions import ClientError, UnknownServiceError
from botocore.model import OperationModel, ServiceModel
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import (
    ErrorEqualsDecl,
)
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_factory as factory,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import (
    ResourceRuntimePart,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (  # noqa: E501
    StateTaskService,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (  # noqa: E501
    _SERVICE_ERROR_NAMES,
    StateTaskServiceAwsSdk,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (  # noqa: E501
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_dynamodb import (  # noqa: E501
    StateTaskServiceDynamoDB,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (  # noqa: E501
    StateTaskServiceSfn,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask
from moto.stepfunctions.parser.asl.eval.environment import Environment

from local.iam.role_clients import client_for
from local.runtime import patch
from local.runtime.runtime import Runtime
from local.stepfunctions.sagemaker_tasks import SageMakerTask

# How the SDK for Java, which error names come from, spells services.
_ERROR_NAMES = {
    "sagemaker": "SageMaker",
    "applicationautoscaling": "ApplicationAutoScaling",
    "cloudwatchlogs": "CloudWatchLogs",
}
_UNCATCHABLE = ("States.Runtime", "States.DataLimitExceeded")


def install(runtime: Runtime) -> None:
    patch.replace_imported(
        factory,
        "state_task_service_for",
        _task_service(patch.pristine(factory, "state_task_service_for")),
        package="moto.stepfunctions",
    )
    StateTaskService._SERVICE_NAME_SFN_TO_BOTO_OVERRIDES.update(_boto_names())
    _SERVICE_ERROR_NAMES.update(_ERROR_NAMES)
    patch.replace(StateTaskService, "_normalise_parameters", lambda _original: _to_request)
    patch.replace(StateTaskService, "_normalise_response", lambda _original: _from_response)
    patch.replace(StateTask, "_eval_parameters", _eval_parameters)
    patch.replace(
        StateTaskServiceAwsSdk,
        "_validate_service_integration_is_supported",
        lambda _original: _validate_sdk_action,
    )
    patch.replace(StateTaskServiceDynamoDB, "_from_error", _from_error)
    patch.replace(ErrorEqualsDecl, "_eval_body", _error_equals)
    patch.replace(StateTaskServiceSfn, "_build_sync_resolver", _cancellable)
    patch.replace(StateTaskServiceSfn, "_build_sync2_resolver", _cancellable)
    patch.replace(StateTaskServiceCallback, "_eval_sync", _eval_sync)


def _task_service(original: Callable[[str], Any]) -> Callable[[str], Any]:
    """moto: `sagemaker` is listed as unsupported. AWS: an optimised integration."""

    def state_task_service_for(service_name: str) -> Any:
        return SageMakerTask() if service_name == "sagemaker" else original(service_name)

    return state_task_service_for


@functools.cache
def _boto_names() -> dict[str, str]:
    """moto: takes `applicationautoscaling` for botocore's name. AWS: names without hyphens, plus a
    few that the SDK for Java spells differently."""
    services = boto3.session.Session().get_available_services()
    names = {name.replace("-", ""): name for name in services if "-" in name}
    return {**names, "eventbridge": "events", "cloudwatchlogs": "logs"}


@functools.cache
def service_model(service: str) -> ServiceModel:
    """One for all operations: SageMaker's alone takes a second to read, and 50 MB to keep."""
    return botocore.session.get_session().get_service_model(service)


@functools.cache
def operation(service: str, action: str) -> OperationModel | None:
    """botocore's model of an operation, by its snake_case name; None if there is none."""
    try:
        model = service_model(service)
    except UnknownServiceError:
        return None
    wanted = action.replace("_", "").lower()
    names = (name for name in model.operation_names if name.lower() == wanted)
    name = next(names, None)
    return model.operation_model(name) if name else None


def _to_request(
    self: StateTaskService,
    parameters: dict[str, Any],
    boto_service_name: str | None = None,
    service_action_name: str | None = None,
) -> None:
    """moto: an empty method, so `StateMachineArn` never becomes `stateMachineArn`. AWS: PascalCase
    everywhere, matched to the API's own spelling."""
    model = operation(
        self._get_boto_service_name(boto_service_name),
        self._get_boto_service_action(service_action_name),
    )
    if model and model.input_shape:
        self._to_boto_request(parameters, model.input_shape)


def _from_response(
    self: StateTaskService,
    response: Any,
    boto_service_name: str | None = None,
    service_action_name: str | None = None,
) -> None:
    """moto: an empty method. AWS: members in PascalCase, times as ISO 8601 text."""
    model = operation(
        self._get_boto_service_name(boto_service_name),
        self._get_boto_service_action(service_action_name),
    )
    if model and model.output_shape:
        self._from_boto_response(response, model.output_shape)
    _spell_times(response)


def _spell_times(value: Any) -> None:
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in list(pairs):
        if isinstance(item, datetime.datetime):
            utc = item.astimezone(datetime.UTC)
            value[key] = utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        elif isinstance(item, dict | list):
            _spell_times(item)


def _eval_parameters(
    original: Callable[[Any, Environment], dict[str, Any]],
) -> Callable[[Any, Environment], dict[str, Any]]:
    """moto: drops arguments that an integration does not know. AWS: refuses the state machine."""

    def eval_parameters(self: StateTask, env: Environment) -> dict[str, Any]:
        supported = self._get_supported_parameters()
        if not supported or self.parargs is None:
            return _fitting(self, env, original(self, env))
        self.parargs.eval(env=env)
        parameters: dict[str, Any] = env.stack.pop()
        unknown = sorted(set(parameters) - supported)
        if unknown:
            raise ValueError(
                f"{self.resource.resource_arn} takes {', '.join(sorted(supported))}, "
                f"not {', '.join(unknown)}."
            )
        return _fitting(self, env, parameters)

    return eval_parameters


def _fitting(self: StateTask, env: Environment, parameters: dict[str, Any]) -> dict[str, Any]:
    """moto: sends arguments of any size. AWS: States.DataLimitExceeded."""
    self._verify_size_quota(env=env, value=parameters)
    return parameters


def _validate_sdk_action(self: StateTaskServiceAwsSdk) -> None:
    """moto: an action that does not exist fails when its state runs. AWS: refuses the state
    machine when it is created."""
    if operation(self._get_boto_service_name(), self._get_boto_service_action()) is None:
        raise ValueError(
            f"The resource provided {self.resource.resource_arn} is not recognized. "
            "The value is not a valid resource ARN, or the resource is not available."
        )


def _from_error(original: Callable[..., FailureEvent]) -> Callable[..., FailureEvent]:
    """moto: whatever goes wrong in a task of DynamoDB's is DynamoDB's error, without a cause. AWS:
    an expression that fails or a result that is too large has a name of its own."""

    def from_error(self: StateTaskServiceDynamoDB, env: Environment, ex: Exception) -> FailureEvent:
        if isinstance(ex, FailureEventException):
            return ex.failure_event
        return original(self, env=env, ex=ex)

    return from_error


def _error_equals(original: Callable[[Any, Environment], None]) -> Callable[[Any, Any], None]:
    """moto: `States.ALL` catches everything. AWS: not States.Runtime or States.DataLimitExceeded,
    which end the execution."""

    def eval_body(self: ErrorEqualsDecl, env: Environment) -> None:
        error: ErrorName | None = env.stack[-1]
        if error is not None and error.error_name in _UNCATCHABLE:
            env.stack.pop()
            env.stack.append(error in self.error_names)
        else:
            original(self, env)

    return eval_body


def _cancellable(original: Callable[..., Any]) -> Callable[..., Any]:
    """moto: an aborted `states:startExecution.sync` leaves its child running. AWS: stops it.

    The resolver gets a `cancel` that `_eval_sync` calls when the waiting state was ended from
    outside."""

    def build(
        self: StateTaskServiceSfn,
        env: Environment,
        resource_runtime_part: ResourceRuntimePart,
        normalised_parameters: dict[str, Any],
        state_credentials: Any,
    ) -> Callable[[], Any]:
        child = env.stack[-1]["ExecutionArn"]
        client = client_for(resource_runtime_part.region, "stepfunctions", state_credentials)
        resolve = original(
            self, env, resource_runtime_part, normalised_parameters, state_credentials
        )

        def resolver() -> Any:
            return resolve()

        def cancel() -> None:
            with contextlib.suppress(ClientError):
                client.stop_execution(
                    executionArn=child, cause="The execution that waits for it was ended."
                )

        resolver.cancel = cancel  # type: ignore[attr-defined]
        return resolver

    return build


def _eval_sync(original: Callable[..., Any]) -> Callable[..., Any]:
    def eval_sync(
        self: StateTaskServiceCallback, env: Environment, sync_resolver: Any, **others: Any
    ) -> Any:
        try:
            return original(self, env=env, sync_resolver=sync_resolver, **others)
        finally:
            cancel = getattr(sync_resolver, "cancel", None)
            if cancel and not env.is_running():
                cancel()

    return eval_sync

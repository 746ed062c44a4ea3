"""The optimised SageMaker integration of Step Functions: `arn:aws:states:::sagemaker:…`."""

from __future__ import annotations

import contextlib
import datetime
import json
import time
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import (
    HistoryEventExecutionDataDetails,
    HistoryEventType,
    TaskFailedEventDetails,
    TaskSubmittedEventDetails,
)
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import (
    CustomErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import (
    ResourceCondition,
    ResourceRuntimePart,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (  # noqa: E501
    StateTaskService,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from local.iam.role_clients import client_for

_ACTIONS = {
    "createTrainingJob": (None, ResourceCondition.Sync),
    "createHyperParameterTuningJob": (None, ResourceCondition.Sync),
    "createModel": (None,),
    "createEndpointConfig": (None,),
    "createEndpoint": (None,),
    "updateEndpoint": (None,),
}
# All that Step Functions documents of the calls that wait for nothing; any other field ends an
# execution with States.Runtime, which no Catch sees. `aws-sdk:sagemaker` takes the whole API.
# https://github.com/awsdocs/aws-step-functions-developer-guide/blob/main/doc_source/connect-sagemaker.md
_PARAMETERS = {
    "createModel": {
        "Containers",
        "EnableNetworkIsolation",
        "ExecutionRoleArn",
        "ModelName",
        "PrimaryContainer",
        "Tags",
        "VpcConfig",
    },
    "createEndpointConfig": {"EndpointConfigName", "KmsKeyId", "ProductionVariants", "Tags"},
    "createEndpoint": {"EndpointConfigName", "EndpointName", "Tags"},
    "updateEndpoint": {"EndpointConfigName", "EndpointName"},
}
_JOBS = {
    "createTrainingJob": "TrainingJob",
    "createHyperParameterTuningJob": "HyperParameterTuningJob",
}
_RUNNING = ("InProgress", "Stopping")
_POLL_SECONDS = 0.3


class SageMakerTask(StateTaskService):  # type: ignore[misc] # moto is not typed here
    """A Task state whose resource is SageMaker. moto has none.

    `.sync` waits for the job: its description becomes the result, or States.TaskFailed's cause. A
    job whose state is ended from outside (a stopped execution, a failed sibling, a timeout) is
    stopped too.
    """

    def _get_sfn_resource(self) -> str:
        condition = self.resource.condition
        return f"{self.resource.api_action}.{condition}" if condition else self.resource.api_action

    def _validate_service_integration_is_supported(self) -> None:
        conditions = _ACTIONS.get(self.resource.api_action, ())
        if self.resource.condition not in conditions:
            raise ValueError(
                f"The resource {self.resource.resource_arn} is not supported by the laptop "
                f"runtime. It knows sagemaker:{', sagemaker:'.join(_ACTIONS)} "
                f"and sagemaker:{'.sync, sagemaker:'.join(_JOBS)}.sync."
            )

    def _get_supported_parameters(self) -> set[str] | None:
        return _PARAMETERS.get(self.resource.api_action)

    def _normalise_response(self, response: Any, *_names: Any) -> None:
        """Optimised integrations return the API's own member names."""

    def _eval_service_task(
        self,
        env: Environment,
        resource_runtime_part: ResourceRuntimePart,
        normalised_parameters: dict[str, Any],
        state_credentials: Any,
    ) -> None:
        client = client_for(resource_runtime_part.region, "sagemaker", state_credentials)
        response = getattr(client, self._get_boto_service_action())(**normalised_parameters)
        response.pop("ResponseMetadata", None)
        if self.resource.condition == ResourceCondition.Sync:
            self._submitted(env, response)
            response = self._wait(env, client, normalised_parameters)
        env.stack.append(response)

    def _submitted(self, env: Environment, response: dict[str, Any]) -> None:
        env.event_manager.add_event(
            context=env.event_history_context,
            event_type=HistoryEventType.TaskSubmitted,
            event_details=EventDetails(
                taskSubmittedEventDetails=TaskSubmittedEventDetails(
                    resource=self._get_sfn_resource(),
                    resourceType=self._get_sfn_resource_type(),
                    output=to_json_str(response),
                    outputDetails=HistoryEventExecutionDataDetails(truncated=False),
                )
            ),
        )

    def _wait(self, env: Environment, client: Any, request: dict[str, Any]) -> dict[str, Any]:
        kind = _JOBS[self.resource.api_action]
        action, name = xform_name(kind), {f"{kind}Name": request[f"{kind}Name"]}
        while env.is_running():
            description = getattr(client, f"describe_{action}")(**name)
            if description[f"{kind}Status"] not in _RUNNING:
                description.pop("ResponseMetadata", None)
                return self._result(env, description, description[f"{kind}Status"])
            time.sleep(_POLL_SECONDS)
        with contextlib.suppress(ClientError):  # it may have ended by itself meanwhile
            getattr(client, f"stop_{action}")(**name)
        return {}

    def _result(self, env: Environment, description: dict[str, Any], status: str) -> dict[str, Any]:
        result: dict[str, Any] = json.loads(json.dumps(description, default=_milliseconds))
        if status == "Completed":
            return result
        raise FailureEventException(
            self._failure(
                env,
                StatesErrorName(typ=StatesErrorNameType.StatesTaskFailed),
                json.dumps(result, separators=(",", ":")),
            )
        )

    def _from_error(self, env: Environment, ex: Exception) -> FailureEvent:
        if not isinstance(ex, ClientError):
            return super()._from_error(env=env, ex=ex)
        error, metadata = ex.response["Error"], ex.response["ResponseMetadata"]
        cause = (
            f"{error['Message']} (Service: AmazonSageMaker; "
            f"Status Code: {metadata['HTTPStatusCode']}; Error Code: {error['Code']}; "
            f"Request ID: {metadata.get('RequestId', '')}; Proxy: null)"
        )
        return self._failure(env, CustomErrorName(_error_name(ex)), cause)

    def _failure(self, env: Environment, error: ErrorName, cause: str) -> FailureEvent:
        return FailureEvent(
            env=env,
            error_name=error,
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(
                taskFailedEventDetails=TaskFailedEventDetails(
                    resource=self._get_sfn_resource(),
                    resourceType=self._get_sfn_resource_type(),
                    error=error.error_name,
                    cause=cause,
                )
            ),
        )


def _error_name(error: ClientError) -> str:
    """SageMaker's model declares few errors; all others are AmazonSageMakerException."""
    name = type(error).__name__
    if name == "ClientError":
        return "SageMaker.AmazonSageMakerException"
    return f"SageMaker.{name}" if name.endswith("Exception") else f"SageMaker.{name}Exception"


def _milliseconds(value: Any) -> int | str:
    """Times of a finished job, as the event that ends a `.sync` task spells them."""
    if isinstance(value, datetime.datetime):
        return int(value.timestamp() * 1000)
    return str(value)

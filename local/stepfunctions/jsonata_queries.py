"""Evaluates the `{% … %}` expressions of state machines.

moto's interpreter descends from LocalStack's, whose evaluator is a Java library that moto left
out. It also builds expression text by pasting variables into it without escaping them. Here
jsonata-python evaluates the expression as written, with the variables bound as values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jsonata import Jsonata
from jsonata.utils import Utils
from moto.stepfunctions.parser.api import EvaluationFailedEventDetails, HistoryEventType
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
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from local.runtime import patch
from local.runtime.runtime import Runtime
from local.stepfunctions.jsonata_functions import FUNCTIONS


class QueryEvaluationError(Exception):
    """An expression that Step Functions would fail with States.QueryEvaluationError."""


def install(runtime: Runtime) -> None:
    """moto: no evaluator (`NoneType is not callable`). AWS: JSONata 2 with its own functions."""
    patch.replace(StringJSONata, "_eval_body", lambda _original: _eval_body)


def evaluate(expression: str, variables: Mapping[str, Any]) -> Any:
    """The JSON value of a JSONata expression; `variables` by name, without the dollar sign.

    Raises QueryEvaluationError where the result is undefined or no JSON value, and for every error
    of the language, an unknown function included.
    """
    try:
        query = Jsonata(expression)
        query.set_output_convert_nulls(False)  # keeps null and undefined apart
        for name, function in FUNCTIONS.items():
            query.register_lambda(name, function)
        result = query.evaluate(
            None,
            {name: Utils.NULL_VALUE if v is None else v for name, v in variables.items()},
        )
    except Exception as error:  # the library raises many kinds, user functions any kind
        raise QueryEvaluationError(
            f"The JSONata expression '{expression}' failed: {error}"
        ) from error
    if result is None:
        raise QueryEvaluationError(
            f"The JSONata expression '{expression}' returned nothing (undefined)."
        )
    return _json_value(result, expression)


def _json_value(value: Any, expression: str) -> Any:
    if value is None or value is Utils.NULL_VALUE:
        return None
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return {str(key): _json_value(item, expression) for key, item in value.items()}
    if isinstance(value, list):
        return [_json_value(item, expression) for item in value]
    raise QueryEvaluationError(
        f"The JSONata expression '{expression}' returned an unsupported result type."
    )


def _eval_body(self: StringJSONata, env: Environment) -> None:
    try:
        env.stack.append(evaluate(self.expression, _variables(env)))
    except QueryEvaluationError as error:
        failure = _failure(env, str(error))
        env.event_manager.add_event(
            context=env.event_history_context,
            event_type=HistoryEventType.EvaluationFailed,
            event_details=EventDetails(
                evaluationFailedEventDetails=failure.get_evaluation_failed_event_details()
            ),
        )
        raise failure from error


def _variables(env: Environment) -> dict[str, Any]:
    # `result` and `errorOutput` exist only where the interpreter has set them: elsewhere a
    # reference is undefined and fails, as on AWS.
    states = {key: value for key, value in env.states._states_data.items() if value is not None}
    states.setdefault("input", None)
    store = env.variable_store
    variables = {"states": states, **store._outer_scope, **store._inner_scope}
    # Through JSON text: times become strings, and the language cannot change the originals.
    copy: dict[str, Any] = json.loads(to_json_str(variables))
    return copy


def _failure(env: Environment, cause: str) -> FailureEventException:
    name = StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
    return FailureEventException(
        FailureEvent(
            env=env,
            error_name=name,
            event_type=HistoryEventType.EvaluationFailed,
            event_details=EventDetails(
                evaluationFailedEventDetails=EvaluationFailedEventDetails(
                    error=name.error_name, cause=cause
                )
            ),
        )
    )

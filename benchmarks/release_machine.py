"""The product's release_model machine, without what is slow and does not matter to an endpoint.

Training is left out, and the probe is one request to the endpoint.
"""

from __future__ import annotations

import itertools
import json
import re
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.interpreter import unbounded_role
from local.iam.credentials import role_credentials
from local.runtime.runtime import Runtime

MACHINE = Path(__file__).resolve().parents[1] / "statemachine/release_model.asl.json"
SCALING_TARGET = 60  # invocations a minute, as a probe would have measured them


class Machines:
    """The machine, as many times as releases shall be told apart, and their one lock table."""

    def __init__(
        self,
        runtime: Runtime,
        definition: str | None = None,
        count: int = 3,
        approval: str = "auto",
    ) -> None:
        self.runtime = runtime
        text = definition or MACHINE.read_text("utf-8")
        # A machine that approves nothing is one of before, which registered as approved.
        self.approves = '"Approved"' in text
        name = f"trials-{uuid.uuid4().hex[:8]}"
        self.table = f"{name}-locks"
        runtime.client("dynamodb").create_table(
            TableName=self.table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "endpoint", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "endpoint", "KeyType": "HASH"}],
        )
        runnable = json.dumps(_runnable(text, self.table, approval))
        self._next = itertools.cycle(
            [self._create(f"{name}-{number}", runnable) for number in range(count)]
        )
        self.sagemaker_role = unbounded_role(runtime, f"{name}-sagemaker")

    def next(self) -> tuple[str, str]:
        """A machine's ARN, and the access key of its requests: another one each time."""
        return next(self._next)

    def _create(self, name: str, definition: str) -> tuple[str, str]:
        role = unbounded_role(self.runtime, name)
        machine = self.runtime.client("stepfunctions").create_state_machine(
            name=name, definition=definition, roleArn=role
        )
        return machine["stateMachineArn"], role_credentials(
            role, "StepFunctions", "states.amazonaws.com"
        ).access_key


def _runnable(text: str, table: str, approval: str) -> dict[str, Any]:
    given = {
        "Partition": "aws",
        "EndpointPollSeconds": "1",
        "LocksTableName": table,
        "Approval": approval,
        "LogRetentionDays": "30",
    }
    text = re.sub(r"\$\{(\w+)\}", lambda found: given.get(found.group(1), "none"), text)
    definition: dict[str, Any] = json.loads(text)
    states = definition["States"]
    states |= {name: {**states[name], **change} for name, change in _stand_ins(states).items()}
    for state in states.values():
        _hurry(state.get("Retry", []))
    return definition


def _stand_ins(states: Mapping[str, Any]) -> dict[str, Any]:
    """A plan that is given, no training, no figures, and a probe of one request."""
    planned = {**states["PlanRelease"]["Assign"], "plan": "{% $states.input %}"}
    here = {"Type": "Pass", "Resource": None, "Arguments": None, "Retry": None, "Catch": None}
    answered = "'metrics': { 'answered': $parse($states.result.Body).release }"
    probe = f"{{% {{ {answered}, 'scaling_target': {SCALING_TARGET} }} %}}"
    changed: dict[str, Any] = {
        "PlanRelease": {**here, "Output": "{% $states.input %}", "Assign": planned},
        "Train": {**here, "Next": "JudgeModel"},
        "JudgeModel": {
            **here,
            "Output": {},
            "Assign": {"verdict": {"passed": True, "metrics": {}, "reasons": []}},
        },
        "AskForApproval": {**here, "Output": {}},
        "CompareModels": {
            "Resource": "arn:aws:states:::aws-sdk:sagemaker:describeEndpoint",
            "Arguments": {"EndpointName": "{% $plan.endpoint.EndpointName %}"},
            "Assign": {"comparison": _compared("$states.result.EndpointConfigName")},
            "Catch": [
                {
                    "ErrorEquals": ["States.ALL"],
                    "Output": {},
                    "Assign": {"comparison": _compared("null")},
                    "Next": "ModelsCompared",
                }
            ],
            "Retry": None,
        },
        "ProbeEndpoint": {
            "Resource": "arn:aws:states:::aws-sdk:sagemakerruntime:invokeEndpoint",
            "Arguments": {
                "EndpointName": "{% $plan.endpoint.EndpointName %}",
                "ContentType": "application/json",
                "Body": {},
            },
            "Output": {},
            "Assign": {"probe": probe},
            "Retry": None,
        },
    }
    # A machine of before may compare nothing.
    changed = {name: change for name, change in changed.items() if name in states}
    for name, change in changed.items():
        for key in [key for key, value in change.items() if value is None]:
            change.pop(key)
            states[name].pop(key, None)
    return changed


def _compared(champion: str) -> dict[str, Any]:
    """With whatever serves, which an expression says: worse than the one that the plan names."""
    return {
        "done": True,
        "passed": f"{{% {champion} != [$plan.worse_than, ''][0] %}}",
        "champion": f"{{% {champion} %}}",
        "outcome": "worse",
        "reasons": [f"{{% 'worse than ' & {champion} %}}"],
        "metadata": {"comparison": "worse"},
    }


def _hurry(retries: list[dict[str, Any]]) -> None:
    """Services of the laptop need no minutes of patience."""
    for retry in retries:
        if retry.get("MaxAttempts", 3):
            retry |= {"IntervalSeconds": 1, "BackoffRate": 1.0}
            retry["MaxAttempts"] = min(retry["MaxAttempts"], 4)
            retry.pop("MaxDelaySeconds", None)

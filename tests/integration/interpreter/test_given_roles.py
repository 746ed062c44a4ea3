"""Roles that are given to services: who may pass them, and whom they trust."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from local.iam.credentials import RoleNotFound, role_credentials
from tests.integration.interpreter.callers import (
    ALL,
    HERE,
    Caller,
    document,
    opened,
    refused,
    trusting,
)
from tests.integration.interpreter.conftest import Platform


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [("sagemaker.amazonaws.com", True), ("lambda.amazonaws.com", False)],
)
def test_a_role_is_passed_to_whom_the_caller_may_pass_it(
    platform: Platform, condition: str, allowed: bool
) -> None:
    passing = {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": platform.role,
        "Condition": {"StringEquals": {"iam:PassedToService": condition}},
    }
    caller = Caller(platform, {**ALL, "Action": "sagemaker:*"}, passing)
    name = f"m-{uuid.uuid4().hex[:8]}"
    image = "763104351884.dkr.ecr.us-east-1.amazonaws.com/ray:serve-ml-sagemaker-cpu-v1"
    container = {"Image": image, "ModelDataUrl": "s3://b/model.tar.gz"}

    def create() -> Any:
        return caller.client("sagemaker").create_model(
            ModelName=name, ExecutionRoleArn=platform.role, PrimaryContainer=container
        )

    if allowed:
        assert create()["ModelArn"].endswith(name)
    else:
        code, message = refused(create)
        assert code == "AccessDeniedException"
        assert f"iam:PassRole on resource: {platform.role}" in message


@pytest.mark.parametrize(
    ("service", "create", "code", "told"),
    [
        ("stepfunctions",
         lambda client, role: client.create_state_machine(
             name="untrusted", roleArn=role,
             definition='{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'),
         "AccessDeniedException", "Neither the global service principal states.amazonaws.com"),
        ("sagemaker",
         lambda client, role: client.create_model(ModelName="untrusted", ExecutionRoleArn=role),
         "ValidationException", "allows principal 'sagemaker.amazonaws.com' to assume the role"),
        ("lambda",
         lambda client, role: client.create_function(
             FunctionName="untrusted", Role=role, Runtime="python3.13", Handler="a.b",
             Code={"ZipFile": b"x"}),
         "InvalidParameterValueException", "cannot be assumed by Lambda"),
    ],
)  # fmt: skip
def test_a_role_must_trust_the_service_that_it_is_given_to(
    platform: Platform, service: str, create: Callable[..., Any], code: str, told: str
) -> None:
    stranger = Caller(platform, ALL, trust=trusting("events.amazonaws.com"))

    found, message = refused(lambda: create(platform.client(service), stranger.arn))

    assert found == code
    assert told in message


def test_a_trust_policy_names_the_account_that_it_trusts(platform: Platform) -> None:
    def role(account: str) -> str:
        statement = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}}
        statement["Action"] = "sts:AssumeRole"
        condition = {"Condition": {"StringEquals": {"aws:SourceAccount": account}}}
        return Caller(platform, ALL, trust=document({**statement, **condition})).arn

    definition = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'
    create = platform.client("stepfunctions").create_state_machine

    name = f"own-{uuid.uuid4().hex[:8]}"
    assert create(name=name, roleArn=role("123456789012"), definition=definition)
    code, _ = refused(
        lambda: create(name="else", roleArn=role("999999999999"), definition=definition)
    )
    assert code == "AccessDeniedException"


@pytest.mark.parametrize(
    ("resource", "logging", "told"),
    [
        (
            "arn:aws:states:::sagemaker:createTrainingJob.sync",
            {},
            "is not authorized to create managed-rule.",
        ),
        (
            "arn:aws:states:::lambda:invoke",
            {"level": "ERROR"},
            "not authorized to access the Log Destination",
        ),
    ],
)
def test_a_machines_role_must_be_able_to_arrange_what_the_machine_takes(
    platform: Platform, resource: str, logging: dict[str, Any], told: str
) -> None:
    task = {"Type": "Task", "Resource": resource, "Arguments": {}, "End": True}
    definition = json.dumps({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": task}})
    trust = trusting("states.amazonaws.com")
    group = f"arn:aws:logs:{HERE}:log-group:/g:*"
    destination = {"destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]}

    def create(role: str) -> Any:
        return platform.client("stepfunctions").create_state_machine(
            name=f"m-{uuid.uuid4().hex[:8]}",
            roleArn=role,
            definition=definition,
            **({"loggingConfiguration": {**logging, **destination}} if logging else {}),
        )

    code, message = refused(lambda: create(Caller(platform, trust=trust).arn))
    assert (code, told in message) == ("AccessDeniedException", True)
    assert create(Caller(platform, ALL, trust=trust).arn)["stateMachineArn"]


def test_a_deleted_roles_session_may_do_nothing_more(platform: Platform) -> None:
    caller = Caller(platform, ALL)
    client = caller.client("stepfunctions")
    client.list_state_machines()
    iam = platform.client("iam")
    iam.delete_role_policy(RoleName=caller.name, PolicyName="own")
    iam.delete_role(RoleName=caller.name)

    assert refused(client.list_state_machines)[0] == "AccessDeniedException"


def test_a_distributed_map_starts_its_children_in_its_machines_name(platform: Platform) -> None:
    trust = trusting("states.amazonaws.com")
    inner = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    mapping = {
        "Type": "Map",
        "Items": [1],
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            **inner,
        },
        "End": True,
    }
    definition = {"QueryLanguage": "JSONata", "StartAt": "M", "States": {"M": mapping}}

    def run(*statements: dict[str, Any]) -> dict[str, Any]:
        states = platform.client("stepfunctions")
        machine = states.create_state_machine(
            name=f"map-{uuid.uuid4().hex[:8]}",
            definition=json.dumps(definition),
            roleArn=Caller(platform, *statements, trust=trust).arn,
        )["stateMachineArn"]
        return platform.finish(states.start_execution(stateMachineArn=machine)["executionArn"])

    refusal = run({**ALL, "Action": "states:DescribeExecution"})
    assert (refusal["status"], refusal["error"]) == ("FAILED", "States.Permissions")
    assert "states:StartExecution" in refusal["cause"]
    assert run({**ALL, "Action": "states:*"})["status"] == "SUCCEEDED"


def test_sts_hands_out_a_role_to_whom_it_trusts(platform: Platform) -> None:
    caller = Caller(platform, {**ALL, "Action": "sts:*"})
    closed = Caller(platform, ALL)
    me = {"Effect": "Allow", "Principal": {"AWS": caller.arn}, "Action": "sts:AssumeRole"}
    opened_to_me = Caller(platform, ALL, trust=document(me))
    sts = caller.client("sts")

    def assume(role: str) -> Any:
        return sts.assume_role(RoleArn=role, RoleSessionName="mine")

    assert refused(lambda: assume(closed.arn))[0] == "AccessDenied"
    assert refused(lambda: assume("arn:aws:iam::123456789012:role/none"))[0] == "AccessDenied"
    taken = assume(opened_to_me.arn)["Credentials"]["AccessKeyId"]
    assert "stateMachines" in opened(platform, "stepfunctions", taken).list_state_machines()
    assert refused(sts.get_session_token)[0] == "InternalFailure"


def test_a_rules_role_is_passed_too(platform: Platform) -> None:
    caller = Caller(platform, {**ALL, "Action": "events:*"})
    platform.client("events").put_rule(Name="passes", EventPattern='{"source": ["x"]}')
    machine = f"arn:aws:states:{HERE}:stateMachine:m"
    target = {"Id": "1", "Arn": machine, "RoleArn": platform.role}

    _, message = refused(
        lambda: caller.client("events").put_targets(Rule="passes", Targets=[target])
    )

    assert f"iam:PassRole on resource: {platform.role}" in message


def test_trust_that_is_withdrawn_is_gone(platform: Platform) -> None:
    caller = Caller(platform, ALL)
    role_credentials(caller.arn, "again", "lambda.amazonaws.com")
    platform.client("iam").update_assume_role_policy(
        RoleName=caller.name, PolicyDocument=trusting("events.amazonaws.com")
    )

    with pytest.raises(RoleNotFound, match=r"does not let lambda\.amazonaws\.com assume it"):
        role_credentials(caller.arn, "again", "lambda.amazonaws.com")

"""State machines as ours are written, executed by the runtime: one test per feature of ASL."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.interpreter.conftest import Platform


def machine(*states: tuple[str, dict[str, Any]], start: str | None = None) -> dict[str, Any]:
    return {"StartAt": start or states[0][0], "States": dict(states)}


def one(state: dict[str, Any]) -> dict[str, Any]:
    return machine(("Only", {"End": True, **state}))


class TestExpressions:
    def test_pass_builds_its_output_from_the_input(self, platform: Platform) -> None:
        output = {
            "text": "{% 'run ' & $states.input.name %}",
            "nested": {"list": ["{% $states.input.numbers[1] %}", "plain", 3, None, True]},
            "whole": "{% $states.input %}",
        }
        value = {"name": 'quote " backslash \\ newline \n é', "numbers": [1, 2]}

        result = platform.states(one({"Type": "Pass", "Output": output}), value)

        assert result == {
            "text": f"run {value['name']}",
            "nested": {"list": [2, "plain", 3, None, True]},
            "whole": value,
        }

    def test_assigned_variables_reach_later_states(self, platform: Platform) -> None:
        definition = machine(
            (
                "Remember",
                {
                    "Type": "Pass",
                    "Assign": {
                        "run": "{% $states.input.run %}",
                        "nothing": None,
                        "quoted": 'say "hi" \\',
                        "facts": {"size": "{% $count($states.input.items) %}"},
                    },
                    "Output": {},
                    "Next": "Recall",
                },
            ),
            (
                "Recall",
                {
                    "Type": "Pass",
                    "Output": {
                        "run": "{% $run %}",
                        "nothing": "{% $nothing %}",
                        "quoted": "{% $quoted %}",
                        "size": "{% $facts.size + 1 %}",
                        "name": "{% $states.context.StateMachine.Name != '' %}",
                    },
                    "End": True,
                },
            ),
        )

        result = platform.states(definition, {"run": "r1", "items": [1, 2, 3]})

        assert result == {
            "run": "r1",
            "nothing": None,
            "quoted": 'say "hi" \\',
            "size": 4,
            "name": True,
        }

    @pytest.mark.parametrize(
        ("expression", "complaint"),
        [
            ("$states.input.missing", "returned nothing"),
            ("$states.errorOutput", "returned nothing"),
            ("$nosuch(1)", "non-function"),
            ("$eval('1')", "$eval is not supported"),
            ("$states.input.a +", "failed"),
            ("$sum", "unsupported result type"),
            ("$", "returned nothing"),
        ],
    )
    def test_what_cannot_be_evaluated_fails_the_execution(
        self, platform: Platform, expression: str, complaint: str
    ) -> None:
        description = platform.run(one({"Type": "Pass", "Output": f"{{% {expression} %}}"}))

        assert description["status"] == "FAILED"
        assert description["error"] == "States.QueryEvaluationError"
        assert complaint in description["cause"]

    def test_awss_own_functions_exist(self, platform: Platform) -> None:
        output = {
            "uuid": "{% $length($uuid()) %}",
            "partition": "{% $partition([1,2,3], 2) %}",
            "range": "{% $range(0, 10, 5) %}",
            "hash": "{% $hash('a', 'SHA-256') %}",
            "parse": "{% $parse('{\"a\": [1]}').a[0] %}",
            "random": "{% $random() < 1 %}",
        }

        assert platform.states(one({"Type": "Pass", "Output": output})) == {
            "uuid": 36,
            "partition": [[1, 2], [3]],
            "range": [0, 5, 10],
            "hash": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
            "parse": 1,
            "random": True,
        }


class TestFlow:
    @pytest.mark.parametrize(("count", "chosen"), [(0, "none"), (2, "some"), (9, "many")])
    def test_choice_takes_the_first_condition_that_holds(
        self, platform: Platform, count: int, chosen: str
    ) -> None:
        definition = machine(
            (
                "HowMany",
                {
                    "Type": "Choice",
                    "Choices": [
                        {"Condition": "{% $states.input.count = 0 %}", "Next": "None"},
                        {
                            "Condition": "{% $states.input.count > 5 %}",
                            "Assign": {"many": True},
                            "Output": {"count": "{% $states.input.count %}"},
                            "Next": "Many",
                        },
                    ],
                    "Default": "Some",
                },
            ),
            ("None", {"Type": "Pass", "Output": "none", "End": True}),
            ("Some", {"Type": "Pass", "Output": "some", "End": True}),
            ("Many", {"Type": "Pass", "Output": "{% $many ? 'many' : '?' %}", "End": True}),
        )

        assert platform.states(definition, {"count": count}) == chosen

    def test_wait_takes_an_expression(self, platform: Platform) -> None:
        definition = machine(
            ("Pause", {"Type": "Wait", "Seconds": "{% $states.input.s %}", "Next": "Done"}),
            ("Done", {"Type": "Succeed", "Output": "{% 'waited' %}"}),
        )

        assert platform.states(definition, {"s": 1}) == "waited"

    def test_fail_composes_error_and_cause(self, platform: Platform) -> None:
        state = {
            "Type": "Fail",
            "Error": "{% 'Gate' & 'NotPassed' %}",
            "Cause": "{% 'because ' & $join($states.input.reasons, ', ') %}",
        }

        description = platform.run(machine(("Stop", state)), {"reasons": ["a", "b"]})

        assert (description["status"], description["error"], description["cause"]) == (
            "FAILED",
            "GateNotPassed",
            "because a, b",
        )


class TestInlineMap:
    def definition(self, concurrency: Any = "{% 2 %}", catch: bool = True) -> dict[str, Any]:
        work: dict[str, Any] = {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sagemaker:describeEndpoint",
            "Arguments": {"EndpointName": "{% $states.input.name %}"},
            "End": True,
        }
        if catch:
            work["Catch"] = [
                {
                    "ErrorEquals": ["States.ALL"],
                    "Assign": {"error": "{% $states.errorOutput.Error %}"},
                    "Output": {"item": "{% $states.input %}", "why": "{% $states.errorOutput %}"},
                    "Next": "Caught",
                }
            ]
        states = {"Work": work}
        if catch:
            states["Caught"] = {
                "Type": "Pass",
                "Output": "{% $merge([$states.input.item, {'error': $error}]) %}",
                "End": True,
            }
        return machine(
            (
                "Each",
                {
                    "Type": "Map",
                    "Items": "{% $states.input.names %}",
                    "ItemSelector": {
                        "name": "{% $states.context.Map.Item.Value %}",
                        "index": "{% $states.context.Map.Item.Index %}",
                        "run": "{% $states.input.run %}",
                    },
                    "MaxConcurrency": concurrency,
                    "ItemProcessor": {
                        "ProcessorConfig": {"Mode": "INLINE"},
                        "StartAt": "Work",
                        "States": states,
                    },
                    "Catch": [
                        {
                            "ErrorEquals": ["States.ALL"],
                            "Output": {"map": "{% $states.errorOutput.Error %}"},
                            "Next": "Failed",
                        }
                    ],
                    "Output": {"results": "{% $states.result %}", "run": "{% $states.input.run %}"},
                    "End": True,
                },
            ),
            ("Failed", {"Type": "Pass", "End": True}),
        )

    def test_items_are_selected_and_errors_caught_inside_the_iteration(
        self, platform: Platform
    ) -> None:
        result = platform.states(self.definition(), {"run": "r", "names": ["a", "b", "c"]})

        error = "SageMaker.SageMakerException"
        assert result["run"] == "r"
        assert result["results"] == [
            {"name": name, "index": i, "run": "r", "error": error} for i, name in enumerate("abc")
        ]

    def test_an_uncaught_iteration_fails_the_map_whose_catch_sees_it(
        self, platform: Platform
    ) -> None:
        result = platform.states(self.definition(catch=False), {"run": "r", "names": ["a"]})

        assert result == {"map": "SageMaker.SageMakerException"}


class TestDistributedMap:
    def definition(self, **overrides: Any) -> dict[str, Any]:
        check = {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.number = 2 %}", "Next": "Refuse"}],
            "Default": "Accept",
        }
        return machine(
            ("Name", {"Type": "Pass", "Assign": {"run": "{% $states.input.run %}"}, "Next": "All"}),
            (
                "All",
                {
                    "Type": "Map",
                    "ItemReader": {
                        "Resource": "arn:aws:states:::s3:getObject",
                        "ReaderConfig": {"InputType": "JSON"},
                        "Arguments": {
                            "Bucket": "{% $states.input.plan.bucket %}",
                            "Key": "{% $states.input.plan.key %}",
                        },
                    },
                    "ItemSelector": {
                        "number": "{% $states.context.Map.Item.Value.number %}",
                        "run": "{% $run %}",
                    },
                    "MaxConcurrency": "{% 2 %}",
                    "ItemProcessor": {
                        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                        "StartAt": "Check",
                        "States": {
                            "Check": check,
                            "Refuse": {"Type": "Fail", "Error": "Refused", "Cause": "it is two"},
                            "Accept": {"Type": "Pass", "End": True},
                        },
                    },
                    "Catch": [
                        {
                            "ErrorEquals": ["States.ExceedToleratedFailureThreshold"],
                            "Output": "{% $states.errorOutput %}",
                            "Next": "TooMany",
                        }
                    ],
                    "Output": {"numbers": "{% [$states.result.number] %}"},
                    "End": True,
                    **overrides,
                },
            ),
            ("TooMany", {"Type": "Pass", "End": True}),
        )

    def plan(self, platform: Platform, numbers: list[int]) -> dict[str, Any]:
        bucket = platform.bucket()
        body = json.dumps([{"number": number} for number in numbers]).encode()
        platform.client("s3").put_object(Bucket=bucket, Key="plan.json", Body=body)
        return {"run": "r", "plan": {"bucket": bucket, "key": "plan.json"}}

    def test_items_come_from_s3_and_results_keep_their_order(self, platform: Platform) -> None:
        numbers = [1, *range(3, 40)]

        result = platform.states(self.definition(), self.plan(platform, numbers))

        assert result == {"numbers": numbers}

    def test_one_failing_item_fails_the_map(self, platform: Platform) -> None:
        result = platform.states(self.definition(), self.plan(platform, [1, 2, 3]))

        assert result == {
            "Error": "States.ExceedToleratedFailureThreshold",
            "Cause": "The specified tolerated failure threshold was exceeded",
        }

    @pytest.mark.parametrize("tolerated", [50, 33.5, "{% 34 %}"])
    def test_tolerated_failures_are_left_out_of_the_results(
        self, platform: Platform, tolerated: Any
    ) -> None:
        definition = self.definition(ToleratedFailurePercentage=tolerated)

        result = platform.states(definition, self.plan(platform, [1, 2, 3]))

        assert result == {"numbers": [1, 3]}

    def test_more_failures_than_tolerated_fail_the_map(self, platform: Platform) -> None:
        definition = self.definition(ToleratedFailurePercentage=20)

        result = platform.states(definition, self.plan(platform, [1, 2, 3]))

        assert result["Error"] == "States.ExceedToleratedFailureThreshold"

    def test_children_do_not_see_outer_variables(self, platform: Platform) -> None:
        definition = self.definition()
        states = definition["States"]["All"]["ItemProcessor"]["States"]
        states["Accept"]["Output"] = "{% $run %}"

        execution = platform.start(definition, self.plan(platform, [1]))
        platform.finish(execution)

        client = platform.client("stepfunctions")
        [run] = client.list_map_runs(executionArn=execution)["mapRuns"]
        [child] = client.list_executions(mapRunArn=run["mapRunArn"])["executions"]
        described = client.describe_execution(executionArn=child["executionArn"])
        assert described["error"] == "States.QueryEvaluationError"

    def test_a_plan_without_items_gives_no_results(self, platform: Platform) -> None:
        definition = self.definition(Output="{% $states.result %}")

        assert platform.states(definition, self.plan(platform, [])) == []

    def test_a_missing_plan_fails_the_map(self, platform: Platform) -> None:
        value = self.plan(platform, [1])
        value["plan"]["key"] = "missing.json"

        description = platform.run(self.definition(), value)

        assert description["status"] == "FAILED"
        assert "NoSuchKey" in description["cause"]


class TestTasks:
    def test_sdk_calls_take_and_return_the_apis_members(self, platform: Platform) -> None:
        group = "group-of-sdk-calls"
        platform.client("sagemaker").create_model_package_group(ModelPackageGroupName=group)
        create = {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sagemaker:createModelPackage",
            "Arguments": {"ModelPackageGroupName": group, "ModelApprovalStatus": "Approved"},
            "Output": "{% $states.result.ModelPackageArn %}",
        }

        arn = platform.states(one(create))

        assert arn.endswith(f"model-package/{group}/1")

    def test_times_in_results_are_text(self, platform: Platform) -> None:
        platform.client("sagemaker").create_model_package_group(ModelPackageGroupName="with-times")
        state = {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sagemaker:describeModelPackageGroup",
            "Arguments": {"ModelPackageGroupName": "with-times"},
            "Output": "{% $states.result.CreationTime %}",
        }

        assert platform.states(one(state)).endswith("Z")

    def test_sns_publishes_objects_as_json(self, platform: Platform) -> None:
        topic = platform.client("sns").create_topic(Name="test-tasks")["TopicArn"]
        state = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sns:publish",
            "Arguments": {
                "TopicArn": topic,
                "Subject": "{% 'ready: ' & $states.input.run %}",
                "Message": {"run": "{% $states.input.run %}"},
            },
            "Output": "{% $length($states.result.MessageId) > 0 %}",
        }

        assert platform.states(one(state), {"run": "r"}) is True

    @pytest.mark.parametrize(
        ("resource", "error"),
        [
            ("aws-sdk:sagemaker:describeEndpoint", "SageMaker.SageMakerException"),
            ("aws-sdk:sagemaker:deleteEndpoint", "SageMaker.SageMakerException"),
            ("sagemaker:updateEndpoint", "SageMaker.AmazonSageMakerException"),
        ],
    )
    @pytest.mark.parametrize("name", ["States.TaskFailed", "States.ALL", "itself"])
    def test_errors_have_awss_names_and_are_caught(
        self, platform: Platform, resource: str, error: str, name: str
    ) -> None:
        arguments = {"EndpointName": "none"}
        if "update" in resource:
            arguments["EndpointConfigName"] = "none"
        catch = {
            "ErrorEquals": [error if name == "itself" else name],
            "Output": "{% $states.errorOutput.Error %}",
            "Next": "Caught",
        }
        definition = machine(
            (
                "Call",
                {
                    "Type": "Task",
                    "Resource": f"arn:aws:states:::{resource}",
                    "Arguments": arguments,
                    "Catch": [catch],
                    "End": True,
                },
            ),
            ("Caught", {"Type": "Pass", "End": True}),
        )

        assert platform.states(definition) == error

    def test_an_optimised_integration_takes_what_it_documents_and_nothing_else(
        self, platform: Platform
    ) -> None:
        arguments = {"EndpointName": "a", "EndpointConfigName": "b"}
        state = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sagemaker:updateEndpoint",
            "Arguments": {**arguments, "RetainAllVariantProperties": True},
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Only"}],
        }

        description = platform.run(one(state))

        assert description["error"] == "States.Runtime"
        assert "not RetainAllVariantProperties" in description["cause"]

    def test_a_condition_that_does_not_hold_has_its_name_and_is_not_tried_again(
        self, platform: Platform
    ) -> None:
        table = f"table-{uuid.uuid4().hex[:8]}"
        platform.client("dynamodb").create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        )
        name = "DynamoDB.ConditionalCheckFailedException"
        caught = {"Output": "{% $states.errorOutput.Error %}", "Next": "Caught"}
        update = {
            "Type": "Task",
            "Resource": "arn:aws:states:::dynamodb:updateItem",
            "Arguments": {
                "TableName": table,
                "Key": {"key": {"S": "{% $states.input.key %}"}},
                "UpdateExpression": "SET #owner = :me ADD tried :one",
                "ConditionExpression": "attribute_not_exists(#owner)",
                "ExpressionAttributeNames": {"#owner": "owner"},
                "ExpressionAttributeValues": {":me": {"S": "me"}, ":one": {"SS": ["one"]}},
                "ReturnValues": "ALL_NEW",
            },
            "Retry": [
                {"ErrorEquals": [name], "MaxAttempts": 0},
                {"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 30},
            ],
            "Catch": [{"ErrorEquals": [name], **caught}],
            "Output": "{% $states.result.Attributes %}",
            "End": True,
        }
        definition = machine(("Update", update), ("Caught", {"Type": "Pass", "End": True}))

        first = platform.states(definition, {"key": "a"})

        assert first == {"key": {"S": "a"}, "owner": {"S": "me"}, "tried": {"SS": ["one"]}}
        assert platform.states(definition, {"key": "a"}) == name

    def test_an_execution_is_described_without_its_data(self, platform: Platform) -> None:
        described = {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sfn:describeExecution",
            "Arguments": {
                "ExecutionArn": "{% $states.input.of %}",
                "IncludedData": "{% $states.input.data %}",
            },
            "Catch": [
                {
                    "ErrorEquals": ["Sfn.ExecutionDoesNotExistException"],
                    "Output": "gone",
                    "Next": "Gone",
                }
            ],
            "End": True,
        }
        definition = machine(("Describe", described), ("Gone", {"Type": "Pass", "End": True}))
        over = platform.run(one({"Type": "Pass"}), {"secret": 1})["executionArn"]

        all_of_it = platform.states(definition, {"of": over, "data": "ALL_DATA"})
        less = platform.states(definition, {"of": over, "data": "METADATA_ONLY"})
        none = platform.states(definition, {"of": over + "-none", "data": "METADATA_ONLY"})

        assert (less["Status"], less["ExecutionArn"], none) == ("SUCCEEDED", over, "gone")
        assert set(all_of_it) - set(less) == {"Input", "Output", "OutputDetails"}

    @pytest.mark.parametrize(
        "resource",
        [
            "aws-sdk:sagemaker:noSuchAction",
            "aws-sdk:nosuchservice:list",
            "sagemaker:createTransformJob.sync",
            "sagemaker:createModel.sync",
            "nosuch:thing",
            "lambda:delete",
        ],
    )
    def test_an_unknown_resource_refuses_the_state_machine(
        self, platform: Platform, resource: str
    ) -> None:
        state = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Arguments": {}}

        with pytest.raises(ClientError) as raised:
            platform.state_machine(one(state))

        assert raised.value.response["Error"]["Code"] == "InvalidDefinition"

    def test_an_argument_that_the_api_does_not_know_fails_and_is_not_caught_by_all(
        self, platform: Platform
    ) -> None:
        state = {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sagemaker:describeEndpoint",
            "Arguments": {"EndpointName": "a", "Nonsense": 1},
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Only"}],
        }

        description = platform.run(one(state))

        assert description["error"] == "States.Runtime"
        assert "Nonsense" in description["cause"]

    def test_retry_backs_off_and_gives_up(self, platform: Platform) -> None:
        state = {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sagemaker:describeEndpoint",
            "Arguments": {"EndpointName": "none"},
            "Retry": [
                {
                    "ErrorEquals": ["SageMaker.SageMakerException"],
                    "IntervalSeconds": 1,
                    "MaxAttempts": 2,
                    "BackoffRate": 1,
                    "JitterStrategy": "FULL",
                    "MaxDelaySeconds": 2,
                }
            ],
        }
        execution = platform.start(one(state))

        description = platform.finish(execution)

        history = platform.client("stepfunctions").get_execution_history(executionArn=execution)
        tries = [e for e in history["events"] if e["type"] == "TaskScheduled"]
        assert (description["status"], len(tries)) == ("FAILED", 3)


class TestNestedExecutions:
    def parent(self, child: str) -> dict[str, Any]:
        return one(
            {
                "Type": "Task",
                "Resource": "arn:aws:states:::states:startExecution.sync:2",
                "Arguments": {
                    "StateMachineArn": child,
                    "Name": "{% 'child-of-' & $states.context.Execution.Name %}",
                    "Input": {"value": "{% $states.input.value %}"},
                },
                "Output": "{% $states.result.Output %}",
            }
        )

    def test_a_childs_output_comes_back_as_json(self, platform: Platform) -> None:
        child = platform.state_machine(
            one({"Type": "Pass", "Output": {"doubled": "{% $states.input.value * 2 %}"}})
        )

        assert platform.states(self.parent(child), {"value": 21}) == {"doubled": 42}

    def test_a_childs_string_output_comes_back(self, platform: Platform) -> None:
        child = platform.state_machine(one({"Type": "Pass", "Output": "just text"}))

        assert platform.states(self.parent(child), {"value": 1}) == "just text"

    def test_a_failing_child_fails_its_parent_with_the_description(
        self, platform: Platform
    ) -> None:
        child = platform.state_machine(
            machine(("Stop", {"Type": "Fail", "Error": "E", "Cause": 'a "quoted" cause'}))
        )

        description = platform.run(self.parent(child), {"value": 1})

        assert description["error"] == "States.TaskFailed"
        cause = json.loads(description["cause"])
        assert (cause["Status"], cause["Error"], cause["Cause"]) == (
            "FAILED",
            "E",
            'a "quoted" cause',
        )

    def test_stopping_the_parent_stops_the_child(self, platform: Platform) -> None:
        client = platform.client("stepfunctions")
        child = platform.state_machine(one({"Type": "Wait", "Seconds": 60}))
        execution = platform.start(self.parent(child), {"value": 1})
        running = _first_execution(platform, child)

        client.stop_execution(executionArn=execution, error="Stopped", cause="by hand")

        description = platform.finish(running)
        parent = client.describe_execution(executionArn=execution)
        assert description["status"] == "ABORTED"
        assert (parent["status"], parent["error"], parent["cause"]) == (
            "ABORTED",
            "Stopped",
            "by hand",
        )

    def test_a_failed_sibling_stops_the_child(self, platform: Platform) -> None:
        child = platform.state_machine(one({"Type": "Wait", "Seconds": 60}))
        wait = self.parent(child)["States"]["Only"]
        both = one(
            {
                "Type": "Parallel",
                "Branches": [
                    machine(("Only", wait)),
                    machine(
                        ("Pause", {"Type": "Wait", "Seconds": 1, "Next": "Stop"}),
                        ("Stop", {"Type": "Fail", "Error": "E"}),
                    ),
                ],
            }
        )

        description = platform.run(both, {"value": 1})

        assert description["status"] == "FAILED"
        assert platform.finish(_first_execution(platform, child))["status"] == "ABORTED"


class TestExecutions:
    def start(self, platform: Platform, arn: str, name: str | None, value: Any) -> str:
        arguments = {"name": name} if name else {}
        started = platform.client("stepfunctions").start_execution(
            stateMachineArn=arn, input=json.dumps(value), **arguments
        )
        return str(started["executionArn"])

    def test_names_are_idempotent_while_the_execution_runs(self, platform: Platform) -> None:
        arn = platform.state_machine(one({"Type": "Wait", "Seconds": 60}))
        first = self.start(platform, arn, "once", {"a": 1})

        again = self.start(platform, arn, "once", {"a": 1})
        with pytest.raises(ClientError) as other_input:
            self.start(platform, arn, "once", {"a": 2})
        platform.client("stepfunctions").stop_execution(executionArn=first)
        with pytest.raises(ClientError) as finished:
            self.start(platform, arn, "once", {"a": 1})

        assert again == first
        for raised in (other_input, finished):
            assert raised.value.response["Error"]["Code"] == "ExecutionAlreadyExists"

    def test_unnamed_executions_get_names_of_their_own(self, platform: Platform) -> None:
        arn = platform.state_machine(one({"Type": "Pass"}))

        executions = {self.start(platform, arn, None, {}) for _ in range(3)}

        assert len(executions) == 3
        assert all(len(execution.rpartition(":")[2]) == 36 for execution in executions)

    @pytest.mark.parametrize(
        ("name", "error"),
        [
            ("with space", "InvalidName"),
            ("a/b", "InvalidName"),
            ("a*", "InvalidName"),
            ("x" * 81, "ValidationException"),
        ],
    )
    def test_names_are_checked(self, platform: Platform, name: str, error: str) -> None:
        arn = platform.state_machine(one({"Type": "Pass"}))

        with pytest.raises(ClientError) as raised:
            self.start(platform, arn, name, {})

        assert raised.value.response["Error"]["Code"] == error

    def test_a_stopped_execution_is_aborted_at_once(self, platform: Platform) -> None:
        client = platform.client("stepfunctions")
        execution = platform.start(one({"Type": "Wait", "Seconds": 60}))

        client.stop_execution(executionArn=execution)

        description = client.describe_execution(executionArn=execution)
        assert description["status"] == "ABORTED"
        assert "stopDate" in description

    def test_history_can_be_read_backwards_in_pages(self, platform: Platform) -> None:
        client = platform.client("stepfunctions")
        execution = platform.start(one({"Type": "Pass"}))
        platform.finish(execution)

        page = client.get_execution_history(executionArn=execution, reverseOrder=True, maxResults=1)

        assert [event["type"] for event in page["events"]] == ["ExecutionSucceeded"]
        assert page["nextToken"]


def _first_execution(platform: Platform, arn: str) -> str:
    from tests.integration.interpreter.conftest import wait_for

    client = platform.client("stepfunctions")
    executions = wait_for(
        lambda: client.list_executions(stateMachineArn=arn)["executions"], bool, 15
    )
    return str(executions[0]["executionArn"])

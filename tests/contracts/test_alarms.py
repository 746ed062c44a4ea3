"""Whatever goes wrong without anybody being told rings, once; a user's bad data does not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from moto.events.models import EventPattern

from functions.predict.app import METRIC
from sonoflow.releases import hosting, tasks
from tests.contracts.test_template import resources

Document = dict[str, Any]
# Machines, by what is uploaded.
STARTED = ("TrainImages", "TrainTable", "ValidateExternal", "AnswerBulk")
LIMIT = (
    10  # metrics: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-limits.html
)


def alarms(template: Document) -> dict[str, Document]:
    found = resources(template, "AWS::CloudWatch::Alarm")
    return {name: alarm["Properties"] for name, alarm in found.items()}


def read_by(alarm: Document) -> Iterator[Document]:
    """The metrics that an alarm reads, each with its dimensions as a mapping."""
    several = [
        one["MetricStat"]["Metric"] for one in alarm.get("Metrics", []) if "MetricStat" in one
    ]
    for metric in several or [alarm]:
        dimensions = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
        yield {**metric, "Dimensions": dimensions}


@pytest.mark.parametrize(
    ("alarm", "metric"),
    [
        ("InboxAgeAlarm", "ApproximateAgeOfOldestMessage"),
        ("TableInboxAgeAlarm", "ApproximateAgeOfOldestMessage"),
        ("InboxFailuresAlarm", "PredictionFailures"),
        ("ModelMissingAlarm", "SecondsWaited"),
        ("InboxDeadLetterAlarm", "ApproximateNumberOfMessagesVisible"),
        ("TableInboxDeadLetterAlarm", "ApproximateNumberOfMessagesVisible"),
    ],
)
def test_whatever_keeps_an_inbox_object_waiting_rings(
    template: Document, alarm: str, metric: str
) -> None:
    """A queue's age leaves out what was tried three times; a message that is sent anew is young."""
    assert template["Resources"][alarm]["Properties"]["MetricName"] == metric


@pytest.mark.parametrize(
    "metric", ["ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"]
)
def test_every_queue_is_watched_by_an_alarm_of_its_own(template: Document, metric: str) -> None:
    """Its age, if something answers it; that it holds anything, if it holds what was given up."""
    queues = set(resources(template, "AWS::SQS::Queue"))
    dead = {name for name in queues if "DeadLetter" in name}
    watched = [
        one["Dimensions"]["QueueName"]["Fn::GetAtt"][0]
        for alarm in alarms(template).values()
        for one in read_by(alarm)
        if one["MetricName"] == metric
    ]
    expected = dead if metric == "ApproximateNumberOfMessagesVisible" else queues - dead
    assert sorted(watched) == sorted(expected)


def test_rejections_ring_by_their_share_and_not_one_by_one(template: Document) -> None:
    alarm = alarms(template)["RejectionsAlarm"]
    (share,) = [one for one in alarm["Metrics"] if one["ReturnData"]]
    others = {one["Id"] for one in alarm["Metrics"]} - {share["Id"]}

    assert {one["MetricName"] for one in read_by(alarm)} == {"Rejections", "Predictions"}
    used = re.findall(r"[a-z]\w+", share["Expression"])
    assert set(used) <= others
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0.5, "GreaterThanThreshold")
    assert set(METRIC.values()) >= {"Rejections", "Predictions"}


def test_no_alarm_reads_more_metrics_than_cloudwatch_allows(template: Document) -> None:
    for name, alarm in alarms(template).items():
        assert len(list(read_by(alarm))) <= LIMIT, name


def test_every_alarm_notifies_and_is_quiet_where_nothing_happens(template: Document) -> None:
    for alarm in alarms(template).values():
        assert alarm["AlarmActions"] == [{"Ref": "NotificationsTopic"}]
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["AlarmDescription"].endswith(".")


def test_stacks_of_one_account_do_not_ring_for_each_other(template: Document) -> None:
    named = template["Globals"]["Function"]["Environment"]["Variables"]
    own = [m for alarm in alarms(template).values() for m in read_by(alarm)]
    own = [metric for metric in own if metric["Namespace"] == "Sonoflow"]

    assert own
    assert named["POWERTOOLS_METRICS_NAMESPACE"] == "Sonoflow"
    for metric in own:
        assert metric["Dimensions"] == {"service": named["POWERTOOLS_SERVICE_NAME"]}
    assert named["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}


def test_a_function_that_no_machine_watches_rings_when_it_fails(template: Document) -> None:
    """What a machine invokes it tries again, and tells of; there alone a refusal is an error."""
    functions = set(resources(template, "AWS::Serverless::Function"))
    machines = resources(template, "AWS::Serverless::StateMachine").values()
    invoked = {
        value["Fn::GetAtt"][0]
        for machine in machines
        for value in machine["Properties"]["DefinitionSubstitutions"].values()
        if "Fn::GetAtt" in value
    }
    watched = {
        metric["Dimensions"]["FunctionName"]["Ref"]
        for alarm in alarms(template).values()
        for metric in read_by(alarm)
        if (metric["Namespace"], metric["MetricName"]) == ("AWS/Lambda", "Errors")
    }
    assert watched == functions - invoked
    assert watched


def test_a_run_that_did_not_end_by_itself_rings(template: Document) -> None:
    """The machines that an upload starts, and not that which they start: they tell of it."""
    started = tuple(f"{name}StateMachine" for name in STARTED)
    found = {
        (metric["MetricName"], metric["Dimensions"]["StateMachineArn"]["Ref"])
        for metric in read_by(alarms(template)["ExecutionFailuresAlarm"])
    }
    assert found == {
        (name, machine)
        for name in ("ExecutionsTimedOut", "ExecutionsAborted")
        for machine in started
    }


@pytest.mark.parametrize(
    ("error", "rings"),
    [
        ("States.Runtime", True),
        ("States.DataLimitExceeded", True),
        (None, True),
        ("DatasetRefused", False),
        ("GateNotPassed", False),
        ("ProbeFailed", False),
        ("SageMaker.ResourceLimitExceededException", False),
    ],
)
def test_a_run_that_could_tell_nobody_rings_and_one_that_did_does_not(
    template: Document, machines: dict[str, Document], error: str | None, rings: bool
) -> None:
    """A Fail state cannot name an error as AWS does; the machines cut that off."""
    rule = template["Resources"]["BrokenOffRule"]["Properties"]
    arns = rule["EventPattern"]["detail"]["stateMachineArn"]
    assert arns == [{"Ref": f"{name}StateMachine"} for name in STARTED]
    pattern = json.dumps(rule["EventPattern"]).replace(json.dumps(arns), '["arn"]')
    detail = {"status": "FAILED", "stateMachineArn": "arn", "error": error}
    event = {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": {name: value for name, value in detail.items() if value is not None},
    }

    assert EventPattern.load(pattern).matches_event(event) is rings
    (target,) = rule["Targets"]
    queue = target["Arn"]["Fn::GetAtt"][0]
    (dimension,) = alarms(template)["UploadsDeadLetterAlarm"]["Dimensions"]
    assert dimension["Value"] == {"Fn::GetAtt": [queue, "QueueName"]}
    for machine in ("train_images", "train_table", "validate_external"):
        explains = machines[machine]["States"]["ExplainFailure"]["Assign"]["failure"]
        assert "/^States[.]/" in explains


@pytest.mark.parametrize(
    ("alarm", "metric"),
    [("EndpointErrorsAlarm", "Invocation5XXErrors"), ("EndpointLatencyAlarm", "ModelLatency")],
)
def test_every_endpoint_is_watched(template: Document, alarm: str, metric: str) -> None:
    found = list(read_by(alarms(template)[alarm]))
    endpoints = {one["Dimensions"]["EndpointName"]["Fn::Sub"] for one in found}

    models = [task.model for task in (*tasks.OF_IMAGES, *tasks.OF_TABLES)]
    assert endpoints == {f"${{AWS::StackName}}-{model}" for model in models}
    assert {one["MetricName"] for one in found} == {metric}
    assert {one["Dimensions"]["VariantName"] for one in found} == {hosting.VARIANT}


def test_the_dashboard_shows_every_function_machine_and_queue_in_valid_json(
    expanded: Document, template: Document
) -> None:
    text = expanded["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    body = json.loads(text)
    named = set(re.findall(r"\$\{(\w+)[.}]", text))

    functions = set(resources(template, "AWS::Serverless::Function"))
    assert named >= functions | {f"{name}StateMachine" for name in STARTED}
    assert named >= set(resources(template, "AWS::SQS::Queue")) - {"UploadsDeadLetterQueue"}
    assert named <= set(template["Resources"])
    for widget in body["widgets"]:
        assert widget["properties"]["region"] == "${AWS::Region}"
        assert widget["x"] + widget["width"] <= 24
    assert '"Sonoflow", "Predictions", "service", "${AWS::StackName}"' in text

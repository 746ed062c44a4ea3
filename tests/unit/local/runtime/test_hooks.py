"""Canaries: what the runtime replaces in moto is still there and still called that way.

What the replacements do is tested in tests/integration; this says first, and by name, which part
of moto moved when moto is upgraded.
"""

from __future__ import annotations

import inspect
from typing import Any

import moto
import moto.s3.notifications as s3_notifications
import pytest
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.cloudformation.models import ChangeSet, CloudFormationBackend, Stack
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudwatch.models import CloudWatchBackend
from moto.events.models import EventPattern, EventsBackend, Rule
from moto.s3.models import S3Backend
from moto.sqs.models import Queue, SQSBackend

from local.runtime.patch import pristine

HOOKS = [
    (LambdaFunction, "__init__", "account_id spec region version"),
    (LambdaFunction, "get_configuration", "on_create"),
    (LambdaFunction, "update_configuration", "config_updates"),
    (LambdaFunction, "invoke", "body request_headers response_headers"),
    (LambdaBackend, "create_event_source_mapping", "spec"),
    (LambdaBackend, "delete_function", "function_name qualifier"),
    (LambdaBackend, "put_function_event_invoke_config", "function_name config"),
    (Queue, "delete_message", "receipt_handle"),
    (Queue, "wait_for_messages", "timeout"),
    (SQSBackend, "change_message_visibility", "queue_name receipt_handle visibility_timeout"),
    (SQSBackend, "purge_queue", "queue_name"),
    (
        SQSBackend,
        "receive_message",
        "queue_name count wait_seconds_timeout visibility_timeout message_attribute_names",
    ),
    (Rule, "send_to_targets", "original_event transform_input"),
    (EventPattern, "matches_event", "event"),
    (EventPattern, "_wildcard_match", "item pattern"),
    (EventsBackend, "put_targets", "name event_bus_arn targets"),
    (
        EventsBackend,
        "put_rule",
        "name description event_bus_arn event_pattern role_arn scheduled_expression state "
        "managed_by tags",
    ),
    (S3Backend, "complete_multipart_upload", "bucket_name multipart_id body"),
    (s3_notifications, "_send_event_bridge_message", "account_id bucket event_name key"),
    (s3_notifications, "_detail_type", "event_name"),
    (
        CloudFormationBackend,
        "create_stack",
        "name template parameters notification_arns tags role_arn enable_termination_protection "
        "timeout_in_mins stack_policy_body",
    ),
    (CloudFormationBackend, "update_stack", "name template role_arn parameters tags"),
    (
        CloudFormationBackend,
        "create_change_set",
        "stack_name change_set_name template parameters description change_set_type "
        "notification_arns tags role_arn",
    ),
    (CloudFormationBackend, "execute_change_set", "change_set_name stack_name"),
    (CloudFormationBackend, "describe_change_set", "change_set_name"),
    (CloudFormationResponse, "_get_stack_from_s3_url", "template_url"),
    (Stack, "_add_stack_event", "resource_status resource_status_reason resource_properties"),
    (ChangeSet, "_parse_template", ""),
    (ChangeSet, "diff", ""),
    (CloudWatchBackend, "put_metric_data", "namespace metric_data"),
]


def test_moto_is_the_version_that_the_hooks_were_written_for() -> None:
    assert moto.__version__ == "5.2.5"


@pytest.mark.parametrize(
    ("owner", "name", "parameters"), HOOKS, ids=[f"{o.__name__}.{n}" for o, n, _ in HOOKS]
)
def test_the_hooked_function_takes_what_it_took(owner: Any, name: str, parameters: str) -> None:
    found = inspect.signature(pristine(owner, name)).parameters

    assert [each for each in found if each != "self"] == parameters.split()


def test_a_queue_still_guards_its_messages_with_a_reentrant_lock() -> None:
    queue = Queue("q", "us-east-1", "123456789012")

    with queue._messages_lock, queue._messages_lock:
        assert queue.lambda_event_source_mappings == {}


def test_the_runtime_api_client_still_takes_host_and_port_only() -> None:
    from awslambdaric.lambda_runtime_client import LambdaRuntimeClient

    source = inspect.getsource(LambdaRuntimeClient.__mro__[1].call_rapid)
    assert "http.client.HTTPConnection(self.lambda_runtime_address)" in source

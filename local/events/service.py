"""EventBridge: rules match and their targets receive, as on AWS; S3 sends its object events."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import moto.s3.notifications as s3_notifications
from botocore.exceptions import BotoCoreError, ClientError
from moto.core.exceptions import JsonRESTError
from moto.events.exceptions import ValidationException
from moto.events.models import EventsBackend, Rule, events_backends
from moto.s3.models import S3Backend

from local.events import limits, schedules, wildcards
from local.events.inputs import target_input
from local.events.objects import object_event
from local.iam.role_clients import client_of_role, client_of_service
from local.runtime.patch import pristine, replace
from local.runtime.runtime import Runtime
from local.runtime.runtime_log import say

_THREADS = 16
_PRINCIPAL = "events.amazonaws.com"
_TARGETS = 5  # of one rule, by default
_RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0)  # AWS goes on for a day, 185 times at most
_SERVICES = {"lambda", "sqs", "sns", "states"}
_TARGET_FIELDS = {
    "Id",
    "Arn",
    "RoleArn",
    "Input",
    "InputPath",
    "InputTransformer",
    "DeadLetterConfig",
    "RetryPolicy",
    "SqsParameters",
}
# errors that pass; everything else (no such queue, no permission) goes to the dead-letter queue
_PASSING = {"TooManyRequestsException", "ThrottlingException", "ServiceException"}


def install(runtime: Runtime) -> None:
    """Deliver events to targets, refuse what would not be delivered, and correct S3's events."""
    limits.install()
    wildcards.install()
    delivery = _Delivery(runtime)
    _hook_delivery(delivery)
    schedules.install(runtime, delivery.submit)
    _hook_refusals()
    _hook_object_events()


def _hook_delivery(delivery: _Delivery) -> None:
    """moto delivers within the caller's request, to few kinds of target, lets a disabled rule fire
    and takes a rule without pattern to match everything."""

    def send_to_targets(self: Any, event: dict[str, Any], transform_input: bool = True) -> None:
        pattern = self.event_pattern
        if self.state != "ENABLED" or not pattern.get_pattern():
            return
        event = _as_sent(event)
        if pattern.matches_event(event):
            for target in list(self.targets):
                delivery.submit(self.arn, dict(target), event)

    replace(Rule, "send_to_targets", lambda _: send_to_targets)


def _hook_refusals() -> None:
    """moto stores any target; those that nothing here would serve are refused."""
    put_targets = pristine(EventsBackend, "put_targets")

    def checked_targets(self: Any, name: str, event_bus_arn: Any, targets: list[Any]) -> Any:
        for target in targets:
            _check_target(target)
        _check_number(self, name, event_bus_arn, targets)
        return put_targets(self, name=name, event_bus_arn=event_bus_arn, targets=targets)

    replace(EventsBackend, "put_targets", lambda _: checked_targets)


def _check_number(
    backend: Any, rule: str, event_bus_arn: Any, targets: list[dict[str, Any]]
) -> None:
    bus = backend._get_event_bus(backend._normalize_event_bus_arn(event_bus_arn))
    existing = bus.rules[rule].targets if rule in bus.rules else []
    if len({target["Id"] for target in [*existing, *targets]}) > _TARGETS:
        raise JsonRESTError(
            "LimitExceededException",
            "The requested resource exceeds the maximum number allowed.",
        )


def _hook_object_events() -> None:
    """moto's events lack request-id, sequencer and more, name the reason wrongly, and a multipart
    upload sends two: one for the object that it puts on the way, one for its completion."""
    multipart = threading.local()
    complete = pristine(S3Backend, "complete_multipart_upload")

    def complete_multipart_upload(self: Any, *args: Any, **kwargs: Any) -> Any:
        multipart.completing = True
        try:
            return complete(self, *args, **kwargs)
        finally:
            multipart.completing = False

    def send(account_id: str, bucket: Any, event_name: str, key: Any) -> None:
        name = str(getattr(event_name, "value", event_name))
        if getattr(multipart, "completing", False) and not name.endswith("MultipartUpload"):
            return
        kind = s3_notifications._detail_type(event_name)
        event = object_event(account_id, bucket, kind, name, key)
        rules = events_backends[account_id][bucket.region_name].event_buses["default"].rules
        for rule in list(rules.values()):
            rule.send_to_targets(event)

    replace(S3Backend, "complete_multipart_upload", lambda _: complete_multipart_upload)
    replace(s3_notifications, "_send_event_bridge_message", lambda _: send)


class _Delivery:
    """Hands events to targets, apart from the request that caused them."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="eventbridge")

    def submit(self, rule_arn: str, target: dict[str, Any], event: dict[str, Any]) -> None:
        self._threads.submit(self._deliver, rule_arn, target, event)

    def _deliver(self, rule_arn: str, target: dict[str, Any], event: dict[str, Any]) -> None:
        attempts = int(target.get("RetryPolicy", {}).get("MaximumRetryAttempts", 185))
        try:
            body = target_input(target, event, rule_arn)
            for pause in (*_RETRY_SECONDS[:attempts], None):
                try:
                    return self._send(rule_arn, target, body)
                except (ClientError, BotoCoreError) as error:
                    if pause is None or not _passes(error):
                        return self._bury(rule_arn, target, event, error)
                    time.sleep(pause)
        except Exception as error:
            # nobody waits for this thread's answer; the runtime's log is where it can be read
            say(f"{rule_arn}: event {event['id']} to {target['Arn']} was lost: {error!r}")
            raise

    def _send(self, rule_arn: str, target: dict[str, Any], body: str) -> None:
        """As EventBridge itself, which the target's own policy must let in, or with the role that
        the target names."""
        arn = target["Arn"]
        service = arn.split(":")[2]
        client = self._client(
            "stepfunctions" if service == "states" else service, rule_arn, target.get("RoleArn")
        )
        if service == "lambda":
            client.invoke(FunctionName=arn, InvocationType="Event", Payload=body.encode())
        elif service == "states":
            client.start_execution(stateMachineArn=arn, input=body)
        elif service == "sns":
            client.publish(TopicArn=arn, Message=body)
        else:
            group = target.get("SqsParameters", {}).get("MessageGroupId")
            extra = {"MessageGroupId": group} if group else {}
            client.send_message(QueueUrl=self._queue_url(arn), MessageBody=body, **extra)

    def _bury(
        self, rule_arn: str, target: dict[str, Any], event: dict[str, Any], error: Exception
    ) -> None:
        say(f"{rule_arn}: event {event['id']} could not be delivered: {error}")
        queue = target.get("DeadLetterConfig", {}).get("Arn")
        if not queue:
            return
        facts = {
            "RULE_ARN": rule_arn,
            "TARGET_ARN": target["Arn"],
            "ERROR_CODE": _error_code(error),
            "ERROR_MESSAGE": str(error)[:1024],
        }
        self._client("sqs", rule_arn, None).send_message(
            QueueUrl=self._queue_url(queue),
            MessageBody=json.dumps(event),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in facts.items()
            },
        )

    def _client(self, service: str, rule_arn: str, role: str | None) -> Any:
        if role:
            return client_of_role(self._runtime, service, role, "EventBridge", _PRINCIPAL)
        return client_of_service(self._runtime, service, _PRINCIPAL, rule_arn)

    def _queue_url(self, arn: str) -> str:
        name = arn.rsplit(":", 1)[1]
        return str(self._runtime.client("sqs").get_queue_url(QueueName=name)["QueueUrl"])


def _error_code(error: Exception) -> str:
    """Of the dead letter: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html"""
    if not isinstance(error, ClientError):
        return type(error).__name__
    code = str(error.response["Error"]["Code"])
    return "NO_PERMISSIONS" if code.startswith(("AccessDenied", "Authorization")) else code


def _check_target(target: dict[str, Any]) -> None:
    service = (target["Arn"].split(":") + [""] * 3)[2]
    if service not in _SERVICES:
        raise ValidationException(
            f"Target {target['Arn']}: the laptop runtime delivers to "
            f"{', '.join(sorted(_SERVICES))} only."
        )
    unknown = set(target) - _TARGET_FIELDS
    if unknown:
        raise ValidationException(
            f"Target {target['Id']}: {', '.join(sorted(unknown))} is not implemented by the "
            "laptop runtime."
        )


def _passes(error: Exception) -> bool:
    if not isinstance(error, ClientError):
        return True  # the connection, not the answer
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status >= 500 or error.response["Error"]["Code"] in _PASSING


def _as_sent(event: dict[str, Any]) -> dict[str, Any]:
    """moto's event as a target sees it: text times, none of moto's own fields."""
    sent: dict[str, Any] = json.loads(json.dumps(event, default=str))
    sent.pop("ingestion-time", None)
    if "T" not in str(sent.get("time")):
        sent["time"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(float(sent["time"])))
    return sent

"""SQS queues, SNS topics and EventBridge rules."""

from __future__ import annotations

import json
from typing import Any

from local.cloudformation.resources.resource import Created, Request, ResourceType, tag_map, text


class Queue(ResourceType):
    name = "AWS::SQS::Queue"
    fixed = frozenset({"QueueName"})
    properties = frozenset(
        {
            "ContentBasedDeduplication",
            "DelaySeconds",
            "FifoQueue",
            "KmsDataKeyReusePeriodSeconds",
            "KmsMasterKeyId",
            "MaximumMessageSize",
            "MessageRetentionPeriod",
            "QueueName",
            "ReceiveMessageWaitTimeSeconds",
            "RedrivePolicy",
            "SqsManagedSseEnabled",
            "Tags",
            "VisibilityTimeout",
        }
    )
    attributes = frozenset({"Arn", "QueueName", "QueueUrl"})

    def create(self, request: Request) -> Created:
        queue = request.name(request.properties.get("QueueName"), 80)
        url = request.call(
            "sqs",
            "CreateQueue",
            QueueName=queue,
            Attributes=_queue_attributes(request.properties),
            tags=tag_map(request.tags()) or None,
        )["QueueUrl"]
        arn = f"arn:aws:sqs:{request.runtime.region}:{request.runtime.account}:{queue}"
        return Created(url, {"Arn": arn, "QueueName": queue, "QueueUrl": url})

    def update(self, request: Request, current: Created) -> Created:
        attributes = _queue_attributes(request.properties)
        if attributes:
            request.call(
                "sqs", "SetQueueAttributes", QueueUrl=current.physical_id, Attributes=attributes
            )
        return current

    def delete(self, request: Request, current: Created) -> None:
        request.call("sqs", "DeleteQueue", QueueUrl=current.physical_id)


def _queue_attributes(properties: dict[str, Any]) -> dict[str, str]:
    return {
        name: text(value) for name, value in properties.items() if name not in ("QueueName", "Tags")
    }


class QueuePolicy(ResourceType):
    name = "AWS::SQS::QueuePolicy"
    fixed = frozenset({"Queues"})
    properties = frozenset({"PolicyDocument", "Queues"})

    def create(self, request: Request) -> Created:
        self._set(request, json.dumps(request.properties["PolicyDocument"]))
        return Created(request.name(None))

    def update(self, request: Request, current: Created) -> Created:
        self._set(request, json.dumps(request.properties["PolicyDocument"]))
        return current

    def delete(self, request: Request, current: Created) -> None:
        self._set(request, "")

    def _set(self, request: Request, policy: str) -> None:
        for url in request.properties["Queues"]:
            request.call("sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"Policy": policy})


class Topic(ResourceType):
    name = "AWS::SNS::Topic"
    _SET = ("DisplayName", "KmsMasterKeyId", "TracingConfig")
    properties = frozenset({"DisplayName", "KmsMasterKeyId", "Tags", "TopicName", "TracingConfig"})
    attributes = frozenset({"TopicArn", "TopicName"})
    fixed = frozenset({"TopicName"})

    def create(self, request: Request) -> Created:
        properties = request.properties
        name = request.name(properties.get("TopicName"), 256)
        attributes = {key: text(properties[key]) for key in self._SET if key in properties}
        arn = request.call(
            "sns", "CreateTopic", Name=name, Attributes=attributes, Tags=request.tags() or None
        )["TopicArn"]
        return Created(arn, {"TopicArn": arn, "TopicName": name})

    def update(self, request: Request, current: Created) -> Created:
        for name in self._SET:
            value = text(request.properties.get(name, ""))
            about = {"TopicArn": current.physical_id, "AttributeName": name}
            request.call("sns", "SetTopicAttributes", **about, AttributeValue=value)
        return current

    def delete(self, request: Request, current: Created) -> None:
        request.call("sns", "DeleteTopic", TopicArn=current.physical_id)


class TopicPolicy(ResourceType):
    name = "AWS::SNS::TopicPolicy"
    fixed = frozenset({"Topics"})
    properties = frozenset({"PolicyDocument", "Topics"})

    def create(self, request: Request) -> Created:
        for arn in request.properties["Topics"]:
            request.call(
                "sns",
                "SetTopicAttributes",
                TopicArn=arn,
                AttributeName="Policy",
                AttributeValue=json.dumps(request.properties["PolicyDocument"]),
            )
        return Created(request.name(None))

    def update(self, request: Request, current: Created) -> Created:
        self.create(request)
        return current

    def delete(self, request: Request, current: Created) -> None:
        """The policy goes with its topic."""


class Subscription(ResourceType):
    """To queues messages are delivered; e-mail is recorded and not sent."""

    name = "AWS::SNS::Subscription"
    properties = frozenset(
        {
            "Endpoint",
            "FilterPolicy",
            "FilterPolicyScope",
            "Protocol",
            "RawMessageDelivery",
            "RedrivePolicy",
            "TopicArn",
        }
    )

    def create(self, request: Request) -> Created:
        properties = dict(request.properties)
        connection = {name: properties.pop(name) for name in ("TopicArn", "Protocol", "Endpoint")}
        if connection["Protocol"] not in ("sqs", "email", "email-json"):
            raise NotImplementedError(f"subscription protocol {connection['Protocol']}")
        arn = request.call(
            "sns",
            "Subscribe",
            **connection,
            Attributes={name: text(value) for name, value in properties.items()},
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        return Created(arn)

    def delete(self, request: Request, current: Created) -> None:
        request.call("sns", "Unsubscribe", SubscriptionArn=current.physical_id)


class Rule(ResourceType):
    name = "AWS::Events::Rule"
    fixed = frozenset({"Name"})
    properties = frozenset(
        {
            "Description",
            "EventBusName",
            "EventPattern",
            "Name",
            "RoleArn",
            "ScheduleExpression",  # what no clock knows is refused by the runtime's EventBridge
            "State",
            "Tags",
            "Targets",
        }
    )
    attributes = frozenset({"Arn"})

    def create(self, request: Request) -> Created:
        return self._put(request, request.name(request.properties.get("Name")))

    def update(self, request: Request, current: Created) -> Created:
        wanted = {target["Id"] for target in request.properties.get("Targets", [])}
        bus = request.properties.get("EventBusName")
        targets = request.call(
            "events", "ListTargetsByRule", Rule=current.physical_id, EventBusName=bus
        )["Targets"]
        gone = [target["Id"] for target in targets if target["Id"] not in wanted]
        if gone:
            request.call(
                "events", "RemoveTargets", Rule=current.physical_id, EventBusName=bus, Ids=gone
            )
        return self._put(request, current.physical_id)

    def delete(self, request: Request, current: Created) -> None:
        bus = request.properties.get("EventBusName")
        ids = [target["Id"] for target in request.properties.get("Targets", [])]
        if ids:
            request.call(
                "events", "RemoveTargets", Rule=current.physical_id, EventBusName=bus, Ids=ids
            )
        request.call("events", "DeleteRule", Name=current.physical_id, EventBusName=bus)

    def _put(self, request: Request, name: str) -> Created:
        properties = {**request.properties, "Name": name}
        targets = properties.pop("Targets", [])
        if "EventPattern" in properties:
            properties["EventPattern"] = json.dumps(properties["EventPattern"])
        arn = request.call("events", "PutRule", **properties)["RuleArn"]
        if targets:
            bus = properties.get("EventBusName")
            request.call("events", "PutTargets", Rule=name, EventBusName=bus, Targets=targets)
        return Created(name, {"Arn": arn})


MESSAGING: tuple[ResourceType, ...] = (
    Queue(),
    QueuePolicy(),
    Topic(),
    TopicPolicy(),
    Subscription(),
    Rule(),
)

"""What a call needs: actions, each on a resource, with the facts that conditions ask for.

An operation needs the action of its own name, but for those below; on which resources is AWS's
service reference's to say, which gives each type's ARN with the names of its parts. They are found
among the call's parameters.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from local.iam import event_needs, object_needs, reference, scaling_needs
from local.iam.conditions import Context, NotKnown
from local.iam.need import Need
from local.iam.operations import Call
from local.iam.principals import PARTITION
from local.runtime.runtime import ACCOUNT, REGION

# Requests to these are signed under another name than their actions have.
PREFIXES = {"monitoring": "cloudwatch"}
# Whose action has another name: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html and
# the pages of the batches, which need what the single operations need.
_ACTIONS = {
    ("lambda", "Invoke"): "InvokeFunction",
    ("lambda", "InvokeAsync"): "InvokeFunction",
    ("sqs", "SendMessageBatch"): "SendMessage",
    ("sqs", "DeleteMessageBatch"): "DeleteMessage",
    ("sqs", "ChangeMessageVisibilityBatch"): "ChangeMessageVisibility",
    ("sns", "PublishBatch"): "Publish",
}
# Parts of ARNs that the service's parameters call otherwise: the parameter, and what of its value.
_PARTS = {
    ("events", "RuleName"): (("Name", "Rule"), r"(.+)"),
    ("iam", "RoleNameWithPath"): (("RoleName",), r"(.+)"),
    ("sqs", "QueueName"): (("QueueName", "QueueUrl"), r"(?:.*/)?([^/]+)"),
    ("states", "StateMachineName"): (("name",), r"(.+)"),
    # A version's number is not known before it is there.
    ("sagemaker", "ModelPackageName"): (("ModelPackageName", "ModelPackageGroupName"), r"(.+)"),
    # The id of a target is AWS's own; a policy cannot name one that is not there yet.
    ("application-autoscaling", "ResourceId"): (("ResourceId",), r"(.+)"),
    ("cloudwatch", "AlarmName"): (("AlarmName",), r"(.+)"),
}
# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
_FREE = {("sts", "GetCallerIdentity")}
_KEYS = {("iam", "CreateAccessKey"), ("iam", "CreateLoginProfile")}
_OWN = {"Partition": PARTITION, "Region": REGION, "Account": ACCOUNT}
PASSED_TO = {  # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    "sagemaker": "sagemaker.amazonaws.com",
    "lambda": "lambda.amazonaws.com",
    "states": "states.amazonaws.com",
    "events": "events.amazonaws.com",
}
_ROLE = re.compile(r"arn:[^:]+:iam::\d*:role/.+")


def of(call: Call) -> list[Need]:
    """Raises NotKnown where it cannot be said."""
    if call.service == "s3":
        return object_needs.of(call)
    if (call.service, call.operation) == ("events", "PutEvents"):
        return event_needs.of(call)
    if (call.service, call.operation) in _FREE:
        return []
    if (call.service, call.operation) in _KEYS or call.service == "sts":
        _refuse_keys(call)
    service = PREFIXES.get(call.service, call.service)
    name = _ACTIONS.get((service, call.operation), call.operation)
    try:
        action = reference.action(service, name)
    except reference.UnknownAction as error:
        raise NotKnown(str(error)) from error
    facts = _facts(call)
    resources = _resources(action, call.parameters)
    own = [Need(action.full_name, resource, facts) for resource in resources]
    tags = _tags(action, call.parameters, resources)
    return [*own, *tags, *_roles(action, call, facts), *scaling_needs.of(call)]


def _refuse_keys(call: Call) -> None:
    """Keys that are given out here are a session's or the user's; nobody else's are told apart."""
    plain = call.operation == "AssumeRole" and not call.parameters.get("Policy")
    if not plain or call.parameters.get("PolicyArns"):
        raise NotKnown(f"whose keys {call.service}:{call.operation} gives out is not told apart")


def _resources(action: reference.Action, parameters: Mapping[str, Any]) -> list[str]:
    """The ARNs that the call is about, of each type that the action knows."""
    if not action.resources:
        return ["*"]
    if action.service == "lambda" and parameters.get("Qualifier"):
        parameters = {**parameters, "FunctionName": _qualified(parameters)}
    found = {kind: _arn(action.service, kind.arn, parameters) for kind in action.resources}
    named = [arn for arn in found.values() if arn]
    if named:
        return list(dict.fromkeys(named))
    if any(kind.required for kind in action.resources) and not action.name.startswith(
        ("List", "Describe", "Get")
    ):
        raise NotKnown(f"which resource {action.full_name} is about is not told from {parameters}")
    # All of them: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
    required = [kind for kind in action.resources if kind.required]
    return [_everything(kind.arn) for kind in required] or ["*"]


def _qualified(parameters: Mapping[str, Any]) -> str:
    """A version or an alias of a function is a resource of its own."""
    name = str(parameters.get("FunctionName", "")).rpartition(":function:")[2]
    whole = f"arn:{PARTITION}:lambda:{REGION}:{ACCOUNT}:function:{name}"
    return f"{whole}:{parameters['Qualifier']}"


def _arn(service: str, template: str, parameters: Mapping[str, Any]) -> str | None:
    for name, value in parameters.items():
        # Whoever writes an ARN into a message or a description means no resource by it.
        names = name.lower().endswith(("arn", "name", "keyid")) and isinstance(value, str)
        if names and _shape(template).fullmatch(value):
            return str(value)
    parts = dict(_OWN)
    for part in reference.VARIABLE.findall(template):
        if part not in parts:
            value = _part(service, part, parameters)
            if value is None:
                return None
            parts[part] = value
    return reference.VARIABLE.sub(lambda match: parts[match[1]], template)


def _part(service: str, part: str, parameters: Mapping[str, Any]) -> str | None:
    names, pattern = _PARTS.get((service, part), ((part,), r"(.+)"))
    held = {name.lower(): value for name, value in parameters.items()}
    for name in names:
        value = held.get(name.lower())
        found = re.fullmatch(pattern, value) if isinstance(value, str) else None
        if found is None:
            continue
        if not found[0].startswith("arn:"):
            return found[1]
        if part.endswith("Name"):  # an ARN may stand for the name
            return found[0].split(":", 5)[5].partition("/")[2] or None
    return None


@functools.cache
def _shape(template: str) -> re.Pattern[str]:
    """ARNs of a type. Only the last variable may hold colons; a map run's label hides in a name."""
    parts = reference.VARIABLE.split(template)
    last = len(parts) - 2
    return re.compile(
        "".join(
            re.escape(text) if index % 2 == 0 else (r".+" if index == last else r"[^:]*")
            for index, text in enumerate(parts)
        )
    )


def _everything(template: str) -> str:
    return reference.VARIABLE.sub(lambda match: _OWN.get(match[1], "*"), template)


def _tags(
    action: reference.Action, parameters: Mapping[str, Any], resources: list[str]
) -> Iterator[Need]:
    """To tag what is made takes the right to tag it."""
    tags = parameters.get("Tags") or parameters.get("tags")
    if not tags:
        return
    for dependent in action.dependents:
        service, _, name = dependent.partition(":")
        if service == action.service and name in ("AddTags", "TagResource"):
            tagged = resources[0] if len(resources) == 1 else _made(action, resources)
            yield Need(dependent, tagged, _tag_facts(tags))


def _made(action: reference.Action, resources: list[str]) -> str:
    """Of several resources, the one that a Create… makes: what it is called after."""
    kind = action.name.removeprefix("Create").lower()
    return next(arn for arn in resources if re.sub(r"\W", "", arn.split(":")[5]).startswith(kind))


def _roles(action: reference.Action, call: Call, facts: Context) -> Iterator[Need]:
    """Roles that the call hands to the service."""
    if action.service not in PASSED_TO and "iam:PassRole" in action.dependents:
        raise NotKnown(f"whom {action.full_name} passes a role to is not known")
    for role in passed_roles(call):
        service = PASSED_TO[action.service]
        yield Need("iam:PassRole", role, {**facts, "iam:PassedToService": [service]})


def passed_roles(call: Call) -> list[str]:
    """The roles that a call hands to its service, if it is one that takes any."""
    if call.service not in PASSED_TO or not call.operation.startswith(("Create", "Update", "Put")):
        return []
    return sorted(set(roles_in(call.parameters)))


def roles_in(parameters: Any) -> Iterator[str]:
    """The ARNs of roles anywhere among a call's parameters, where a role is asked for."""
    items = parameters.items() if isinstance(parameters, Mapping) else enumerate(parameters)
    for name, value in items:
        if isinstance(value, (Mapping, list)):
            yield from roles_in(value)
        elif str(name).lower().endswith(("role", "rolearn")) and _ROLE.fullmatch(str(value)):
            yield str(value)


def _facts(call: Call) -> dict[str, list[str]]:
    facts = _tag_facts(call.parameters.get("Tags") or call.parameters.get("tags") or [])
    if call.service == "application-autoscaling" and "ServiceNamespace" in call.parameters:
        namespace = str(call.parameters["ServiceNamespace"])
        facts["application-autoscaling:service-namespace"] = [namespace]
    if call.service == "events" and "EventPattern" in call.parameters:
        facts["events:source"] = event_needs.sources_of_pattern(call.parameters["EventPattern"])
    if call.service == "iam" and "AWSServiceName" in call.parameters:
        facts["iam:AWSServiceName"] = [str(call.parameters["AWSServiceName"])]
    if call.service == "monitoring" and "Namespace" in call.parameters:
        facts["cloudwatch:namespace"] = [str(call.parameters["Namespace"])]
    return facts


def _tag_facts(tags: Any) -> dict[str, list[str]]:
    pairs: dict[str, str] = {}
    if isinstance(tags, Mapping):
        pairs = {str(key): str(value) for key, value in tags.items()}
    elif isinstance(tags, list):
        pairs = {
            str(tag.get("Key", tag.get("key"))): str(tag.get("Value", tag.get("value")))
            for tag in tags
            if isinstance(tag, Mapping)
        }
    facts = {f"aws:RequestTag/{key}": [value] for key, value in pairs.items()}
    return {**facts, **({"aws:TagKeys": list(pairs)} if pairs else {})}

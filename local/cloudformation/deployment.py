"""The deployment of one template: resources in order of need, and back again on failure."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.cloudformation.intrinsics import Resolver
from local.cloudformation.plan import Plan
from local.cloudformation.resources import RESOURCE_TYPES
from local.cloudformation.resources.resource import Created, Request, ResourceType
from local.cloudformation.stack import (
    DELETE,
    RETAIN,
    RETAIN_EXCEPT_ON_CREATE,
    Deployed,
    LocalStack,
)
from local.cloudformation.template import TemplateError
from local.runtime.runtime import Runtime
from local.runtime.runtime_log import say

_SETTINGS = {
    "Condition",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdateReplacePolicy",
}
_POLICIES = {
    "DeletionPolicy": (DELETE, RETAIN, RETAIN_EXCEPT_ON_CREATE),
    "UpdateReplacePolicy": (DELETE, RETAIN),
}


class ResourceFailed(Exception):
    """A resource could not be created, updated or resolved; names it, its type and the reason."""

    def __init__(self, logical_id: str, kind: str, reason: str) -> None:
        super().__init__(f"{logical_id} ({kind}): {reason}")
        self.logical_id, self.kind, self.reason = logical_id, kind, reason


class Deployment:
    """Applies a plan to a stack."""

    def __init__(self, runtime: Runtime, stack: LocalStack, plan: Plan) -> None:
        self._runtime, self._stack, self._plan = runtime, stack, plan
        self._definitions: dict[str, dict[str, Any]] = plan.template["Resources"]
        self._resolver = Resolver(plan.template, plan.values, self._reference, self._attribute)
        self._in_progress: list[str] = []
        self._done: set[str] = set()
        self._undo: list[Callable[[], None]] = []

    def create(self) -> None:
        """Create the stack; on failure remove everything again that is not to be retained."""
        self._apply("CREATE", "ROLLBACK")

    def update(self) -> None:
        """Update the stack; on failure put everything back."""
        self._apply("UPDATE", "UPDATE_ROLLBACK")

    def _apply(self, verb: str, rollback: str) -> None:
        stack = self._stack
        try:
            self._check()
            for logical_id in self._definitions:
                if self._wanted(logical_id):
                    self._ensure(logical_id)
            outputs = self._outputs()
            self._remove_others()
        except Exception as error:
            # whatever went wrong must end in a status that a waiting client sees
            if isinstance(error, ResourceFailed):
                stack.record(error.logical_id, error.kind, f"{verb}_FAILED", reason=error.reason)
            stack.enter(f"{rollback}_IN_PROGRESS", f"The deployment failed: {error}")
            for undo in reversed(self._undo):
                undo()
            return stack.enter(f"{rollback}_COMPLETE", str(error))
        stack.output_list = outputs
        stack.template = self._plan.body
        stack.template_dict = self._plan.template
        stack.parameters = stack.values = self._plan.parameters
        stack.description = self._plan.template.get("Description")
        stack.enter(f"{verb}_COMPLETE")

    def _check(self) -> None:
        """Refuse unknown types, properties and settings before anything is created."""
        for logical_id, definition in self._definitions.items():
            kind = definition.get("Type", "none")
            if not self._wanted(logical_id):
                continue
            if kind not in RESOURCE_TYPES:
                raise ResourceFailed(
                    logical_id, kind, f"resource type {kind} is not implemented locally"
                )
            unknown = set(definition.get("Properties") or {}) - RESOURCE_TYPES[kind].properties
            if unknown:
                raise ResourceFailed(
                    logical_id, kind, f"properties {sorted(unknown)} are not implemented locally"
                )
            if set(definition) - _SETTINGS:
                others = sorted(set(definition) - _SETTINGS)
                raise ResourceFailed(logical_id, kind, f"{others} is not implemented locally")
            for setting, policies in _POLICIES.items():
                policy = definition.get(setting, DELETE)
                if policy not in policies:
                    reason = f"{setting} {policy!r} is not implemented locally, only {policies}"
                    raise ResourceFailed(logical_id, kind, reason)

    def _wanted(self, logical_id: str) -> bool:
        condition = self._definitions[logical_id].get("Condition")
        return condition is None or self._resolver.condition(condition)

    def _ensure(self, logical_id: str) -> Deployed:
        """The resource, created or updated now if that has not happened yet."""
        if logical_id in self._done:
            return self._stack.deployed[logical_id]
        if logical_id not in self._definitions or not self._wanted(logical_id):
            raise TemplateError(f"unresolved resource dependency [{logical_id}]")
        definition = self._definitions[logical_id]
        if logical_id in self._in_progress:
            cycle = " → ".join([*self._in_progress, logical_id])
            raise ResourceFailed(logical_id, definition["Type"], f"circular dependency {cycle}")
        self._in_progress.append(logical_id)
        try:
            self._build(logical_id, definition)
        except ResourceFailed:
            raise
        except (ClientError, BotoCoreError, TemplateError, Exception) as error:
            raise ResourceFailed(logical_id, definition["Type"], _reason(error)) from error
        finally:
            self._in_progress.pop()
        self._done.add(logical_id)
        return self._stack.deployed[logical_id]

    def _build(self, logical_id: str, definition: dict[str, Any]) -> None:
        depends = definition.get("DependsOn", [])
        for other in [depends] if isinstance(depends, str) else depends:
            if other not in self._definitions or self._wanted(other):
                self._ensure(other)
        kind = RESOURCE_TYPES[definition["Type"]]
        properties = self._resolver.resolve(definition.get("Properties") or {})
        request = Request(self._runtime, self._stack.name, logical_id, properties)
        policy = definition.get("DeletionPolicy", DELETE)
        current = self._stack.deployed.get(logical_id)
        if current is None:
            self._create(kind, request, policy)
        elif current.kind is not kind:
            raise TemplateError(f"its type was {current.kind.name}; replacing is not implemented")
        elif current.request.properties != properties:
            self._update(current, request, policy)
        elif current.policy != policy:
            self._stack.deployed[logical_id] = dataclasses.replace(current, policy=policy)
            self._undo.append(lambda: self._stack.deployed.update({logical_id: current}))

    def _create(self, kind: ResourceType, request: Request, policy: str) -> None:
        stack, name = self._stack, request.logical_id
        stack.record(name, kind.name, "CREATE_IN_PROGRESS")
        created = kind.create(_copy(request))
        resource = Deployed(kind, request, created, policy)
        stack.deployed[name] = resource
        stack.record(name, kind.name, "CREATE_COMPLETE", created.physical_id)
        self._undo.append(lambda: self._take_back(resource))

    def _update(self, current: Deployed, request: Request, policy: str) -> None:
        kind, name = current.kind, request.logical_id
        self._stack.record(name, kind.name, "UPDATE_IN_PROGRESS", current.physical_resource_id)
        before = current.request.properties
        for key in kind.fixed:
            if before.get(key) != request.properties.get(key):
                raise TemplateError(f"changing {key} needs a new resource; not implemented")
        created = kind.update(_copy(request), current.created)
        resource = Deployed(kind, request, created, policy)
        self._stack.deployed[name] = resource
        self._stack.record(name, kind.name, "UPDATE_COMPLETE", created.physical_id)
        self._undo.append(lambda: self._put_back(current))

    def _take_back(self, resource: Deployed) -> None:
        if resource.orphaned:
            return self._stack.skip(resource)
        try:
            self._stack.remove(resource)
        except Exception as error:
            # one that cannot be removed must not keep the others
            say(f"rollback of {self._stack.name}: {resource.logical_resource_id}: {error}")

    def _put_back(self, resource: Deployed) -> None:
        try:
            resource.kind.update(_copy(resource.request), resource.created)
            self._stack.deployed[resource.logical_resource_id] = resource
        except Exception as error:
            say(f"rollback of {self._stack.name}: {resource.logical_resource_id}: {error}")

    def _remove_others(self) -> None:
        for logical_id, resource in reversed(list(self._stack.deployed.items())):
            if logical_id not in self._done:
                if resource.retained:
                    self._stack.skip(resource)
                else:
                    self._stack.remove(resource)

    def _outputs(self) -> list[dict[str, Any]]:
        outputs = []
        for name, output in (self._plan.template.get("Outputs") or {}).items():
            if "Export" in output:
                raise TemplateError(f"Output {name}: Export is not implemented locally")
            if "Condition" in output and not self._resolver.condition(output["Condition"]):
                continue
            try:
                value = self._resolver.resolve(output["Value"])
            except TemplateError as error:
                raise TemplateError(f"Output {name}: {error}") from error
            description = output.get("Description")
            outputs.append(
                {"OutputKey": name, "OutputValue": str(value), "Description": description}
            )
        return outputs

    def _reference(self, logical_id: str) -> str:
        return self._ensure(logical_id).created.physical_id

    def _attribute(self, logical_id: str, name: str) -> str:
        resource = self._ensure(logical_id)
        created: Created = resource.created
        if name not in created.attributes:
            raise TemplateError(f"{logical_id} ({resource.kind.name}) has no attribute {name} here")
        return created.attributes[name]


def _copy(request: Request) -> Request:
    """For a resource type to change at will: the properties are kept for the next update."""
    return dataclasses.replace(request, properties=copy.deepcopy(request.properties))


def _reason(error: Exception) -> str:
    if isinstance(error, (ClientError, TemplateError, ValueError, NotImplementedError)):
        return str(error)
    if isinstance(error, KeyError):
        return f"property {error} is required"
    return repr(error)

"""A stack as the CloudFormation API shows it: status, events, resources and outputs."""

from __future__ import annotations

import dataclasses
from typing import Any

from moto.cloudformation.models import Event, Stack

from local.cloudformation.resources.resource import Created, Request, ResourceType

DELETE, RETAIN, RETAIN_EXCEPT_ON_CREATE = "Delete", "Retain", "RetainExceptOnCreate"


@dataclasses.dataclass
class Deployed:
    """One resource that exists, with what it was made from."""

    kind: ResourceType
    request: Request
    created: Created
    policy: str = DELETE  # DeletionPolicy

    @property
    def retained(self) -> bool:
        """Whether it outlives its stack."""
        return self.policy in (RETAIN, RETAIN_EXCEPT_ON_CREATE)

    @property
    def orphaned(self) -> bool:
        """Whether it stays even where the deployment that created it is rolled back."""
        return self.policy == RETAIN

    # what moto's DescribeStackResources reads
    @property
    def logical_resource_id(self) -> str:
        return self.request.logical_id

    @property
    def physical_resource_id(self) -> str:
        return self.created.physical_id

    @property
    def cf_resource_type(self) -> str:
        return self.kind.name


class LocalStack(Stack):  # type: ignore[misc] # moto is untyped here
    """moto's record of a stack, filled by `deployment` instead of moto's engine."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.deployed: dict[str, Deployed] = {}  # in order of creation
        self.values: dict[str, Any] = {}  # parameters
        self.output_list: list[dict[str, Any]] = []
        self.stack_status_reason: str | None = None

    def enter(self, status: str, reason: str | None = None) -> None:
        """Change the stack's status and record the event."""
        self._add_stack_event(status, resource_status_reason=reason)
        self.stack_status_reason = reason
        self.status = status

    def record(
        self, logical_id: str, kind: str, status: str, physical_id: str = "", reason: str = ""
    ) -> None:
        """Add a resource's event."""
        self.events.append(
            Event(
                stack_id=self.stack_id,
                stack_name=self.name,
                logical_resource_id=logical_id,
                physical_resource_id=physical_id,
                resource_type=kind,
                resource_status=status,
                resource_status_reason=reason or None,
                resource_properties=None,
            )
        )

    def remove(self, resource: Deployed) -> None:
        """Delete one resource and record it."""
        logical_id, kind = resource.logical_resource_id, resource.cf_resource_type
        self.record(logical_id, kind, "DELETE_IN_PROGRESS", resource.physical_resource_id)
        try:
            resource.kind.delete(resource.request, resource.created)
        except Exception as error:
            self.record(
                logical_id, kind, "DELETE_FAILED", resource.physical_resource_id, str(error)
            )
            raise
        self.deployed.pop(logical_id, None)
        self.record(logical_id, kind, "DELETE_COMPLETE", resource.physical_resource_id)

    def skip(self, resource: Deployed) -> None:
        """Let go of one resource, which stays where it is, and record that."""
        self.deployed.pop(resource.logical_resource_id, None)
        self.record(
            resource.logical_resource_id,
            resource.cf_resource_type,
            "DELETE_SKIPPED",
            resource.physical_resource_id,
        )

    def delete(self) -> None:
        """DeleteStack: everything but what is retained, newest first."""
        self.enter("DELETE_IN_PROGRESS", "User Initiated")
        failures = []
        for resource in reversed(list(self.deployed.values())):
            if resource.retained:
                self.skip(resource)
                continue
            try:
                self.remove(resource)
            except Exception as error:
                failures.append(f"{resource.logical_resource_id}: {error}")
        if failures:
            self.enter("DELETE_FAILED", "; ".join(failures))
        else:
            self.enter("DELETE_COMPLETE")

    @property
    def stack_resources(self) -> Any:
        return list(self.deployed.values())

    @property
    def stack_parameters(self) -> dict[str, Any]:
        return self.values

    @property
    def parameter_list(self) -> list[dict[str, Any]]:
        return [
            {"ParameterKey": name, "ParameterValue": ",".join(v) if isinstance(v, list) else v}
            for name, v in self.values.items()
        ]

    @property
    def outputs(self) -> list[dict[str, Any]] | None:
        return self.output_list or None

    @property
    def exports(self) -> list[Any]:
        return []  # refused at deployment

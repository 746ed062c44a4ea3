"""CloudFormation: stacks of the types in `resources`, by CreateStack or change set.

moto's engine warns about what it does not know and goes on; AWS fails the deployment, says why,
and takes back what it had created. So does this.
"""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlsplit

from moto.cloudformation.exceptions import AlreadyExistsException, ValidationError
from moto.cloudformation.models import (
    Change,
    ChangeSet,
    CloudFormationBackend,
    Stack,
)
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import generate_changeset_id, generate_stack_id
from moto.s3.models import s3_backends

from local.cloudformation.deployment import Deployment
from local.cloudformation.plan import Plan
from local.cloudformation.stack import LocalStack
from local.cloudformation.template import TemplateError
from local.runtime.patch import replace
from local.runtime.runtime import Runtime


def install(runtime: Runtime) -> None:
    """Put the deployment engine behind CloudFormation's API."""
    engine = _Engine(runtime)
    _hook_stacks(engine)
    _hook_change_sets(engine)
    _hook_execution(engine)
    _hook_template_urls(runtime)


class _Engine:
    """Starts deployments, each in a thread of its own, as the API answers at once."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def plan(self, stack: Stack, body: str, parameters: dict[str, Any]) -> Plan:
        try:
            return Plan.of(self.runtime, stack, body, parameters)
        except TemplateError as error:
            raise ValidationError(message=str(error)) from error

    def start(self, stack: LocalStack, plan: Plan, *, update: bool = False) -> threading.Thread:
        verb = "UPDATE" if update else "CREATE"
        stack.enter(f"{verb}_IN_PROGRESS", "User Initiated")
        deployment = Deployment(self.runtime, stack, plan)
        work = deployment.update if update else deployment.create
        thread = threading.Thread(target=work, name=f"deploy-{stack.name}", daemon=True)
        thread.start()
        return thread


def _hook_stacks(engine: _Engine) -> None:
    """moto parses and creates within the request, through handlers of its own."""

    def create_stack(
        self: Any, name: str, template: str, parameters: dict[str, Any], **settings: Any
    ) -> Stack:
        if any(stack.name == name for stack in self.stacks.values()):
            raise AlreadyExistsException(f"Stack [{name}] already exists")
        stack = _new_stack(self, name, settings)
        plan = engine.plan(stack, template, parameters)
        self.stacks[stack.stack_id] = stack
        engine.start(stack, plan)
        return stack

    def update_stack(
        self: Any,
        name: str,
        template: str,
        role_arn: str | None,
        parameters: list[dict[str, Any]],
        tags: dict[str, str] | None,
    ) -> Stack:
        stack = self.get_stack(name)
        values = self._resolve_update_parameters(instance=stack, incoming_params=parameters)
        engine.start(stack, engine.plan(stack, template, values), update=True)
        return stack

    def delete_stack(self: Any, name_or_stack_id: str) -> None:
        """moto: what cannot be deleted is forgotten. AWS: DELETE_FAILED, to be tried again."""
        names = (name_or_stack_id,)
        for stack in [s for s in self.stacks.values() if s.name in names or s.stack_id in names]:
            stack.delete()
            if stack.status == "DELETE_COMPLETE":
                self.deleted_stacks[stack.stack_id] = self.stacks.pop(stack.stack_id)

    replace(CloudFormationBackend, "create_stack", lambda _: create_stack)
    replace(CloudFormationBackend, "delete_stack", lambda _: delete_stack)
    replace(CloudFormationBackend, "update_stack", lambda _: update_stack)


def _hook_change_sets(engine: _Engine) -> None:
    """moto diffs templates of its own reading and applies without status, events or rollback."""

    def create_change_set(
        self: Any,
        stack_name: str,
        change_set_name: str,
        template: str,
        parameters: dict[str, str],
        description: str,
        change_set_type: str,
        **settings: Any,
    ) -> tuple[str, str]:
        if change_set_type == "UPDATE":
            stack = self.get_stack(stack_name)
        else:
            stack = _new_stack(self, stack_name, settings)
        plan = engine.plan(stack, template, parameters)
        if change_set_type != "UPDATE":
            self.stacks[stack.stack_id] = stack
            stack.enter("REVIEW_IN_PROGRESS", "User Initiated")
        identity = generate_changeset_id(change_set_name, self.region_name, self.account_id)
        self.change_sets[identity] = _LocalChangeSet(
            change_set_type=change_set_type,
            change_set_id=identity,
            change_set_name=change_set_name,
            stack=stack,
            template=template,
            parameters=parameters,
            description=description,
            plan=plan,
            **settings,
        )
        return identity, stack.stack_id

    replace(CloudFormationBackend, "create_change_set", lambda _: create_change_set)


def _hook_execution(engine: _Engine) -> None:
    """moto applies a change set within the request."""

    def execute_change_set(self: Any, change_set_name: str, stack_name: str | None = None) -> None:
        change_set = self.describe_change_set(change_set_name)
        if change_set.execution_status != "AVAILABLE":
            raise ValidationError(message=f"ChangeSet {change_set_name} cannot be executed")
        change_set.execution_status = "EXECUTE_COMPLETE"
        update = change_set.change_set_type == "UPDATE"
        engine.start(change_set.stack, change_set.plan, update=update)

    replace(CloudFormationBackend, "execute_change_set", lambda _: execute_change_set)


def _hook_template_urls(runtime: Runtime) -> None:
    """moto reads TemplateURL in AWS's host forms and localhost only; clients of this runtime send
    path-style URLs of its own address."""

    def build(original: Any) -> Any:
        def from_url(self: Any, template_url: str) -> str:
            url = urlsplit(template_url)
            if url.hostname not in ("127.0.0.1", "localhost"):
                return str(original(self, template_url))
            bucket, key = url.path.lstrip("/").split("/", 1)
            stored = s3_backends[runtime.account]["aws"].get_object(bucket, key)
            if stored is None:
                raise ValidationError(message=f"S3 error: {template_url} does not exist")
            return str(stored.value.decode())

        return from_url

    replace(CloudFormationResponse, "_get_stack_from_s3_url", build)


class _LocalChangeSet(ChangeSet):  # type: ignore[misc] # moto is untyped here
    """A change set whose differences come from the plan."""

    def __init__(self, *, plan: Plan, **settings: Any) -> None:
        self.plan = plan
        super().__init__(**settings)
        if self.changes:
            self.status, self.execution_status = "CREATE_COMPLETE", "AVAILABLE"
        else:
            self.status, self.execution_status = "FAILED", "UNAVAILABLE"
            self.status_reason = (
                "The submitted information didn't contain changes. "
                "Submit different information to create a change set."
            )

    def _parse_template(self) -> None:
        self.template_dict = self.plan.template

    def diff(self) -> list[Change]:
        return [Change(*change) for change in self.plan.changes(self.stack)]


def _new_stack(backend: Any, name: str, settings: dict[str, Any]) -> LocalStack:
    return LocalStack(
        stack_id=generate_stack_id(name, backend.region_name, backend.account_id),
        name=name,
        template={},
        parameters={},
        account_id=backend.account_id,
        region_name=backend.region_name,
        **settings,
    )

"""Step Functions: moto's interpreter executes state machines, with AWS's query language, task
integrations, distributed maps and role credentials."""

from __future__ import annotations

from moto.core.config import default_user_config
from moto.stepfunctions import models, urls
from moto.stepfunctions.parser.models import (
    StepFunctionsParserBackend,
    stepfunctions_parser_backends,
)

from local.iam import role_clients
from local.runtime import patch
from local.runtime.runtime import Runtime
from local.stepfunctions import (
    definitions,
    distributed_map,
    executions,
    integrations,
    jsonata_queries,
    limits,
    map_runs,
)


def install(runtime: Runtime) -> None:
    _execute()
    definitions.install(runtime)
    jsonata_queries.install(runtime)
    integrations.install(runtime)
    distributed_map.install(runtime)
    executions.install(runtime)
    map_runs.install(runtime)
    limits.install(runtime)
    role_clients.install(runtime)


def _execute() -> None:
    """moto: executes only when asked to, and even then CloudFormation, the API and tagging look at
    a second backend that pretends. Here there is one, and it executes."""
    default_user_config["stepfunctions"]["execute_state_machine"] = True
    patch.replace_imported(
        models, "stepfunctions_backends", stepfunctions_parser_backends, package="moto."
    )
    # moto finds a service's URLs beside the module of its backend's class.
    patch.replace(
        StepFunctionsParserBackend, "_url_module", lambda _original: property(lambda self: urls)
    )

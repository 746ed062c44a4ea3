"""Everything of a stack that its template does not know, in the order in which it can go."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from operations.account import Account
from operations.destroy.clearing import Kind
from operations.names import Names

TRAINING_LOGS = "/aws/sagemaker/TrainingJobs"
_JOB_SECONDS = 900.0  # a container has two minutes to stop, and its output is stored after that
_ENDPOINT_SECONDS = 2400.0  # one that is being created can only be deleted once it is


def of(account: Account, names: Names) -> list[Kind]:
    return [
        *_work(account, names),
        *_serving(account, names),
        *_logs(account, names),
    ]


def _work(account: Account, names: Names) -> Iterator[Kind]:
    """First what starts work, then what is at work, from the outside in."""
    events, states = account.client("events"), account.client("stepfunctions")
    sagemaker = account.client("sagemaker")
    yield Kind(
        "rules disabled",
        functools.partial(_rules, account, names),
        lambda name: events.disable_rule(Name=name),
    )
    yield Kind(
        "executions stopped",
        functools.partial(_executions, account, names),
        lambda arn: states.stop_execution(executionArn=arn, cause="The stack is removed."),
    )
    yield Kind(
        "tuning jobs stopped",
        functools.partial(_tuning_jobs, account, names),
        lambda name: sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name),
        _JOB_SECONDS,
    )
    yield Kind(
        "training jobs stopped",
        functools.partial(_training_jobs, account, names),
        lambda name: sagemaker.stop_training_job(TrainingJobName=name),
        _JOB_SECONDS,
    )


def _serving(account: Account, names: Names) -> Iterator[Kind]:
    sagemaker = account.client("sagemaker")
    yield Kind(
        "scalable targets deregistered",
        functools.partial(_targets, account, names),
        functools.partial(_deregister, account),
    )
    yield Kind(
        "endpoints deleted",
        functools.partial(_endpoints, account, names),
        lambda name: sagemaker.delete_endpoint(EndpointName=name),
        _ENDPOINT_SECONDS,
    )
    yield Kind(
        "endpoint configurations deleted",
        functools.partial(_configurations, account, names),
        lambda name: sagemaker.delete_endpoint_config(EndpointConfigName=name),
    )
    yield Kind(
        "models deleted",
        functools.partial(_models, account, names),
        lambda name: sagemaker.delete_model(ModelName=name),
    )
    yield Kind(
        "model packages deleted",
        functools.partial(_packages, account, names),
        lambda arn: sagemaker.delete_model_package(ModelPackageName=arn),
    )


def _logs(account: Account, names: Names) -> Iterator[Kind]:
    logs = account.client("logs")
    yield Kind(
        "training logs deleted",
        functools.partial(_training_logs, account, names),
        lambda stream: logs.delete_log_stream(logGroupName=TRAINING_LOGS, logStreamName=stream),
    )
    yield Kind(
        "log groups deleted",
        functools.partial(_log_groups, account, names),
        lambda group: logs.delete_log_group(logGroupName=group),
    )


def _rules(account: Account, names: Names) -> Iterator[str]:
    """Names and states of the stack's own rules are asked one by one: they are few."""
    if account.stack(names.stack) is None:
        return
    resources = account.each(
        "cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=names.stack
    )
    rules = [
        resource["PhysicalResourceId"]
        for resource in resources
        if resource["ResourceType"] == "AWS::Events::Rule"
        and resource.get("PhysicalResourceId")
        and resource["ResourceStatus"] != "DELETE_COMPLETE"
    ]
    events = account.client("events")
    for rule in rules:
        try:
            if events.describe_rule(Name=rule)["State"] != "DISABLED":
                yield rule
        except events.exceptions.ResourceNotFoundException:
            continue


def _executions(account: Account, names: Names) -> Iterator[str]:
    """A distributed map's children end with the execution that they belong to."""
    for machine in account.each("stepfunctions", "list_state_machines", "stateMachines"):
        if machine["name"] in names.machines:
            running = account.each(
                "stepfunctions",
                "list_executions",
                "executions",
                stateMachineArn=machine["stateMachineArn"],
                statusFilter="RUNNING",
            )
            yield from (each["executionArn"] for each in running if "mapRunArn" not in each)


def _tuning_jobs(account: Account, names: Names) -> Iterator[str]:
    found = _unfinished(
        account,
        names,
        "list_hyper_parameter_tuning_jobs",
        "HyperParameterTuningJobSummaries",
        "HyperParameterTuningJobName",
    )
    yield from filter(names.is_tuning_job, found)


def _training_jobs(account: Account, names: Names) -> Iterator[str]:
    found = _unfinished(
        account, names, "list_training_jobs", "TrainingJobSummaries", "TrainingJobName"
    )
    yield from filter(names.is_training_job, found)


def _unfinished(
    account: Account, names: Names, operation: str, members: str, name: str
) -> Iterator[str]:
    for status in ("InProgress", "Stopping"):
        for job in account.each(
            "sagemaker", operation, members, NameContains=names.stack, StatusEquals=status
        ):
            yield job[name]


def _targets(account: Account, names: Names) -> Iterator[str]:
    for target in account.each(
        "application-autoscaling",
        "describe_scalable_targets",
        "ScalableTargets",
        ServiceNamespace="sagemaker",
    ):
        if target["ResourceId"].split("/")[1] in names.endpoints:
            yield f"{target['ResourceId']} {target['ScalableDimension']}"


def _deregister(account: Account, target: str) -> None:
    resource, dimension = target.split()
    account.client("application-autoscaling").deregister_scalable_target(
        ServiceNamespace="sagemaker", ResourceId=resource, ScalableDimension=dimension
    )


def _endpoints(account: Account, names: Names) -> Iterator[str]:
    for endpoint in account.each(
        "sagemaker", "list_endpoints", "Endpoints", NameContains=names.stack
    ):
        if endpoint["EndpointName"] in names.endpoints:
            yield endpoint["EndpointName"]


def _configurations(account: Account, names: Names) -> Iterator[str]:
    for configuration in account.each(
        "sagemaker", "list_endpoint_configs", "EndpointConfigs", NameContains=names.stack
    ):
        if names.is_release(configuration["EndpointConfigName"]):
            yield configuration["EndpointConfigName"]


def _models(account: Account, names: Names) -> Iterator[str]:
    for model in account.each("sagemaker", "list_models", "Models", NameContains=names.stack):
        if names.is_release(model["ModelName"]):
            yield model["ModelName"]


def _packages(account: Account, names: Names) -> Iterator[str]:
    groups = account.each(
        "sagemaker",
        "list_model_package_groups",
        "ModelPackageGroupSummaryList",
        NameContains=names.stack,
    )
    for name in [group["ModelPackageGroupName"] for group in groups]:
        if name in names.endpoints:
            for package in account.each(
                "sagemaker",
                "list_model_packages",
                "ModelPackageSummaryList",
                ModelPackageGroupName=name,
            ):
                yield package["ModelPackageArn"]


def _training_logs(account: Account, names: Names) -> Iterator[str]:
    logs = account.client("logs")
    try:
        for stream in account.each(
            "logs",
            "describe_log_streams",
            "logStreams",
            logGroupName=TRAINING_LOGS,
            logStreamNamePrefix=f"{names.stack}-",
        ):
            if names.is_training_job(stream["logStreamName"].partition("/")[0]):
                yield stream["logStreamName"]
    except logs.exceptions.ResourceNotFoundException:
        return  # nothing was ever trained here


def _log_groups(account: Account, names: Names) -> Iterator[str]:
    """Those of the stack itself go with it; a function that ends later makes its own again."""
    functions = f"/aws/lambda/{names.stack}-"
    stands = account.stack(names.stack) is not None
    prefixes = [f"/aws/sagemaker/Endpoints/{names.stack}-"]
    prefixes += [] if stands else [functions, f"/aws/vendedlogs/states/{names.stack}-"]
    for prefix in prefixes:
        for group in account.each(
            "logs", "describe_log_groups", "logGroups", logGroupNamePrefix=prefix
        ):
            name = group["logGroupName"]
            if name in names.log_groups or names.is_function_log(name):
                yield name

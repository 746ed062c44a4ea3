"""What a running laptop runtime is doing, as tables."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table

from local.laptop import tuning_progress
from local.laptop.client import Laptop
from local.laptop.progress import history, open_states

_EXECUTIONS = 10  # newest shown, per state machine
_STYLES = {
    "RUNNING": "cyan",
    "InProgress": "cyan",
    "Creating": "cyan",
    "Updating": "cyan",
    "SUCCEEDED": "green",
    "Completed": "green",
    "InService": "green",
    "FAILED": "red",
    "Failed": "red",
    "TIMED_OUT": "red",
    "ABORTED": "yellow",
    "Stopped": "yellow",
}


def show(laptop: Laptop, console: Console) -> None:
    """Print one table per kind of thing."""
    console.print(f"[bold]{laptop.endpoint_url}[/bold], process {laptop.pid}\n")
    for table in (
        _table("Executions", ("state machine", "execution", "status", "state", "took")),
        _table("Tuning jobs", ("job", "status", "candidates")),
        _table("Training jobs", ("job", "status", "stage")),
        _table("Endpoints", ("endpoint", "status", "configuration")),
        _table("Queues", ("queue", "waiting", "in flight", "delayed")),
        _table("Functions", ("function", "invocations", "errors", "mean ms")),
    ):
        rows = {
            "Executions": _executions,
            "Tuning jobs": _tuning_jobs,
            "Training jobs": _training_jobs,
            "Endpoints": _endpoints,
            "Queues": _queues,
            "Functions": _functions,
        }[str(table.title)](laptop)
        for row in rows:
            table.add_row(*(_styled(cell) for cell in row))
        if table.row_count:
            console.print(table)
            console.print()


def _executions(laptop: Laptop) -> Iterator[tuple[str, ...]]:
    states = laptop.client("stepfunctions")
    for machine in states.list_state_machines()["stateMachines"]:
        arn = machine["stateMachineArn"]
        executions = states.list_executions(stateMachineArn=arn)["executions"]
        newest = sorted(executions, key=lambda each: each["startDate"], reverse=True)
        for execution in newest[:_EXECUTIONS]:
            yield (
                machine["name"],
                execution["name"],
                execution["status"],
                ", ".join(_unfinished(states, execution)),
                _duration(execution["startDate"], execution.get("stopDate")),
            )


def _unfinished(states: Any, execution: dict[str, Any]) -> Iterator[str]:
    """The states that an execution is in, or, of a failed one, where it failed."""
    if execution["status"] == "SUCCEEDED":
        return iter(())
    return open_states(history(states, execution["executionArn"]))


def _tuning_jobs(laptop: Laptop) -> Iterator[tuple[str, ...]]:
    sagemaker = laptop.client("sagemaker")
    for job in sagemaker.list_hyper_parameter_tuning_jobs()["HyperParameterTuningJobSummaries"]:
        name, status = job["HyperParameterTuningJobName"], job["HyperParameterTuningJobStatus"]
        described = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        yield name, status, tuning_progress.summary(described)


def _training_jobs(laptop: Laptop) -> Iterator[tuple[str, ...]]:
    sagemaker = laptop.client("sagemaker")
    for job in sagemaker.list_training_jobs()["TrainingJobSummaries"]:
        described = sagemaker.describe_training_job(TrainingJobName=job["TrainingJobName"])
        yield (
            job["TrainingJobName"],
            described["TrainingJobStatus"],
            described.get("SecondaryStatus", ""),
        )


def _endpoints(laptop: Laptop) -> Iterator[tuple[str, ...]]:
    sagemaker = laptop.client("sagemaker")
    for endpoint in sagemaker.list_endpoints()["Endpoints"]:
        described = sagemaker.describe_endpoint(EndpointName=endpoint["EndpointName"])
        yield (
            endpoint["EndpointName"],
            described["EndpointStatus"],
            described["EndpointConfigName"],
        )


def _queues(laptop: Laptop) -> Iterator[tuple[str, ...]]:
    sqs = laptop.client("sqs")
    kinds = ("", "NotVisible", "Delayed")
    for url in sqs.list_queues().get("QueueUrls", []):
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        depths = (found[f"ApproximateNumberOfMessages{kind}"] for kind in kinds)
        yield (url.rsplit("/", 1)[1], *depths)


def _functions(laptop: Laptop) -> Iterator[tuple[str, ...]]:
    for function in laptop.client("lambda").list_functions()["Functions"]:
        name = function["FunctionName"]
        duration = _metric(laptop, name, "Duration", "Average")
        yield (
            name,
            f"{_metric(laptop, name, 'Invocations', 'Sum') or 0:.0f}",
            f"{_metric(laptop, name, 'Errors', 'Sum') or 0:.0f}",
            "" if duration is None else f"{duration:.0f}",
        )


def _metric(laptop: Laptop, function: str, name: str, statistic: str) -> float | None:
    now = datetime.datetime.now(datetime.UTC)
    points = laptop.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=name,
        Dimensions=[{"Name": "FunctionName", "Value": function}],
        StartTime=now - datetime.timedelta(days=7),
        EndTime=now + datetime.timedelta(minutes=1),
        Period=8 * 86400,
        Statistics=[statistic],
    )["Datapoints"]
    return float(points[0][statistic]) if points else None


def _table(title: str, columns: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        number = column in ("waiting", "in flight", "delayed", "invocations", "errors", "mean ms")
        table.add_column(column, justify="right" if number else "left", overflow="fold")
    return table


def _styled(cell: str) -> str:
    style = _STYLES.get(cell)
    return f"[{style}]{cell}[/{style}]" if style else cell


def _duration(start: datetime.datetime, stop: datetime.datetime | None) -> str:
    end = stop or datetime.datetime.now(datetime.UTC)
    return f"{(end - start).total_seconds():.0f} s"

"""What a training run is doing, read through the same AWS calls that anybody could make.

`RunWatch.look()` asks Step Functions for the states, SageMaker for the jobs and CloudWatch Logs for
the epochs, and returns a `RunProgress`; `ProgressView` draws it, as a live table on a terminal and
as lines elsewhere.
"""

from __future__ import annotations

import dataclasses
import json
import re
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from local.laptop import tuning_progress
from local.runtime.failures import Failure
from sonoflow.releases.tasks import OF_IMAGES, OF_TABLES

TRAINING_LOGS = "/aws/sagemaker/TrainingJobs"
RUNNING = "RUNNING"
MODELS = {task.name: task.model for task in (*OF_IMAGES, *OF_TABLES)}
_TABLES = tuple(task.name for task in OF_TABLES)
# Which models a machine releases, by the end of its name.
_TASKS: dict[str, tuple[str, ...]] = {
    "train-images": tuple(task.name for task in OF_IMAGES),
    "train-table": _TABLES,
    "validate-external": (),
}
_EPOCH = re.compile(r"^epoch=(\d+)/(\d+) (.*)$")
# As the built-in Linear Learner tells of its epochs, which it counts from 0.
_LINEAR_LEARNER_EPOCH = re.compile(
    r"#quality_metric: host=[^,]+, epoch=(\d+), train \S+ <loss>=(\S+)"
)
_SHOWN = ("train_loss", "validation_accuracy", "validation_lesion_dice")


class RunFailed(Failure):
    """The execution ended in another status than SUCCEEDED; says which, and why."""


@dataclasses.dataclass(frozen=True)
class Epoch:
    """One `epoch=3/20 name=value …` line of a training log."""

    number: int
    of: int
    metrics: dict[str, float]

    @classmethod
    def parse(cls, line: str) -> Epoch | None:
        match = _EPOCH.match(line)
        if match is None:
            return None
        pairs = (pair.partition("=") for pair in match[3].split())
        return cls(int(match[1]), int(match[2]), {name: float(value) for name, _, value in pairs})

    @classmethod
    def parse_linear_learner(cls, line: str, of: int) -> Epoch | None:
        """`of` is a hyperparameter of the job: the log does not tell it."""
        match = _LINEAR_LEARNER_EPOCH.search(line)
        return match and cls(int(match[1]) + 1, of, {"train_loss": float(match[2])})


@dataclasses.dataclass(frozen=True)
class RunProgress:
    """One look at a run: its status, the states it is in, and each training job's last epoch."""

    status: str
    states: tuple[str, ...]  # of train_images or train_table
    releases: dict[str, str]  # task → state of its release_model execution
    epochs: dict[str, Epoch]  # task → the last epoch logged
    searches: dict[str, str] = dataclasses.field(default_factory=dict)  # task → how far it is


class RunWatch:
    """Looks at one execution of train_images, train_table or validate_external."""

    def __init__(self, client: Callable[[str], Any], outputs: dict[str, str], arn: str) -> None:
        self._states, self._jobs = client("stepfunctions"), client("sagemaker")
        self._logs = client("logs")
        self._release_machine = outputs["ReleaseModelStateMachineArn"]
        self._epochs: dict[str, int] = {}  # that each job of Linear Learner was asked for
        self.arn = arn
        machine, self.run = arn.split(":")[-2:]
        self.tasks = next(tasks for name, tasks in _TASKS.items() if machine.endswith(name))
        given = self._states.describe_execution(executionArn=arn)["input"]
        self.version: str = json.loads(given)["dataset"]["version"]

    def look(self) -> RunProgress:
        status = self._states.describe_execution(executionArn=self.arn)["status"]
        releases = {task: self._release_arn(task) for task in self.tasks}
        return RunProgress(
            status,
            tuple(open_states(history(self._states, self.arn))),
            {task: self._release_state(arn) for task, arn in releases.items() if arn},
            dict(self._last_epochs()),
            self._searches(),
        )

    def outcome(self) -> dict[str, Any]:
        """DescribeExecution of the ended run.

        Raises RunFailed, with the error and its cause, unless it succeeded.
        """
        execution: dict[str, Any] = self._states.describe_execution(executionArn=self.arn)
        if execution["status"] != "SUCCEEDED":
            error, cause = execution.get("error", ""), execution.get("cause", "")
            raise RunFailed(f"{self.run} {execution['status'].lower()}: {error}: {cause}")
        return execution

    def seconds(self) -> dict[str, float]:
        """Wall-clock seconds of each state; `Train` or `Tune` of a release is `Train <model>`."""
        spans = state_seconds(history(self._states, self.arn))
        for task in self.tasks:
            if arn := self._release_arn(task):
                spent = state_seconds(history(self._states, arn))
                spans[f"Train {MODELS[task]}"] = spent.get("Train", spent.get("Tune", 0.0))
        return spans

    def releases(self) -> dict[str, str]:
        """By task, the ARN of its release_model execution, if there is one."""
        found = ((task, self._release_arn(task)) for task in self.tasks)
        return {task: arn for task, arn in found if arn}

    def jobs(self) -> dict[str, str]:
        """By model, the name of its last training job on this version."""
        listed = self._jobs.list_training_jobs(NameContains=self.version)["TrainingJobSummaries"]
        return {
            MODELS[task]: job["TrainingJobName"]
            for job in sorted(listed, key=lambda job: job["CreationTime"])
            for task in self.tasks
            if f"-{MODELS[task]}-" in job["TrainingJobName"]
        }

    def _release_arn(self, task: str) -> str | None:
        name = f"{self.run}-{task}"
        pages = self._states.get_paginator("list_executions").paginate(
            stateMachineArn=self._release_machine
        )
        executions = (execution for page in pages for execution in page["executions"])
        return next((e["executionArn"] for e in executions if e["name"] == name), None)

    def _release_state(self, arn: str) -> str:
        status: str = self._states.describe_execution(executionArn=arn)["status"]
        states = list(open_states(history(self._states, arn)))
        return states[-1] if states and status == RUNNING else status.lower()

    def _last_epochs(self) -> Iterator[tuple[str, Epoch]]:
        jobs = self._jobs.list_training_jobs(NameContains=self.version)["TrainingJobSummaries"]
        for job in jobs:
            name = job["TrainingJobName"]
            task = next((task for task in self.tasks if f"-{MODELS[task]}-" in name), None)
            epochs = [epoch for line in self._log_lines(name) if (epoch := self._epoch(name, line))]
            if task and epochs:
                yield task, epochs[-1]

    def _searches(self) -> dict[str, str]:
        found = dict(tuning_progress.searches(self._jobs, self.version))
        return {task: found[MODELS[task]] for task in self.tasks if MODELS[task] in found}

    def _epoch(self, job: str, line: str) -> Epoch | None:
        if self.tasks != _TABLES:
            return Epoch.parse(line)
        if job not in self._epochs:
            job_description = self._jobs.describe_training_job(TrainingJobName=job)
            self._epochs[job] = int(job_description["HyperParameters"]["epochs"])
        return Epoch.parse_linear_learner(line, self._epochs[job])

    def _log_lines(self, job: str) -> Iterator[str]:
        try:
            streams = self._logs.describe_log_streams(
                logGroupName=TRAINING_LOGS, logStreamNamePrefix=f"{job}/"
            )["logStreams"]
        except self._logs.exceptions.ResourceNotFoundException:
            return  # no job has logged yet
        for stream in streams:
            events = self._logs.get_log_events(
                logGroupName=TRAINING_LOGS, logStreamName=stream["logStreamName"], limit=200
            )["events"]
            yield from (event["message"] for event in events)


def history(states: Any, arn: str) -> list[dict[str, Any]]:
    """An execution's events, without their data; `states` is a client of Step Functions."""
    pages = states.get_paginator("get_execution_history").paginate(
        executionArn=arn, includeExecutionData=False
    )
    return [event for page in pages for event in page["events"]]


def open_states(events: list[dict[str, Any]]) -> Iterator[str]:
    """Names of the states that were entered and not yet left, in the order of entry."""
    entered: list[str] = []
    for event in events:
        if details := event.get("stateEnteredEventDetails"):
            entered.append(details["name"])
        elif (details := event.get("stateExitedEventDetails")) and details["name"] in entered:
            entered.remove(details["name"])
    yield from entered


def state_seconds(events: list[dict[str, Any]]) -> dict[str, float]:
    """Seconds between the first entry of each state and its last exit."""
    entered: dict[str, float] = {}
    seconds: dict[str, float] = {}
    for event in events:
        moment = event["timestamp"].timestamp()
        if details := event.get("stateEnteredEventDetails"):
            entered.setdefault(details["name"], moment)
        elif details := event.get("stateExitedEventDetails"):
            seconds[details["name"]] = round(moment - entered[details["name"]], 2)
    return seconds


class ProgressView:
    """Draws looks at a run; a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=4, transient=True)
        self._started = time.monotonic()
        self._printed: set[str] = set()

    def __enter__(self) -> ProgressView:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def show(self, progress: RunProgress) -> None:
        if self._console.is_terminal:
            self._live.update(self.draw(progress))
            return
        for line in self._lines(progress):
            if line not in self._printed:
                self._printed.add(line)
                self._console.print(
                    f"[{self._elapsed():>4}] {line}", highlight=False, markup=False, soft_wrap=True
                )

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._started:.0f}s"

    def _lines(self, progress: RunProgress) -> Iterator[str]:
        for state in progress.states:
            yield f"state {state}"
        for task, state in progress.releases.items():
            yield f"{MODELS[task]}: state {state}"
        for task, epoch in progress.epochs.items():
            yield f"{MODELS[task]}: epoch {epoch.number}/{epoch.of} {_metrics(epoch)}"
        for task, search in progress.searches.items():
            yield f"{MODELS[task]}: {search}"

    def draw(self, progress: RunProgress) -> RenderableType:
        heading = Text(f"{self._elapsed():>5}  ", style="dim")
        states = " → ".join(dict.fromkeys(progress.states))  # a map is in one state several times
        heading.append(states or progress.status.lower(), style="bold cyan")
        table = Table.grid(padding=(0, 2))
        for task, state in progress.releases.items():
            epoch = progress.epochs.get(task)
            table.add_row(
                Text(f"       {MODELS[task]}", style="bold"),
                Text(state, style="cyan"),
                ProgressBar(total=epoch.of, completed=epoch.number, width=24) if epoch else "",
                Text(
                    f"epoch {epoch.number}/{epoch.of} {_metrics(epoch)}"
                    if epoch
                    else progress.searches.get(task, "")
                ),
            )
        return Group(heading, table)


def _metrics(epoch: Epoch) -> str:
    return " ".join(f"{n}={epoch.metrics[n]:.3f}" for n in _SHOWN if n in epoch.metrics)

"""Hyperparameter tuning: what is asked for, and the request for the tuning job.

`Tune` in an execution's input asks for it: true, or an object with any of Strategy,
MaxNumberOfTrainingJobs, MaxParallelTrainingJobs, RandomSeed and ParameterRanges (by
hyperparameter). What it leaves out comes from the settings and from the task; false trains once,
whatever the settings say, and null leaves it to them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from sonoflow.errors import ConfigurationError, PayloadInvalid
from sonoflow.releases import ranges
from sonoflow.releases.ranges import Range
from sonoflow.releases.tasks import Task
from sonoflow.settings import HYPERBAND, TUNING_STRATEGIES, Training

NAME_LIMIT = 32  # characters, of a tuning job's name
EPOCHS = "epochs"  # what Hyperband gives out; its name is one that SageMaker knows
_MEMBERS = {
    "Strategy",
    "MaxNumberOfTrainingJobs",
    "MaxParallelTrainingJobs",
    "RandomSeed",
    "ParameterRanges",
}


@dataclasses.dataclass(frozen=True)
class Tuning:
    """A search of a task's hyperparameters."""

    strategy: str
    jobs: int
    parallel_jobs: int
    seed: int
    ranges: tuple[Range, ...]
    epochs: int | None  # of a whole training, where the strategy itself gives them out


def asked(wanted: Any, task: Task, settings: Training) -> Tuning | None:
    """The tuning that `Tune` in an execution's input, or the settings, ask for.

    Raises PayloadInvalid, naming what is wrong with the input.
    """
    if wanted is None:
        wanted = settings.tune and not task.is_built_in
    if wanted is False:
        return None
    if task.is_built_in:
        raise PayloadInvalid(
            f"'Tune' is not for the task {task.name!r}: Linear Learner tries the TableModels "
            "candidates of one training job by itself; leave it out"
        )
    return _parsed({} if wanted is True else wanted, task, settings)


def _parsed(wanted: Any, task: Task, settings: Training) -> Tuning:
    if not isinstance(wanted, Mapping):
        raise PayloadInvalid(f"'Tune' must be true, false or an object, not {wanted!r}")
    if unknown := sorted(set(wanted) - _MEMBERS):
        raise PayloadInvalid(f"'Tune' has no {unknown[0]!r}; there are {sorted(_MEMBERS)}")
    strategy = wanted.get("Strategy", settings.tune_strategy)
    if strategy not in TUNING_STRATEGIES:
        choices = " or ".join(TUNING_STRATEGIES)
        raise PayloadInvalid(f"'Tune.Strategy' must be {choices}, not {strategy!r}")
    jobs = _count(wanted, "MaxNumberOfTrainingJobs", settings.tune_jobs)
    parallel = _count(wanted, "MaxParallelTrainingJobs", settings.tune_parallel_jobs)
    several = _ranges(wanted.get("ParameterRanges", {}), task, settings)
    epochs = None
    if strategy == HYPERBAND:
        epochs = int(max(ranges.top(one) for one in several if one.name == EPOCHS))
        several = tuple(one for one in several if one.name != EPOCHS)
    return Tuning(
        strategy=strategy,
        jobs=jobs,
        parallel_jobs=min(parallel, jobs),
        seed=_count(wanted, "RandomSeed", settings.training_seed, least=0),
        ranges=several,
        epochs=epochs,
    )


def _count(wanted: Mapping[str, Any], name: str, default: int, least: int = 1) -> int:
    value = wanted.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise PayloadInvalid(f"'Tune.{name}' must be a whole number from {least}, not {value!r}")
    return value


def _ranges(wanted: Any, task: Task, settings: Training) -> tuple[Range, ...]:
    if not isinstance(wanted, Mapping):
        raise PayloadInvalid(f"'Tune.ParameterRanges' must be an object, not {wanted!r}")
    given = task.ranges(settings)
    names = [one.name for one in given]
    if unknown := sorted(set(wanted) - set(names)):
        raise PayloadInvalid(
            f"'Tune.ParameterRanges' has {unknown[0]!r}, which is none of the hyperparameters that "
            f"can be tuned for {task.name}: {', '.join(names)}"
        )
    several = (
        ranges.overridden(one, wanted[one.name]) if one.name in wanted else one for one in given
    )
    return tuple(several)


def job_name(stack_name: str, digest: str) -> str:
    """Of a tuning job: it has half as many characters as a training job's, and begins like all
    others of the stack, since permissions go by that."""
    name = f"{stack_name}-{digest}"
    if len(name) > NAME_LIMIT:
        longest = NAME_LIMIT - len(digest) - 1
        message = f"the stack's name is too long for a tuning job: more than {longest} characters"
        raise ConfigurationError(f"{message}: {stack_name!r}")
    return name


def request(
    name: str, tuning: Tuning, training_job: Mapping[str, Any], objective: str
) -> dict[str, Any]:
    """The body of CreateHyperParameterTuningJob, whose candidates are like the training job."""
    definition = {
        member: value
        for member, value in training_job.items()
        if member not in ("TrainingJobName", "HyperParameters", "Tags")
    }
    drawn = {one.name for one in tuning.ranges}
    static = {k: v for k, v in training_job["HyperParameters"].items() if k not in drawn}
    if tuning.epochs is not None:
        static[EPOCHS] = str(tuning.epochs)
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            **_strategy(tuning),
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": objective},
            "ResourceLimits": {
                "MaxNumberOfTrainingJobs": tuning.jobs,
                "MaxParallelTrainingJobs": tuning.parallel_jobs,
            },
            "ParameterRanges": ranges.request(tuning.ranges),
            "RandomSeed": tuning.seed,
        },
        "TrainingJobDefinition": {
            **definition,
            "StaticHyperParameters": static,
        },
        # SageMaker hands them on to every candidate.
        "Tags": training_job["Tags"],
    }


def _strategy(tuning: Tuning) -> dict[str, Any]:
    if tuning.epochs is None:
        return {"Strategy": tuning.strategy}
    # SageMaker counts the values of the objective, and stops a job that reaches MaxResource: a
    # script gives one an epoch and one more at its end, after which its model is still uploaded.
    limits = {"MinResource": max(1, tuning.epochs // 9), "MaxResource": tuning.epochs + 2}
    return {
        "Strategy": tuning.strategy,
        "StrategyConfig": {"HyperbandStrategyConfig": limits},
    }

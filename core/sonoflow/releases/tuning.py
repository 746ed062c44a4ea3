"""Hyperparameter tuning: what is asked for, and the request for the tuning job.

`Tune` in an execution's input asks for it: true, or an object with any of Strategy,
MaxNumberOfTrainingJobs, MaxParallelTrainingJobs, RandomSeed and ParameterRanges (by
hyperparameter). What it leaves out comes from the parameter TuningOptions, an object of the same
kind, and from the task; false trains once, whatever the parameters say, and null leaves it to them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from sonoflow import options, settings
from sonoflow.errors import ConfigurationError, PayloadInvalid
from sonoflow.options import Declaration
from sonoflow.releases import ranges
from sonoflow.releases.ranges import LOGARITHMIC, Choice, Interval, Range

NAME_LIMIT = 32  # characters, of a tuning job's name
EPOCHS = "epochs"  # what Hyperband gives out; its name is one that SageMaker knows
RANDOM, HYPERBAND = "Random", "Hyperband"
STRATEGIES = (RANDOM, HYPERBAND)  # as SageMaker names them
JOBS, PARALLEL_JOBS = 12, 3
# https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-limits.html
JOBS_LIMIT = 750
SEED_LIMIT = 2**31 - 1
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


def asked(
    wanted: Any,
    task: str,
    stack: settings.Search,
    hyperparameters: Mapping[str, Any],
    declared: Mapping[str, Declaration],
) -> Tuning | None:
    """The search that `Tune` in an execution's input, or the stack, asks for, around the
    hyperparameters of a single training job.

    Raises PayloadInvalid, naming what is wrong with the input; ConfigurationError.
    """
    if wanted is None:
        wanted = stack.tune
    if wanted is False:
        return None
    if wanted is True:
        wanted = {}
    if not isinstance(wanted, Mapping):
        raise PayloadInvalid(f"'Tune' must be true, false or an object, not {wanted!r}")
    usual = options.parse("TuningOptions", stack.tuning_options)
    return _parsed({**usual, **wanted}, task, hyperparameters, declared)


def check(
    task: str,
    stack: settings.Search,
    hyperparameters: Mapping[str, Any],
    declared: Mapping[str, Declaration],
) -> None:
    """That a search could be planned, were one asked for. Raises ConfigurationError."""
    try:
        usual = options.parse("TuningOptions", stack.tuning_options)
        _parsed(usual, task, hyperparameters, declared)
    except PayloadInvalid as error:
        raise ConfigurationError(f"TuningOptions, as 'Tune': {error}") from error


def _parsed(
    wanted: Mapping[str, Any],
    task: str,
    hyperparameters: Mapping[str, Any],
    declared: Mapping[str, Declaration],
) -> Tuning:
    values = {name: one["default"] for name, one in declared.items()} | dict(hyperparameters)
    if unknown := sorted(set(wanted) - _MEMBERS):
        raise PayloadInvalid(f"'Tune' has no {unknown[0]!r}; there are {sorted(_MEMBERS)}")
    strategy = wanted.get("Strategy", RANDOM)
    if strategy not in STRATEGIES:
        choices = " or ".join(STRATEGIES)
        raise PayloadInvalid(f"'Tune.Strategy' must be {choices}, not {strategy!r}")
    jobs = _count(wanted, "MaxNumberOfTrainingJobs", JOBS, 1, JOBS_LIMIT)
    parallel = _count(wanted, "MaxParallelTrainingJobs", PARALLEL_JOBS, 1, JOBS_LIMIT)
    several = _ranges(wanted.get("ParameterRanges", {}), task, values, declared)
    epochs = None
    if strategy == HYPERBAND:
        epochs = int(max(ranges.top(one) for one in several if one.name == EPOCHS))
        several = tuple(one for one in several if one.name != EPOCHS)
    return Tuning(
        strategy=strategy,
        jobs=jobs,
        parallel_jobs=min(parallel, jobs),
        seed=_count(wanted, "RandomSeed", values["seed"], 0, SEED_LIMIT),
        ranges=several,
        epochs=epochs,
    )


def _count(wanted: Mapping[str, Any], name: str, default: int, least: int, most: int) -> int:
    value = wanted.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise PayloadInvalid(
            f"'Tune.{name}' must be a whole number from {least} to {most}, not {value!r}"
        )
    return value


def _ranges(
    wanted: Any, task: str, values: Mapping[str, Any], declared: Mapping[str, Declaration]
) -> tuple[Range, ...]:
    if not isinstance(wanted, Mapping):
        raise PayloadInvalid(f"'Tune.ParameterRanges' must be an object, not {wanted!r}")
    given = usual_ranges(values)
    names = [one.name for one in given]
    if unknown := sorted(set(wanted) - set(names)):
        raise PayloadInvalid(
            f"'Tune.ParameterRanges' has {unknown[0]!r}, which is none of the hyperparameters that "
            f"can be tuned for {task}: {', '.join(names)}"
        )
    several = (
        ranges.overridden(one, wanted[one.name], declared[one.name]) if one.name in wanted else one
        for one in given
    )
    return tuple(several)


def usual_ranges(values: Mapping[str, Any]) -> tuple[Range, ...]:
    """What tuning draws from, around the values of a single training job."""
    batch, epochs = values["batch-size"], values[EPOCHS]
    whole_training = Interval(EPOCHS, epochs // 2, epochs, whole=True)
    return (
        Choice("batch-size", tuple(sorted({max(1, batch // 2), batch, 2 * batch})), whole=True),
        whole_training if epochs > 1 else Choice(EPOCHS, (epochs,), whole=True),
        Interval("learning-rate", 1e-4, 1e-2, LOGARITHMIC),
        Interval("weight-decay", 1e-4, 1e-1, LOGARITHMIC),
    )


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

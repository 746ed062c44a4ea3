"""CreateHyperParameterTuningJob requests: what AWS refuses at once beside what its model says, and
what a laptop cannot do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.sagemaker.exceptions import ValidationError

from local.sagemaker.training import requests
from local.sagemaker.tuning import space as tuning_space
from local.sagemaker.tuning.search import RandomSearch, Search, SuccessiveHalving, rungs
from local.sagemaker.tuning.space import BadRange, Space

STRATEGIES = ("Random", "Hyperband")
OBJECTIVE = "_tuning_objective_metric"  # a hyperparameter that SageMaker adds
# Where Hyperband finds the epochs.
_EPOCHS = ("epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs")
_OF_A_DEFINITION_ALONE = (
    "DefinitionName",
    "HyperParameterRanges",
    "StaticHyperParameters",
    "TuningObjective",
)


def check(request: Mapping[str, Any]) -> None:
    """Raises ValidationError."""
    name = request["HyperParameterTuningJobName"]
    if unsupported := _unsupported(request):
        raise ValidationError(
            message=f"{', '.join(unsupported)}: not supported by the laptop runtime."
        )
    config = request["HyperParameterTuningJobConfig"]
    if config["Strategy"] != "Hyperband" and config.get("StrategyConfig"):
        raise ValidationError(message="StrategyConfig is for the Hyperband strategy alone.")
    limits = config["ResourceLimits"]
    if limits.get("MaxNumberOfTrainingJobs", 0) < 1 or limits["MaxParallelTrainingJobs"] < 1:
        raise ValidationError(
            message="ResourceLimits: MaxNumberOfTrainingJobs and MaxParallelTrainingJobs must be "
            "1 or more."
        )
    search(request)
    requests.check(training_job(request, f"{name}-001-00000000", {}))


def search(request: Mapping[str, Any]) -> Search:
    """The search that a request asks for. Raises ValidationError."""
    config = request["HyperParameterTuningJobConfig"]
    jobs, seed = config["ResourceLimits"]["MaxNumberOfTrainingJobs"], config.get("RandomSeed")
    space = _space(request)
    if config["Strategy"] == "Random":
        return RandomSearch(space, jobs, seed)
    limits = (config.get("StrategyConfig") or {}).get("HyperbandStrategyConfig") or {}
    _, most = _epochs(request)
    most = min(most, limits.get("MaxResource", most))
    return SuccessiveHalving(space, rungs(jobs, limits.get("MinResource", 1), most), seed)


def training_job(
    request: Mapping[str, Any], name: str, drawn: Mapping[str, str], epochs: int | None = None
) -> dict[str, Any]:
    """The CreateTrainingJob request of a candidate."""
    definition = request["TrainingJobDefinition"]
    objective = request["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    hyperparameters = {
        **(definition.get("StaticHyperParameters") or {}),
        **drawn,
        OBJECTIVE: objective["MetricName"],
    }
    if epochs is not None:
        hyperparameters[_epochs(request)[0]] = str(epochs)
    return {
        **{k: v for k, v in definition.items() if k not in _OF_A_DEFINITION_ALONE},
        "TrainingJobName": name,
        "HyperParameters": hyperparameters,
        **({"Tags": request["Tags"]} if request.get("Tags") else {}),
    }


def _unsupported(request: Mapping[str, Any]) -> list[str]:
    """Members that would change what a tuning job does without anyone noticing."""
    config = request["HyperParameterTuningJobConfig"]
    found = [m for m in ("TrainingJobDefinitions", "WarmStartConfig", "Autotune") if request.get(m)]
    if config["Strategy"] not in STRATEGIES:
        found.append(f"Strategy {config['Strategy']} (there are {' and '.join(STRATEGIES)})")
    if "TrainingJobDefinition" not in request:
        found.append("a request without TrainingJobDefinition")
    elif request["TrainingJobDefinition"].get("HyperParameterTuningResourceConfig"):
        found.append("HyperParameterTuningResourceConfig")
    if config.get("TrainingJobEarlyStoppingType", "Off") != "Off":
        found.append("TrainingJobEarlyStoppingType Auto")
    if config.get("TuningJobCompletionCriteria"):
        found.append("TuningJobCompletionCriteria")
    if "MaxRuntimeInSeconds" in config["ResourceLimits"]:
        found.append("ResourceLimits.MaxRuntimeInSeconds")
    if (config.get("ParameterRanges") or {}).get("AutoParameters"):
        found.append("ParameterRanges.AutoParameters")
    return found


def _space(request: Mapping[str, Any]) -> Space:
    config, definition = request["HyperParameterTuningJobConfig"], request["TrainingJobDefinition"]
    objective = (config.get("HyperParameterTuningJobObjective") or {}).get("MetricName")
    specification = requests.described(definition["AlgorithmSpecification"])
    metrics = [metric["Name"] for metric in specification.get("MetricDefinitions") or []]
    if objective not in metrics:
        raise ValidationError(
            message="A metric is required for this hyperparameter tuning job objective. Provide a "
            f"metric in the metric definitions: {objective!r} is none of {metrics}."
        )
    try:
        space = tuning_space.parse(config.get("ParameterRanges") or {})
    except BadRange as error:
        raise ValidationError(message=f"ParameterRanges: {error}.") from error
    static = definition.get("StaticHyperParameters") or {}
    both = [parameter.name for parameter in space.parameters if parameter.name in static]
    if both or not space.parameters:
        problem = f"{both[0]} is a static hyperparameter too" if both else "there is none"
        raise ValidationError(message=f"ParameterRanges: {problem}.")
    return space


def _epochs(request: Mapping[str, Any]) -> tuple[str, int]:
    """The static hyperparameter that Hyperband gives out less of, and how much there is."""
    static = request["TrainingJobDefinition"].get("StaticHyperParameters") or {}
    for name in _EPOCHS:
        try:
            value = int(json.loads(static[name]))
        except (KeyError, ValueError, TypeError):
            continue
        if value >= 1:
            return name, value
    raise ValidationError(
        message="Hyperband on the laptop runtime needs a whole number of epochs in "
        f"StaticHyperParameters, by one of the names {', '.join(_EPOCHS)}."
    )

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.plan_release.app import handler
from sonoflow.errors import PayloadInvalid
from tests.unit import stack

pytestmark = pytest.mark.usefixtures("model_code")
TRAINING = f"s3://{stack.WORK}/training"
REPORTS = f"s3://{stack.RESULTS}/reports"


@pytest.mark.parametrize(
    ("event", "model", "gate"),
    [
        ("plan_release.classification", "classifier", {"minimum": {"accuracy": 0.6}}),
        ("plan_release.segmentation", "segmenter", {"minimum": {"lesion_dice": 0.4}}),
    ],
)
def test_a_plan_holds_all_that_a_release_needs_under_one_name(
    settings_env: None, context: Any, event: str, model: str, gate: Any
) -> None:
    plan = handler(stack.event(event), context)

    task = event.removeprefix("plan_release.")
    release = plan["release"]
    assert release == f"sonoflow-{model}-{plan['version']}"
    assert (plan["task"], plan["model"], plan["gate"]) == (task, model, gate)
    assert plan["version"].startswith("cd0007f2cf09-")
    assert plan["training_job"]["TrainingJobName"] == release
    assert plan["create_model"]["ModelName"] == release
    assert plan["endpoint_config"]["EndpointConfigName"] == release
    assert plan["endpoint_config"]["ProductionVariants"][0]["ModelName"] == release
    assert plan["endpoint"]["EndpointName"] == f"sonoflow-{model}"
    assert plan["endpoint"]["EndpointConfigName"] == release
    assert plan["model_package"]["ModelPackageGroupName"] == f"sonoflow-{model}"
    assert plan["evaluation"] == {
        "output_uri": f"{TRAINING}/{release}/output/output.tar.gz",
        "evaluation_uri": f"{TRAINING}/{release}/evaluation.json",
    }
    container = plan["create_model"]["PrimaryContainer"]
    assert container["ModelDataUrl"] == f"{TRAINING}/{release}/output/model.tar.gz"
    assert plan["probe"] == {
        "task": task,
        "endpoint_name": f"sonoflow-{model}",
        "manifest_uri": f"s3://{stack.WORK}/datasets/busi-mini/cd0007f2cf09/splits/test.manifest",
        "classes": ["benign", "malignant", "normal"],
    }
    json.dumps(plan)


def test_serverless_hosting_has_no_scaling_and_realtime_has(
    settings_env: pytest.MonkeyPatch, context: Any
) -> None:
    serverless = handler(stack.event("plan_release.classification"), context)
    settings_env.setenv("HOSTING_MODE", "realtime")
    realtime = handler(stack.event("plan_release.classification"), context)

    assert serverless["scaling"] is None
    assert set(realtime["scaling"]) == {"target", "policy"}


def test_an_unknown_task_is_an_error_that_names_those_there_are(
    settings_env: None, context: Any
) -> None:
    with pytest.raises(PayloadInvalid, match=r"'detection'.*classification.*segmentation"):
        handler(stack.event("plan_release.bad_task"), context)


def test_a_missing_manifest_is_an_error_that_names_it(settings_env: None, context: Any) -> None:
    with pytest.raises(PayloadInvalid, match=r"dataset\.manifests\.test"):
        handler(stack.event("plan_release.bad_no_test_split"), context)


def test_a_tables_plan_holds_all_that_its_release_needs(settings_env: None, context: Any) -> None:
    plan = handler(stack.event("plan_release.table"), context)

    release = plan["release"]
    data = f"s3://{stack.WORK}/datasets/wdbc/61e104857123"
    assert release == f"sonoflow-table-{plan['version']}"
    assert (plan["task"], plan["model"]) == ("table", "table")
    assert plan["training_job"]["TrainingJobName"] == release
    assert plan["create_model"]["ModelName"] == release
    assert plan["endpoint"]["EndpointName"] == "sonoflow-table"
    assert plan["endpoint"]["EndpointConfigName"] == release
    assert plan["model_package"]["ModelPackageGroupName"] == "sonoflow-table"
    assert plan["gate"] == {"minimum": {"accuracy": 0.9}}
    assert plan["evaluation"] == {
        "training_job": release,
        "evaluation_uri": f"{TRAINING}/{release}/evaluation.json",
    }
    assert plan["probe"] == {
        "task": "table",
        "endpoint_name": "sonoflow-table",
        "manifest_uri": f"{data}/splits/test.manifest",
        "classes": ["B", "M"],
        "predictor_type": "binary_classifier",
        "table_uri": f"{data}/table.json",
        "statistics_uri": f"{data}/table_statistics.json",
        "release_table_uri": f"{TRAINING}/{release}/table.json",
        "release": release,
        "evaluation_uri": f"{TRAINING}/{release}/evaluation.json",
        "comparison_uri": f"{TRAINING}/{release}/comparison.json",
        "published_comparison_uri": f"{REPORTS}/wdbc/61e104857123/table.comparison.json",
        "gate": {"minimum": {"accuracy": 0.9}},
    }
    assert plan["comparison"].keys() | {"round"} == stack.event("compare_models.table").keys()
    json.dumps(plan)


@pytest.mark.parametrize("task", ["classification", "segmentation"])
def test_a_plan_holds_all_that_a_comparison_needs(
    settings_env: None, context: Any, task: str
) -> None:
    plan = handler(stack.event(f"plan_release.{task}"), context)

    needed = stack.event(f"compare_models.{task}").keys()
    assert plan["comparison"].keys() | {"round"} == needed
    published = f"{REPORTS}/busi-mini/cd0007f2cf09/{plan['model']}.comparison.json"
    assert plan["comparison"]["published_comparison_uri"] == published


def test_a_table_of_unknown_width_is_an_error_that_names_it(
    settings_env: None, context: Any
) -> None:
    with pytest.raises(PayloadInvalid, match=r"dataset\.features"):
        handler(stack.event("plan_release.bad_table_features"), context)


def test_a_tuned_release_has_a_tuning_job_and_others_have_none(
    settings_env: None, context: Any
) -> None:
    plan = handler(stack.event("plan_release.tuned"), context)

    tuning = plan["tuning_job"]
    assert tuning["HyperParameterTuningJobName"] == f"sonoflow-{plan['version'][-8:]}"
    assert tuning["HyperParameterTuningJobConfig"]["ResourceLimits"] == {
        "MaxNumberOfTrainingJobs": 6,
        "MaxParallelTrainingJobs": 2,
    }
    for event in ("classification", "table"):
        assert handler(stack.event(f"plan_release.{event}"), context)["tuning_job"] is None
    json.dumps(plan)


def test_a_range_that_makes_no_sense_is_an_error_that_names_it(
    settings_env: None, context: Any
) -> None:
    with pytest.raises(PayloadInvalid, match=r"batch-size.*MinValue 32 must be below MaxValue 8"):
        handler(stack.event("plan_release.bad_tune"), context)

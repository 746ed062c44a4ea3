"""The part of release_model that trains, tuned or not: its own states, with the two functions
around them replaced by their results."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.interpreter.conftest import ROOT, Platform
from tests.integration.interpreter.test_tuning_jobs import SCORE, Tuning, rate

PARTS = {
    "create_model": {"ModelName": "m", "PrimaryContainer": {"Image": "i", "ModelDataUrl": "old"}},
    "model_package": {
        "InferenceSpecification": {"Containers": [{"Image": "i", "ModelDataUrl": "old"}]}
    },
    "evaluation": {"output_uri": "old", "evaluation_uri": "kept"},
}


def machine() -> dict[str, Any]:
    """PlanRelease gives its input as the plan, JudgeModel ends with what the plan has become."""
    text = (ROOT / "statemachine/release_model.asl.json").read_text("utf-8")
    definition: dict[str, Any] = json.loads(text.replace("${EndpointPollSeconds}", "1"))
    states = definition["States"]
    states["PlanRelease"] = {
        "Type": "Pass",
        "Assign": {"plan": "{% $states.input %}", "reached": "planned"},
        "Next": states["PlanRelease"]["Next"],
    }
    states["JudgeModel"] = {"Type": "Succeed", "Output": "{% $plan %}"}
    kept = reachable(states, definition["StartAt"])
    return {"StartAt": definition["StartAt"], "States": {k: states[k] for k in kept}}


def reachable(states: dict[str, Any], name: str, known: tuple[str, ...] = ()) -> tuple[str, ...]:
    if name in known:
        return known
    known = (*known, name)
    rules = states[name].get("Choices", []) + states[name].get("Catch", [])
    for target in [*(rule["Next"] for rule in rules), *targets(states[name])]:
        known = reachable(states, target, known)
    return known


def targets(state: dict[str, Any]) -> list[str]:
    return [state[key] for key in ("Next", "Default") if key in state]


@pytest.fixture
def tuning(platform: Platform) -> Tuning:
    return Tuning(platform, SCORE)


def plan(tuning: Tuning) -> dict[str, Any]:
    job = tuning.job.request
    job["HyperParameters"] |= {"rate": "1", "epochs": "1"}
    return {**PARTS, "training_job": job, "tuning_job": None}


def test_a_release_that_is_not_tuned_keeps_its_plan(platform: Platform, tuning: Tuning) -> None:
    given = plan(tuning)

    assert platform.states(machine(), given) == given
    assert tuning.job.describe()["TrainingJobStatus"] == "Completed"


def test_a_tuned_release_goes_on_with_the_best_candidates_model(
    platform: Platform, tuning: Tuning
) -> None:
    given = {**plan(tuning), "tuning_job": tuning.request}

    became = platform.states(machine(), given)

    closest = min(tuning.jobs(), key=lambda job: abs(rate(job) - 1))
    left = f"s3://{tuning.job.bucket}/training/{closest['TrainingJobName']}/output"
    container = {"Image": "i", "ModelDataUrl": f"{left}/model.tar.gz"}
    assert became == {
        **given,
        "create_model": {"ModelName": "m", "PrimaryContainer": container},
        "model_package": {"InferenceSpecification": {"Containers": [container]}},
        "evaluation": {"output_uri": f"{left}/output.tar.gz", "evaluation_uri": "kept"},
    }


def test_a_search_without_a_survivor_fails_the_release_with_its_reason(
    platform: Platform,
) -> None:
    tuning = Tuning(platform, "raise ValueError('no images')")

    failed = platform.run(machine(), {**plan(tuning), "tuning_job": tuning.request})

    assert (failed["status"], failed["error"]) == ("FAILED", "TaskFailed")
    assert failed["cause"].startswith("All 3 training jobs failed.")
    assert "ValueError: no images" in failed["cause"]


def test_a_search_that_ends_without_a_best_candidate_fails_the_release(
    platform: Platform, tuning: Tuning
) -> None:
    """Which AWS alone can bring about: its Completed does not promise one."""
    definition = machine()
    definition["States"]["Tune"] = {
        "Type": "Pass",
        "Output": {"best": None, "job": "sonoflow-0a1b2c3d", "counts": "Completed 0, Stopped 3"},
        "Next": "CandidateFound",
    }

    failed = platform.run(definition, {**plan(tuning), "tuning_job": tuning.request})

    assert (failed["status"], failed["error"]) == ("FAILED", "NoCandidate")
    assert "sonoflow-0a1b2c3d has no best candidate" in failed["cause"]
    assert "Stopped 3" in failed["cause"]


@pytest.mark.parametrize("name", ["train_images", "train_table"])
@pytest.mark.parametrize("wanted", [True, False, {"ParameterRanges": {"epochs": {"Values": [3]}}}])
def test_what_an_execution_wants_reaches_its_releases(
    platform: Platform, name: str, wanted: Any
) -> None:
    states = json.loads((ROOT / f"statemachine/{name}.asl.json").read_text("utf-8"))["States"]
    told = (
        states["ReleaseModels"]["ItemSelector"]
        if name == "train_images"
        else states["ReleaseModel"]["Arguments"]["Input"]
    )
    only = {"Type": "Pass", "Output": {"Tune": told["Tune"]}, "End": True}
    definition = {"StartAt": "Only", "States": {"Only": only}}

    assert platform.states(definition, {"run": "r", "Tune": wanted}) == {"Tune": wanted}
    assert platform.states(definition, {"run": "r"}) == {"Tune": None}

"""A data set that is tuned: several trainings of each model, and the best one serves."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.conftest import Deploy, Stack

pytestmark = pytest.mark.slow

SEARCH = {"Tune": "true", "TuneJobs": "2", "TuneParallelJobs": "2"}


def tuning_jobs(stack: Stack) -> dict[str, dict[str, Any]]:
    """Every tuning job, by the model that it searches for."""
    listed = stack.sagemaker.list_hyper_parameter_tuning_jobs()["HyperParameterTuningJobSummaries"]
    described = [
        stack.sagemaker.describe_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=job["HyperParameterTuningJobName"]
        )
        for job in listed
    ]
    return {
        json.loads(job["TrainingJobDefinition"]["StaticHyperParameters"]["model-name"]): job
        for job in described
    }


def card(stack: Stack, job: str) -> dict[str, Any]:
    """The model.json that a training job left."""
    archive = stack.find(stack.work, f"training/{job}/output/model.tar.gz")
    assert archive is not None
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        member = tar.extractfile("model.json")
        assert member is not None
        found: dict[str, Any] = json.load(member)
        return found


def test_the_best_candidate_of_each_model_is_released(
    deploy: Deploy, phantoms: Callable[[int], bytes]
) -> None:
    with deploy(**SEARCH) as stack:
        ended = stack.run_to_the_end("datasets/phantoms.zip", phantoms(1))

        assert ended["status"] == "SUCCEEDED", ended.get("cause")
        searches = tuning_jobs(stack)
        assert set(searches) == {"classifier", "segmenter"}
        for release in json.loads(ended["output"])["releases"]:
            search = searches[release["model"]]
            assert search["TrainingJobStatusCounters"]["Completed"] == 2
            best = search["BestTrainingJob"]
            model = stack.sagemaker.describe_model(ModelName=release["release"])
            served = model["PrimaryContainer"]["ModelDataUrl"]
            assert served.endswith(f"/{best['TrainingJobName']}/output/model.tar.gz")
            written = card(stack, best["TrainingJobName"])
            assert written["version"] == release["version"]
            for name, text in best["TunedHyperParameters"].items():
                told = written["hyperparameters"][name.replace("-", "_")]
                assert told == pytest.approx(float(text))
        assert stack.running() == []

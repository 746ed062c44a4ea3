"""Training jobs with several instances: real processes, each with a container of its own."""

from __future__ import annotations

import io
import json
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.demo.phantoms import write_channels
from sonoflow.releases import script_task
from tests.integration.interpreter.conftest import ROOT, Platform, wait_for
from tests.integration.interpreter.test_training_jobs import Job

TELLS = """
import json, os, pathlib
host = os.environ["SM_CURRENT_HOST"]
names = ("SM_HOSTS", "SM_CURRENT_HOST", "SM_MODEL_DIR", "SM_NETWORK_INTERFACE_NAME",
         "MASTER_ADDR", "MASTER_PORT", "OMP_NUM_THREADS")
facts = {name: os.environ.get(name) for name in names}
base = pathlib.Path(os.environ["SM_MODEL_DIR"]).parent
facts["resources"] = json.loads((base / "input/config/resourceconfig.json").read_text())
facts["is_master"] = json.loads(os.environ["SM_TRAINING_ENV"])["is_master"]
channel = pathlib.Path(os.environ["SM_CHANNEL_TRAIN"])
facts["train"] = sorted(path.name for path in channel.iterdir())
pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], host + ".json").write_text(json.dumps(facts))
pathlib.Path(os.environ["SM_MODEL_DIR"], "weights").write_text(host)
print("this is", host, flush=True)
"""
SECOND_FAILS = """
import os, time
print("started", flush=True)
if os.environ["SM_CURRENT_HOST"] == "algo-2":
    raise ValueError("no room on algo-2")
time.sleep(120)
"""
SLEEPS = "import time\nprint('started', flush=True)\ntime.sleep(120)\n"
TINY = {
    "classes": '["benign", "malignant", "normal"]',
    "base-channels": 4,
    "depth": 2,
    "image-size": 32,
    "epochs": 2,
    "batch-size": 7,
}


def instances(job: Job, count: int) -> Job:
    job.request["ResourceConfig"]["InstanceCount"] = count
    return job


def logs(job: Job) -> dict[str, list[str]]:
    """Host → lines."""
    client, group = job.platform.client("logs"), "/aws/sagemaker/TrainingJobs"
    streams = client.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job.name}/")
    found = {}
    for stream in streams["logStreams"]:
        name = stream["logStreamName"]
        events = client.get_log_events(logGroupName=group, logStreamName=name)["events"]
        host = name.removeprefix(f"{job.name}/").rpartition("-")[0]
        found[host] = [event["message"] for event in events]
    return found


def output(job: Job, name: str) -> Any:
    member = job.artifact("output").extractfile(name)
    assert member is not None
    return json.load(member)


def test_each_instance_has_a_container_and_a_log_of_its_own(platform: Platform) -> None:
    job = instances(Job(platform, TELLS), 2)
    for name in ("a", "b"):
        job.put(f"data/{name}", b"x")
    job.request["InputDataConfig"].append(job.channel("train", "data/"))

    description = job.run()

    assert description["TrainingJobStatus"] == "Completed", description
    assert description["ResourceConfig"]["InstanceCount"] == 2
    one, two = output(job, "algo-1.json"), output(job, "algo-2.json")
    for facts, host in ((one, "algo-1"), (two, "algo-2")):
        assert json.loads(facts["SM_HOSTS"]) == ["algo-1", "algo-2"]
        assert facts["SM_CURRENT_HOST"] == facts["resources"]["current_host"] == host
        assert facts["resources"]["hosts"] == ["algo-1", "algo-2"]
        assert facts["SM_NETWORK_INTERFACE_NAME"].startswith("lo")
        assert facts["train"] == ["a", "b"]
        assert facts["is_master"] is (host == "algo-1")
    assert one["SM_MODEL_DIR"] != two["SM_MODEL_DIR"]
    assert (one["MASTER_ADDR"], one["MASTER_PORT"]) == ("127.0.0.1", two["MASTER_PORT"])
    written = logs(job)
    assert "this is algo-1" in written["algo-1"]
    assert "this is algo-2" in written["algo-2"]
    assert "this is algo-2" not in written["algo-1"]


def test_of_files_of_one_name_the_first_instances_is_kept(platform: Platform) -> None:
    job = instances(Job(platform, TELLS), 2)
    job.put("data/a", b"x")
    job.request["InputDataConfig"].append(job.channel("train", "data/"))

    job.run()

    weights = job.artifact("model").extractfile("weights")
    assert weights is not None
    assert weights.read() == b"algo-1"
    assert "model/weights: left by several instances, the first one's is kept" in job.log()


def test_when_one_fails_the_others_end_and_its_reason_is_the_jobs(platform: Platform) -> None:
    job = instances(Job(platform, SECOND_FAILS), 3)
    started = time.monotonic()

    description = job.run()

    assert description["TrainingJobStatus"] == "Failed"
    assert "ValueError: no room on algo-2" in description["FailureReason"]
    assert time.monotonic() - started < 25


def test_stop_reaches_all(platform: Platform) -> None:
    job = instances(Job(platform, SLEEPS), 2)
    job.create()
    try:
        wait_for(lambda: _started(job), lambda count: count == 2, 20)
    finally:
        job.sagemaker.stop_training_job(TrainingJobName=job.name)

    assert job.finish()["SecondaryStatus"] == "Stopped"


def _started(job: Job) -> int:
    try:
        return sum("started" in lines for lines in logs(job).values())
    except ClientError:  # no log yet
        return 0


@pytest.mark.parametrize(
    ("count", "distribution", "complaint"),
    [
        (9, "FullyReplicated", "ResourceConfig.InstanceCount above 8: not supported"),
        (2, "ShardedByS3Key", "ShardedByS3Key of channel code with several instances"),
    ],
)
def test_what_the_runtime_does_not_do_is_refused(
    platform: Platform, count: int, distribution: str, complaint: str
) -> None:
    job = instances(Job(platform, "pass"), count)
    source = job.request["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    source["S3DataDistributionType"] = distribution

    with pytest.raises(ClientError, match=complaint):
        job.create()


@pytest.mark.slow
def test_two_instances_train_the_model_that_one_trains(platform: Platform, tmp_path: Path) -> None:
    write_channels(tmp_path, images_per_class=10, seed=3, size=(60, 90))
    jobs = [instances(training(platform, tmp_path), count) for count in (1, 2)]
    for job in jobs:
        job.create()

    for job in jobs:
        description = job.finish(90)
        assert description["TrainingJobStatus"] == "Completed", description["FailureReason"]

    one, two = (output(job, "history.json") for job in jobs)
    assert one["best_epoch"] == two["best_epoch"]
    for mine, theirs in zip(one["epochs"], two["epochs"], strict=True):
        for name in ("train_loss", "validation_loss"):
            assert mine[name] == pytest.approx(theirs[name], rel=1e-3)
    one, two = (output(job, "evaluation.json")["metrics"] for job in jobs)
    assert one["lesion_images"] == two["lesion_images"] == 2
    for name in ("lesion_dice", "lesion_iou", "normal_false_mask_rate", "threshold"):
        assert one[name] == pytest.approx(two[name], abs=0.02)
    assert jobs[0].artifact("model").getnames() == jobs[1].artifact("model").getnames()
    written = logs(jobs[1])
    assert any(line.startswith("epoch=2/2") for line in written["algo-1"])
    assert not any(line.startswith("epoch=") for line in written["algo-2"])


def training(platform: Platform, channels: Path) -> Job:
    """The segmenter's own script on phantoms."""
    job = Job(platform, "")
    job.put("code/abc.tar.gz", model_code())
    job.request["HyperParameters"] |= script_task.encoded(
        TINY | {"sagemaker_program": "train_segmenter.py"}
    )
    for split in ("train", "validation", "test"):
        for path in (channels / split).rglob("*.png"):
            job.put(path.relative_to(channels).as_posix(), path.read_bytes())
        job.request["InputDataConfig"].append(job.channel(split, f"{split}/"))
    return job


def model_code() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path in (ROOT / "model_code").rglob("*"):
            if path.suffix in (".html", ".json", ".py"):
                tar.add(path, arcname=path.relative_to(ROOT / "model_code"))
    return buffer.getvalue()

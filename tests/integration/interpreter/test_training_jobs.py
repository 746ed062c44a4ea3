"""Training jobs as real processes, through the SageMaker API and through Step Functions."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.interpreter.conftest import Platform, wait_for

IMAGE = "registry.example/pytorch:2.13-cpu-amzn2023-sagemaker"
REPORT = """
import json, os, pathlib, sys
channels = {c: sorted(p.relative_to(os.environ[f"SM_CHANNEL_{c.upper()}"]).as_posix()
                      for p in pathlib.Path(os.environ[f"SM_CHANNEL_{c.upper()}"]).rglob("*")
                      if p.is_file())
            for c in json.loads(os.environ["SM_CHANNELS"])}
report = {"argv": sys.argv[1:], "channels": channels, "environment": dict(os.environ)}
pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "report.json").write_text(json.dumps(report))
pathlib.Path(os.environ["SM_MODEL_DIR"], "code").mkdir()
pathlib.Path(os.environ["SM_MODEL_DIR"], "code", "serve.py").write_text("app = None")
pathlib.Path(os.environ["SM_MODEL_DIR"], "weights").write_bytes(b"w" * 10)
"""
SLEEP = "import time\nprint('started', flush=True)\ntime.sleep(120)\n"


def archive(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


class Job:
    """A training job of one script, and its S3 bucket."""

    def __init__(self, platform: Platform, script: str, **members: Any) -> None:
        self.platform, self.bucket = platform, platform.bucket()
        self.name = f"job-{uuid.uuid4().hex[:12]}"
        self.s3, self.sagemaker = platform.client("s3"), platform.client("sagemaker")
        self.put("code/abc.tar.gz", archive({"train.py": script}))
        self.request: dict[str, Any] = {
            "TrainingJobName": self.name,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "RoleArn": platform.role,
            "EnableNetworkIsolation": True,
            "HyperParameters": {
                "sagemaker_program": "train.py",
                "sagemaker_submit_directory": "/opt/ml/input/data/code/abc.tar.gz",
            },
            "InputDataConfig": [self.channel("code", "code/abc.tar.gz")],
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/training"},
            "ResourceConfig": {
                "InstanceType": "ml.c7i.xlarge",
                "InstanceCount": 1,
                "VolumeSizeInGB": 10,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            **members,
        }

    def channel(self, name: str, key: str, kind: str = "S3Prefix") -> dict[str, Any]:
        source = {"S3DataType": kind, "S3Uri": f"s3://{self.bucket}/{key}"}
        return {
            "ChannelName": name,
            "DataSource": {"S3DataSource": {**source, "S3DataDistributionType": "FullyReplicated"}},
        }

    def put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def create(self) -> None:
        self.sagemaker.create_training_job(**self.request)

    def describe(self) -> dict[str, Any]:
        description: dict[str, Any] = self.sagemaker.describe_training_job(
            TrainingJobName=self.name
        )
        return description

    def run(self) -> dict[str, Any]:
        self.create()
        return self.finish()

    def finish(self, seconds: float = 30) -> dict[str, Any]:
        running = ("InProgress", "Stopping")
        return wait_for(self.describe, lambda job: job["TrainingJobStatus"] not in running, seconds)

    def artifact(self, name: str) -> tarfile.TarFile:
        key = f"training/{self.name}/output/{name}.tar.gz"
        body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return tarfile.open(fileobj=io.BytesIO(body))

    def report(self) -> Any:
        member = self.artifact("output").extractfile("report.json")
        assert member is not None
        return json.load(member)

    def log(self) -> list[str]:
        logs = self.platform.client("logs")
        group = "/aws/sagemaker/TrainingJobs"
        streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=self.name)
        lines = []
        for stream in streams["logStreams"]:
            events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])
            lines += [event["message"] for event in events["events"]]
        return lines


def test_a_job_runs_its_script_and_uploads_what_it_leaves(platform: Platform) -> None:
    job = Job(platform, REPORT)
    job.request["HyperParameters"] |= {"epochs": "3", "classes": '["a", "b"]'}

    description = job.run()

    assert description["TrainingJobStatus"] == "Completed", description
    assert [step["Status"] for step in description["SecondaryStatusTransitions"]] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    assert description["ModelArtifacts"]["S3ModelArtifacts"] == (
        f"s3://{job.bucket}/training/{job.name}/output/model.tar.gz"
    )
    assert sorted(job.artifact("model").getnames()) == ["code", "code/serve.py", "weights"]
    assert job.report()["argv"] == ["--classes", "['a', 'b']", "--epochs", "3"]


def test_channels_keep_the_paths_of_their_objects(platform: Platform) -> None:
    job = Job(platform, REPORT)
    for key in ("images/a/1.png", "images/a/2.png", "masks/a/1.png"):
        job.put(f"data/{key}", key.encode())
    manifest = [{"prefix": f"s3://{job.bucket}/data/"}, "images/a/1.png", "masks/a/1.png"]
    job.put("splits/train.manifest", json.dumps(manifest).encode())
    job.request["InputDataConfig"] += [
        job.channel("train", "splits/train.manifest", "ManifestFile"),
        job.channel("all", "data"),
        job.channel("images", "data/images/"),
    ]

    job.run()

    assert job.report()["channels"] == {
        "code": ["abc.tar.gz"],
        "train": ["images/a/1.png", "masks/a/1.png"],
        "all": ["images/a/1.png", "images/a/2.png", "masks/a/1.png"],
        "images": ["a/1.png", "a/2.png"],
    }


def test_an_isolated_job_has_no_credentials(platform: Platform) -> None:
    job = Job(platform, REPORT, Environment={"OWN": "variable"})

    job.run()

    environment = job.report()["environment"]
    assert not [name for name in environment if name.startswith("AWS_ACCESS")]
    assert "AWS_ENDPOINT_URL" not in environment
    assert environment["OWN"] == "variable"
    assert int(environment["OMP_NUM_THREADS"]) >= 1


def test_a_job_with_network_has_its_roles_session(platform: Platform) -> None:
    job = Job(platform, REPORT, EnableNetworkIsolation=False)
    job.request["HyperParameters"]["sagemaker_submit_directory"] = (
        f"s3://{job.bucket}/code/abc.tar.gz"
    )

    description = job.run()

    assert description["TrainingJobStatus"] == "Completed", description
    environment = job.report()["environment"]
    assert environment["AWS_SESSION_TOKEN"]
    assert environment["AWS_ENDPOINT_URL"] == platform.runtime.endpoint_url


def test_metrics_are_read_from_the_log(platform: Platform) -> None:
    script = "print('epoch=1/2 loss=0.5')\nprint('epoch=2/2 loss=2.5e-1 f1=nonsense')\n"
    definitions = [
        {"Name": "train:loss", "Regex": "loss=([0-9.eE+-]+)"},
        {"Name": "f1", "Regex": "f1=([0-9.eE+-]+)"},
    ]
    job = Job(platform, script)
    job.request["AlgorithmSpecification"]["MetricDefinitions"] = definitions

    description = job.run()

    metrics = {m["MetricName"]: m["Value"] for m in description["FinalMetricDataList"]}
    assert metrics == {"train:loss": 0.25}
    assert description["AlgorithmSpecification"]["MetricDefinitions"] == definitions


def test_the_log_is_there_while_the_job_runs(platform: Platform) -> None:
    job = Job(platform, SLEEP)
    job.create()

    try:
        lines = wait_for(lambda: _log_or_nothing(job), lambda lines: "started" in lines, 20)
        assert job.describe()["SecondaryStatus"] == "Training"
        assert lines[0].startswith("Invoking script")
    finally:
        job.sagemaker.stop_training_job(TrainingJobName=job.name)
        job.finish()


def test_a_failing_script_fails_the_job_with_its_error(platform: Platform) -> None:
    script = "print('epoch=1/1')\nraise ValueError('the loss is not a number')\n"
    job = Job(platform, script)

    description = job.run()

    assert (description["TrainingJobStatus"], description["SecondaryStatus"]) == (
        "Failed",
        "Failed",
    )
    reason = description["FailureReason"]
    assert reason.startswith("AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage")
    assert "ValueError: the loss is not a number" in reason
    assert reason.endswith(", exit code: 1")
    assert "ValueError: the loss is not a number" in job.log()


def test_a_script_may_say_itself_why_it_failed(platform: Platform) -> None:
    script = (
        "import os, pathlib, sys\n"
        "pathlib.Path(os.environ['SM_OUTPUT_DIR'], 'failure').write_text('no images')\n"
        "sys.exit(2)\n"
    )

    assert Job(platform, script).run()["FailureReason"] == (
        "AlgorithmError: no images, exit code: 1"
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"AlgorithmSpecification": {"TrainingImage": "r/tf:2", "TrainingInputMode": "File"}},
            "The image 'r/tf:2' is not known",
        ),
        ({"HyperParameters": {}}, "sagemaker_program is missing"),
        ({"HyperParameters": {"sagemaker_program": "train.py"}}, "sagemaker_submit_directory"),
        (
            {
                "HyperParameters": {
                    "sagemaker_program": "other.py",
                    "sagemaker_submit_directory": "/opt/ml/input/data/code/abc.tar.gz",
                }
            },
            "holds no other.py",
        ),
    ],
)
def test_what_cannot_be_run_fails_the_job_with_a_reason(
    platform: Platform, change: dict[str, Any], reason: str
) -> None:
    description = Job(platform, REPORT, **change).run()

    assert description["TrainingJobStatus"] == "Failed"
    assert reason in description["FailureReason"]


@pytest.mark.parametrize("isolated", [True, False])
def test_code_that_was_written_over_is_not_run(platform: Platform, isolated: bool) -> None:
    job = Job(platform, REPORT, EnableNetworkIsolation=isolated)
    name = f"code/{hashlib.sha256(archive({'train.py': REPORT})).hexdigest()}.tar.gz"
    job.put(name, archive({"train.py": "print('planted')"}))
    job.request["InputDataConfig"] = [job.channel("code", name)]
    told = f"/opt/ml/input/data/{name}" if isolated else f"s3://{job.bucket}/{name}"
    job.request["HyperParameters"]["sagemaker_submit_directory"] = told

    description = job.run()

    assert description["TrainingJobStatus"] == "Failed"
    assert description["FailureReason"].startswith(f"ClientError: {told} is named by the SHA-256")
    assert "TrainingStartTime" not in description


def test_an_empty_channel_fails_the_job(platform: Platform) -> None:
    job = Job(platform, REPORT)
    job.request["InputDataConfig"].append(job.channel("train", "nothing/"))

    description = job.run()

    assert "No S3 objects found" in description["FailureReason"]


def test_a_missing_object_of_a_manifest_fails_the_job(platform: Platform) -> None:
    job = Job(platform, REPORT)
    manifest = [{"prefix": f"s3://{job.bucket}/data/"}, "missing.png"]
    job.put("m", json.dumps(manifest).encode())
    job.request["InputDataConfig"].append(job.channel("train", "m", "ManifestFile"))

    assert "data/missing.png" in job.run()["FailureReason"]


def test_a_job_can_be_stopped(platform: Platform) -> None:
    job = Job(platform, SLEEP)
    job.create()
    wait_for(lambda: _log_or_nothing(job), lambda lines: "started" in lines, 20)

    job.sagemaker.stop_training_job(TrainingJobName=job.name)

    description = job.finish()
    assert (description["TrainingJobStatus"], description["SecondaryStatus"]) == (
        "Stopped",
        "Stopped",
    )
    with pytest.raises(ClientError, match="in status Stopped"):
        job.sagemaker.stop_training_job(TrainingJobName=job.name)


def test_a_job_that_takes_too_long_is_stopped(platform: Platform) -> None:
    job = Job(platform, SLEEP, StoppingCondition={"MaxRuntimeInSeconds": 1})

    description = job.run()

    assert (description["TrainingJobStatus"], description["SecondaryStatus"]) == (
        "Stopped",
        "MaxRuntimeExceeded",
    )


def test_names_are_unique(platform: Platform) -> None:
    job = Job(platform, "pass")
    job.run()

    with pytest.raises(ClientError) as raised:
        job.create()

    assert raised.value.response["Error"]["Code"] == "ResourceInUse"


@pytest.mark.parametrize(
    "change",
    [
        {
            "ResourceConfig": {
                "InstanceType": "ml.c7i.xlarge",
                "InstanceCount": 9,
                "VolumeSizeInGB": 1,
            }
        },
        {"VpcConfig": {"SecurityGroupIds": ["sg"], "Subnets": ["s"]}},
    ],
)
def test_what_the_runtime_does_not_do_is_refused(
    platform: Platform, change: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match="not supported yet by the laptop runtime"):
        Job(platform, "pass", **change).create()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"HyperParameters": {"long": "x" * 2501}}, "less than or equal to 2500"),
        ({"HyperParameters": {f"h{n}": "1" for n in range(101)}}, "less than or equal to 100"),
        ({"TrainingJobName": "under_score"}, "under_score"),
        ({"TrainingJobName": "x" * 64}, "trainingJobName"),
    ],
)
def test_requests_are_held_against_the_apis_limits(
    platform: Platform, change: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ClientError, match=complaint) as raised:
        Job(platform, "pass", **change).create()

    assert raised.value.response["Error"]["Code"] == "ValidationException"


def test_what_the_caller_got_wrong_is_a_client_error(platform: Platform) -> None:
    nowhere = {"S3OutputPath": "s3://no-such-bucket/x"}

    description = Job(platform, "pass", OutputDataConfig=nowhere).run()

    assert description["FailureReason"].startswith("ClientError: ")
    assert "NoSuchBucket" in description["FailureReason"]


def test_checkpoints_go_to_s3_and_come_back(platform: Platform) -> None:
    script = (
        "import os, pathlib\n"
        "path = pathlib.Path(os.environ['SM_MODEL_DIR']).parent / 'checkpoints' / 'last'\n"
        "print('found', path.exists(), flush=True)\n"
        "path.write_text('x')\n"
    )
    first, second = Job(platform, script), Job(platform, script)
    config = {"S3Uri": f"s3://{first.bucket}/checkpoints"}

    for job in (first, second):
        job.request["CheckpointConfig"] = config
        assert job.run()["TrainingJobStatus"] == "Completed"

    assert "found False" in first.log()
    assert "found True" in second.log()


class TestSync:
    def definition(self, job: Job) -> dict[str, Any]:
        train = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
            "Arguments": "{% $states.input %}",
            "Output": "{% $states.result.ModelArtifacts.S3ModelArtifacts %}",
            "End": True,
        }
        return {"StartAt": "Train", "States": {"Train": train}}

    def test_the_result_is_the_jobs_description(self, platform: Platform) -> None:
        job = Job(platform, "pass")

        result = platform.states(self.definition(job), job.request)

        assert result.endswith(f"{job.name}/output/model.tar.gz")

    def test_a_failed_job_fails_the_state_with_its_description(self, platform: Platform) -> None:
        job = Job(platform, "raise RuntimeError('no \"luck\"')")

        description = platform.run(self.definition(job), job.request)

        assert description["error"] == "States.TaskFailed"
        cause = json.loads(description["cause"])
        assert cause["TrainingJobStatus"] == "Failed"
        assert 'RuntimeError: no "luck"' in cause["FailureReason"]
        assert isinstance(cause["CreationTime"], int)

    def test_a_refused_request_can_be_caught(self, platform: Platform) -> None:
        job = Job(platform, "pass")
        job.run()
        definition = self.definition(job)
        definition["States"]["Train"]["Catch"] = [
            {
                "ErrorEquals": ["SageMaker.ResourceInUseException"],
                "Output": "known",
                "Next": "Known",
            }
        ]
        definition["States"]["Known"] = {"Type": "Pass", "End": True}

        assert platform.states(definition, job.request) == "known"

    def test_stopping_the_execution_stops_the_job(self, platform: Platform) -> None:
        job = Job(platform, SLEEP)
        execution = platform.start(self.definition(job), job.request)
        wait_for(lambda: _log_or_nothing(job), lambda lines: "started" in lines, 20)

        platform.client("stepfunctions").stop_execution(executionArn=execution)

        assert job.finish()["TrainingJobStatus"] == "Stopped"

    @pytest.mark.parametrize("level", ["machine", "state"])
    def test_a_timeout_stops_the_job(self, platform: Platform, level: str) -> None:
        job = Job(platform, SLEEP)
        definition = self.definition(job)
        target = definition if level == "machine" else definition["States"]["Train"]
        target["TimeoutSeconds"] = 3

        description = platform.run(definition, job.request)

        status = "TIMED_OUT" if level == "machine" else "FAILED"
        assert description["status"] == status
        assert "stopDate" in description
        assert job.finish()["TrainingJobStatus"] == "Stopped"

    def test_a_failed_iteration_stops_the_jobs_of_the_others(self, platform: Platform) -> None:
        slow, failing = Job(platform, SLEEP), Job(platform, "import sys; sys.exit(1)")
        train = self.definition(slow)["States"]["Train"]
        both = {
            "Type": "Map",
            "Items": "{% $states.input.jobs %}",
            "MaxConcurrency": "{% 2 %}",
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "Train",
                "States": {"Train": train},
            },
            "End": True,
        }

        description = platform.run(
            {"StartAt": "Both", "States": {"Both": both}},
            {"jobs": [slow.request, failing.request]},
        )

        assert description["status"] == "FAILED"
        assert slow.finish()["TrainingJobStatus"] == "Stopped"


def _log_or_nothing(job: Job) -> list[str]:
    try:
        return job.log()
    except ClientError:
        time.sleep(0.1)
        return []

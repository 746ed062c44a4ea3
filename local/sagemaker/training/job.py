"""One training job: processes, one for each instance, that see SageMaker's container contract.

A container's `/opt/ml` is a scratch directory here. Everything else is as on AWS: channels are
downloaded, a script runs in script mode or a built-in algorithm by itself, what it prints goes to
CloudWatch Logs while it runs, and what it leaves in `model`, `output/data` and `checkpoints` goes
to S3.
"""

from __future__ import annotations

import datetime
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.iam.authority import Refused
from local.iam.credentials import RoleNotFound, role_credentials
from local.iam.role_clients import client_of_role
from local.runtime.logs import LogStream
from local.runtime.runtime import Runtime
from local.runtime.runtime_log import say
from local.sagemaker import images
from local.sagemaker.container_layout import Layout
from local.sagemaker.execution_role import may_put_metrics, require_pull
from local.sagemaker.training import channels, instances, outputs, script_mode
from local.sagemaker.training.builtin_algorithm import ALGORITHMS, AlgorithmRun
from local.sagemaker.training.channels import ChannelError
from local.sagemaker.training.code_archives import ScriptModeError
from local.sagemaker.training.instances import Ended, Instances
from local.sagemaker.training.process import Metrics, TrainingProcess
from local.sagemaker.training.requests import DAY_SECONDS
from local.sagemaker.training.script_mode import Script

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
_REASON_LENGTH = 1024
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")
# What a caller can put right: the request, the objects it names, the role's permissions.
_CALLERS_ERRORS = (
    *(images.UnknownImage, ChannelError, ScriptModeError),
    *(RoleNotFound, Refused, ClientError),
)


class JobFailed(Exception):
    """The job ends as Failed; the message is its failure reason."""


class TrainingJob:
    """Runs one CreateTrainingJob request from Starting to its end.

    `description` is moto's record, which DescribeTrainingJob shows; `running` counts the jobs that
    share this machine.
    """

    def __init__(
        self,
        runtime: Runtime,
        request: Mapping[str, Any],
        description: Any,
        running: Callable[[], int],
    ) -> None:
        self.name = str(request["TrainingJobName"])
        self._runtime, self._request, self._running = runtime, request, running
        self._job = description
        self._stop = threading.Event()
        self._instances: Instances | None = None
        self._hosts = instances.names(request["ResourceConfig"].get("InstanceCount", 1))
        streams = [f"{self.name}/{host}-{int(time.time())}" for host in self._hosts]
        logs = self._client("logs")
        self._logs = [LogStream(logs, LOG_GROUP, stream) for stream in streams]
        self._thread = threading.Thread(target=self._run, name=f"training-{self.name}", daemon=True)

    def start(self) -> None:
        self._enter("Starting", "Preparing the instances for training")
        self._thread.start()

    def stop(self) -> None:
        self._job.training_job_status = "Stopping"
        self._enter("Stopping", "Stopping the training job")
        self._stop.set()
        if self._instances is not None:
            self._instances.stop()

    def _run(self) -> None:
        directory = self._runtime.state / "training"
        directory.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f"{self.name}-", dir=directory))
        try:
            self._train([Layout(scratch / host / "opt" / "ml") for host in self._hosts])
        except JobFailed as error:
            self._end("Failed", "Failed", str(error))
        except Exception as error:  # a defect of the runtime must not leave the job running
            self._end("Failed", "Failed", f"InternalServerError: {type(error).__name__}: {error}")
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _train(self, layouts: Sequence[Layout]) -> None:
        try:
            programs = [self._program(*place) for place in zip(layouts, self._hosts, strict=True)]
            self._prepare(programs)
            ended = self._execute(programs)
            if ended.exit_code is not None:
                self._upload(layouts)
        except _CALLERS_ERRORS as error:
            raise JobFailed(f"ClientError: {error}") from error
        if ended.timed_out:
            self._end("Stopped", "MaxRuntimeExceeded")
        elif self._stop.is_set():
            self._end("Stopped", "Stopped")
        elif ended.exit_code:
            program = programs[ended.failed]
            text = (program.layout.output / "failure").read_text(errors="replace")
            raise JobFailed(program.failure_reason(ended.exit_code, text, _REASON_LENGTH))
        else:
            self._end("Completed", "Completed")

    def _program(self, layout: Layout, host: str) -> Script | AlgorithmRun:
        for channel in self._channels:
            channels.check(channel)
        facts: dict[str, Any] = {
            "layout": layout,
            "hyperparameters": self._request.get("HyperParameters") or {},
            "input_data_config": {
                channel["ChannelName"]: channels.configuration(channel)
                for channel in self._channels
            },
            "resource_config": script_mode.resource_config(
                self._request["ResourceConfig"]["InstanceType"], self._hosts, host
            ),
            "cpus": script_mode.cores(),
        }
        algorithm = ALGORITHMS.get(self._contract)
        if algorithm is not None:
            return AlgorithmRun(algorithm, **facts)
        return self._script(facts)

    def _script(self, facts: Mapping[str, Any]) -> Script:
        script = Script(job_name=self.name, region=self._runtime.region, **facts)
        script.check()
        if self._isolated and script.module_dir.startswith("s3://"):
            raise ScriptModeError(
                f"The job is isolated from the network and cannot fetch {script.module_dir}; "
                "hand the code over as an input channel."
            )
        return script

    def _prepare(self, programs: Sequence[Script | AlgorithmRun]) -> None:
        image = self._job.algorithm_specification["TrainingImage"]
        require_pull(self._runtime, self._request["RoleArn"], image)
        self._enter("Downloading", "Downloading input data")
        first = programs[0].layout
        for program in programs:
            layout = program.layout
            instances.lay_out(program)
            for channel in self._channels:
                name = channel["ChannelName"]
                if layout is not first:
                    shutil.copytree(first.channel(name), layout.channel(name))
                    continue
                layout.channel(name).mkdir(parents=True)
                if not self._stop.is_set():
                    channels.download(self._s3, channel, layout.channel(name))
            if self._checkpoints:
                outputs.restore_checkpoints(self._s3, layout, self._checkpoints)
            if isinstance(program, Script) and not self._stop.is_set():
                program.unpack_code(self._code_archive(layout, program))

    def _code_archive(self, layout: Layout, script: Script) -> Path:
        if not script.module_dir.startswith("s3://"):
            return Path(script.module_dir)
        bucket, key = channels.split_uri(script.module_dir)
        archive = layout.base / "submitted.tar.gz"
        archive.write_bytes(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        return archive

    def _execute(self, programs: Sequence[Script | AlgorithmRun]) -> Ended:
        # Those of the request, or the algorithm's own.
        metrics = Metrics(self._job.algorithm_specification.get("MetricDefinitions") or [])
        may_put_metrics(self._runtime, self._request["RoleArn"], LOG_GROUP)
        self._instances = Instances(
            [
                TrainingProcess(self._runtime, program, log, metrics, self._show_metrics)
                for program, log in zip(programs, self._logs, strict=True)
            ]
        )
        if self._stop.is_set():
            self._instances.stop()
        else:
            self._enter("Training", "Training image download completed. Training in progress.")
            self._job.training_start_time = _now()
        meeting_place = instances.meeting_place(len(programs))
        environments = [meeting_place | self._environment(program) for program in programs]
        stopping = self._request.get("StoppingCondition") or {}
        return self._instances.run(environments, stopping.get("MaxRuntimeInSeconds", DAY_SECONDS))

    def _show_metrics(self, values: list[dict[str, Any]]) -> None:
        self._job.final_metric_data_list = values

    def _environment(self, program: Script | AlgorithmRun) -> dict[str, str]:
        environment = {
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            **program.environment(),
            "PYTHONUNBUFFERED": "1",
            "TRAINING_JOB_ARN": self._job.arn,
            "AWS_REGION": self._runtime.region,
            # Jobs share the machine: each takes its part of the cores as counted at its start.
            "OMP_NUM_THREADS": str(max(1, program.cpus // max(1, self._running()))),
            **(self._request.get("Environment") or {}),
        }
        if self._isolated:
            return {**environment, "AWS_EC2_METADATA_DISABLED": "true"}
        credentials = role_credentials(
            self._request["RoleArn"], f"SageMaker-{self.name}", "sagemaker.amazonaws.com"
        )
        return {
            **environment,
            "AWS_ENDPOINT_URL": self._runtime.endpoint_url,
            "AWS_ACCESS_KEY_ID": credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
            "AWS_SESSION_TOKEN": credentials.session_token,
        }

    def _upload(self, layouts: Sequence[Layout]) -> None:
        if not self._stop.is_set():
            self._enter("Uploading", "Uploading generated training model")
        destination = self._request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
        for double in outputs.collect(layouts):
            self._logs[0].write(f"{double}: left by several instances, the first one's is kept")
        model = outputs.upload(self._s3, layouts[0], f"{destination}/{self.name}/output")
        self._job.model_artifacts = {"S3ModelArtifacts": model}
        if self._checkpoints:
            outputs.upload_checkpoints(self._s3, layouts, self._checkpoints)

    def _enter(self, status: str, message: str) -> None:
        now = _now()
        transitions = self._job.secondary_status_transitions
        if transitions:
            transitions[-1].setdefault("EndTime", now)
        transitions.append({"Status": status, "StartTime": now, "StatusMessage": message})
        self._job.secondary_status = status
        self._job.last_modified_time = now

    def _end(self, status: str, secondary: str, reason: str | None = None) -> None:
        self._flush_logs()
        self._enter(secondary, reason or f"Training job {status.lower()}")
        now = self._job.training_end_time = _now()
        self._job.secondary_status_transitions[-1]["EndTime"] = now
        if reason:
            self._job.failure_reason = reason[:_REASON_LENGTH]
        if self._job.training_start_time is not None:
            seconds = max(1, round((now - self._job.training_start_time).total_seconds()))
            self._job.training_time_in_seconds = self._job.billable_time_in_seconds = seconds
        self._job.training_job_status = status  # last: whoever waits for it reads the rest next

    def _flush_logs(self) -> None:
        try:
            for log in self._logs:
                log.flush()
        except (ClientError, BotoCoreError) as error:  # as on AWS: a lost log stops no job
            say(f"log events of {self.name} were lost: {error}")

    @property
    def _contract(self) -> images.Contract:
        return images.training_contract(self._request["AlgorithmSpecification"]["TrainingImage"])

    @property
    def _channels(self) -> list[dict[str, Any]]:
        return self._request.get("InputDataConfig") or []

    @property
    def _checkpoints(self) -> str:
        uri = (self._request.get("CheckpointConfig") or {}).get("S3Uri", "")
        return f"{uri.rstrip('/')}/" if uri else ""

    @property
    def _isolated(self) -> bool:
        return bool(self._request.get("EnableNetworkIsolation"))

    @property
    def _s3(self) -> Any:
        return self._client("s3")

    def _client(self, service: str) -> Any:
        """With the job's role, as SageMaker calls on its behalf."""
        role = self._request["RoleArn"]
        return client_of_role(
            self._runtime, service, role, "SageMaker-training", "sagemaker.amazonaws.com"
        )


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)  # moto's own kind

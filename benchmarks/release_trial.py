"""Releases that meet at one endpoint: the product's release_model machine, and what is left of it.

Endpoints, locks, packages and every request are the runtime's own. A model is a few lines, which
answer the probe, or fail it.
"""

from __future__ import annotations

import dataclasses
import io
import json
import tarfile
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from benchmarks import release_settings
from benchmarks.release_machine import Machines
from sonoflow.releases import hosting
from sonoflow.releases.release import Release, from_state

_MODEL_CODE = Path(__file__).resolve().parents[1] / "model_code"
GONE = ("Deleting", "Absent")
_CHANGING = ("Creating", "Updating", "Deleting")
_MACHINE, _EXECUTION = ":stateMachine:", ":execution:"
_CONFIG = 'applications:\n- name: model\n  import_path: ray_app:deployment\n  route_prefix: "/"\n'
# The smallest application that keeps the serving contract, says whose it is, or fails.
_SERVE = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    while (await receive()).get("more_body"):
        pass
    status = 200 if GOOD or scope["path"] == "/ping" else 500
    await send({"type": "http.response.start", "status": status,
                "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": b'{"release": "NAME"}'})
"""


@dataclasses.dataclass(frozen=True)
class Tried:
    """A release on trial, with credentials of its own by which its requests are known."""

    name: str
    good: bool
    execution: str
    access_key: str


@dataclasses.dataclass(frozen=True)
class Left:
    """What there is when all is over."""

    status: str  # of the endpoint
    serves: str | None  # its configuration
    answers: str | None  # the release that its model says it is
    instances: int | None
    configs: frozenset[str]
    models: frozenset[str]
    packages: Mapping[str, str]  # approval by release
    lock: Mapping[str, Any]


class Trial:
    """One endpoint and the releases that are tried on it."""

    def __init__(self, machines: Machines) -> None:
        self._machines = machines
        self._plans: dict[str, dict[str, Any]] = {}
        self.stack = f"trial-{uuid.uuid4().hex[:8]}"
        self.bucket, self.table = f"{self.stack}-work", machines.table
        self.endpoint = f"{self.stack}-classifier"
        self.client("s3").create_bucket(Bucket=self.bucket)
        self.client("sagemaker").create_model_package_group(ModelPackageGroupName=self.endpoint)

    def client(self, service: str) -> Any:
        return self._machines.runtime.client(service)

    def prepare(
        self,
        run: str,
        good: bool = True,
        instance_type: str = release_settings.INSTANCE_TYPE,
        serverless: bool = False,
        worse_than: str = "",
    ) -> Tried:
        """A release that is ready to start. `worse_than` names the configuration of a model that it
        is found to be worse than, if that is in service."""
        hosting_mode = "serverless" if serverless else "realtime"
        release = self._release(run, hosting_mode, instance_type)
        self._plans[release.name] = {**self._plan(release), "worse_than": worse_than}
        self._upload(release, good)
        machine, key = self._machines.next()
        name = f"{self.stack}-{run}"
        return Tried(release.name, good, f"{machine.replace(_MACHINE, _EXECUTION)}:{name}", key)

    def start(self, tried: Tried) -> Tried:
        machine, _, run = tried.execution.rpartition(":")
        self.client("stepfunctions").start_execution(
            stateMachineArn=machine.replace(_EXECUTION, _MACHINE),
            name=run,
            input=json.dumps(self._plans[tried.name]),
        )
        return tried

    def ended(self, started: Tried, seconds: float = 90) -> dict[str, Any]:
        """The description of its execution, once that is over."""
        deadline = time.monotonic() + seconds
        while True:
            found: dict[str, Any] = self.client("stepfunctions").describe_execution(
                executionArn=started.execution
            )
            if found["status"] != "RUNNING":
                return found
            if time.monotonic() > deadline:
                raise TimeoutError(f"{started.name} still runs: {self.states(started)[-5:]}")
            time.sleep(0.05)

    def states(self, started: Tried) -> list[str]:
        """The names of the states that it has entered."""
        pages = self.client("stepfunctions").get_paginator("get_execution_history")
        return [
            event["stateEnteredEventDetails"]["name"]
            for page in pages.paginate(executionArn=started.execution)
            for event in page["events"]
            if "stateEnteredEventDetails" in event
        ]

    def stop(self, started: Tried) -> None:
        self.client("stepfunctions").stop_execution(executionArn=started.execution)

    def left(self) -> Left:
        """What there is now; of an endpoint that changes, what there is after that."""
        sagemaker = self.client("sagemaker")
        endpoint = self._settled()
        variants = endpoint.get("ProductionVariants", [{}])
        configs = sagemaker.list_endpoint_configs(NameContains=self.stack, MaxResults=100)
        models = sagemaker.list_models()["Models"]  # moto heeds no filter here
        return Left(
            endpoint["EndpointStatus"],
            endpoint.get("EndpointConfigName"),
            self._answer() if endpoint["EndpointStatus"] == "InService" else None,
            variants[0].get("CurrentInstanceCount"),
            frozenset(one["EndpointConfigName"] for one in configs["EndpointConfigs"]),
            frozenset(one["ModelName"] for one in models if self.stack in one["ModelName"]),
            self._packages(),
            self.lock(),
        )

    def lock(self) -> dict[str, Any]:
        key = {"endpoint": {"S": self.endpoint}}
        item = self.client("dynamodb").get_item(TableName=self.table, Key=key).get("Item", {})
        return {name: next(iter(value.values())) for name, value in item.items()}

    def close(self) -> None:
        if self._settled()["EndpointStatus"] not in GONE:
            self.client("sagemaker").delete_endpoint(EndpointName=self.endpoint)

    def _settled(self) -> dict[str, Any]:
        while True:
            try:
                found: dict[str, Any] = self.client("sagemaker").describe_endpoint(
                    EndpointName=self.endpoint
                )
            except ClientError:
                return {"EndpointStatus": "Absent"}
            if found["EndpointStatus"] not in _CHANGING:
                return found
            time.sleep(0.05)

    def _answer(self) -> str | None:
        try:
            answer = self.client("sagemaker-runtime").invoke_endpoint(
                EndpointName=self.endpoint, Body=b"{}", ContentType="application/json"
            )
        except ClientError as error:
            return str(json.loads(error.response["OriginalMessage"])["release"])
        return str(json.loads(answer["Body"].read())["release"])

    def _packages(self) -> dict[str, str]:
        listed = self.client("sagemaker").list_model_packages(ModelPackageGroupName=self.endpoint)
        return {
            str(one["ModelPackageDescription"]).partition(",")[0]: one["ModelApprovalStatus"]
            for one in listed["ModelPackageSummaryList"]
        }

    def _release(self, run: str, hosting_mode: str, instance_type: str) -> Release:
        work = f"s3://{self.bucket}"
        payload = {
            "run": run,
            "started": "2026-11-02T09:30:00.000Z",
            "task": "classification",
            "dataset": {
                "name": run,
                "version": "cd0007f2cf09",
                "classes": ["benign", "malignant", "normal"],
                "manifests": {
                    split: f"{work}/{split}.manifest" for split in ("train", "validation", "test")
                },
            },
            "code": {"uri": f"{work}/code/0.tar.gz", "sha256": "0" * 64, "weights": {}},
        }
        role = self._machines.sagemaker_role
        environment = release_settings.environment(self.stack, role, self.bucket) | {
            "HOSTING_MODE": hosting_mode,
            "HOSTING_INSTANCE_TYPE": instance_type,
        }
        return from_state(payload, environment, _MODEL_CODE)

    def _plan(self, release: Release) -> dict[str, Any]:
        package = hosting.model_package(release)
        if not self._machines.approves:
            package["ModelApprovalStatus"] = "Approved"
        return {
            "task": release.task.name,
            "model": release.task.model,
            "release": release.name,
            "version": release.version,
            "tuning_job": None,
            "evaluation": release.task.evaluation(release),
            "model_package": package,
            "create_model": hosting.model(release),
            "endpoint_config": hosting.endpoint_config(release),
            "endpoint": hosting.endpoint(release),
            "endpoint_update": hosting.endpoint_update(release),
            "scaling": hosting.scaling(release),
        }

    def _upload(self, release: Release, good: bool) -> None:
        serve = _SERVE.replace("GOOD", str(good)).replace("NAME", release.name)
        body = _archive({"config.yaml": _CONFIG, "code/serve.py": serve})
        bucket, _, key = release.model_uri.removeprefix("s3://").partition("/")
        self.client("s3").put_object(Bucket=bucket, Key=key, Body=body)


def _archive(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()

"""Endpoints as real processes: creation, update, failure, invocation, scaling."""

from __future__ import annotations

import functools
import json
import os
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.sagemaker.models import FakeEndpoint, FakeEndpointConfig, Model, ModelPackageGroup

from local.sagemaker.hosting import updates
from tests.integration.interpreter.conftest import Platform, wait_for
from tests.integration.interpreter.test_training_jobs import archive

IMAGE = "registry.example/ray:serve-ml-sagemaker-cpu-v1"
CONFIG = 'applications:\n- name: model\n  import_path: ray_app:deployment\n  route_prefix: "/"\n'
# The smallest ASGI application that keeps the serving contract and shows what it was sent.
SERVE = """
import json, os, sys

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    headers = {k.decode(): v.decode() for k, v in scope["headers"]}
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    status, kind = 200, "application/json"
    if scope["path"] == "/ping":
        answer = b"{}"
    elif body == b"die":
        os._exit(3)
    elif body.startswith(b"status:"):
        status, answer = int(body[7:]), b'{"error": "as asked"}'
    elif headers.get("accept") == "application/octet-stream":
        kind, answer = "application/octet-stream", body
    else:
        answer = json.dumps({"path": scope["path"], "type": headers.get("content-type"),
                             "pid": os.getpid(), "release": "RELEASE",
                             "model": sorted(os.listdir(os.environ["SM_MODEL_DIR"]))}).encode()
    await send({"type": "http.response.start", "status": status,
                "headers": [(b"content-type", kind.encode())]})
    await send({"type": "http.response.body", "body": answer})
"""
SERVERLESS = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 2}}
REALTIME = {"InstanceType": "ml.c7i.large", "InitialInstanceCount": 1}


class Hosting:
    """One endpoint, and releases to deploy to it."""

    def __init__(self, platform: Platform) -> None:
        self.platform, self.bucket = platform, platform.bucket()
        self.name = f"endpoint-{uuid.uuid4().hex[:8]}"
        self.sagemaker = platform.client("sagemaker")
        self.runtime = platform.client("sagemaker-runtime")

    def release(
        self,
        version: str,
        files: dict[str, str] | None = None,
        isolated: bool = False,
        **variant: Any,
    ) -> str:
        name = f"{self.name}-{version}"
        content = {"config.yaml": CONFIG, "code/serve.py": SERVE.replace("RELEASE", version)}
        body = archive(content if files is None else files)
        self.platform.client("s3").put_object(Bucket=self.bucket, Key=version, Body=body)
        self.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=self.platform.role,
            EnableNetworkIsolation=isolated,
            PrimaryContainer={
                "Image": variant.pop("Image", IMAGE),
                "ModelDataUrl": f"s3://{self.bucket}/{version}",
            },
        )
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": variant.pop("name", "primary"),
                    "ModelName": name,
                    **(variant or SERVERLESS),
                }
            ],
        )
        return name

    def create(self, config: str) -> dict[str, Any]:
        self.sagemaker.create_endpoint(EndpointName=self.name, EndpointConfigName=config)
        return self.settled()

    def update(self, config: str) -> dict[str, Any]:
        self.sagemaker.update_endpoint(EndpointName=self.name, EndpointConfigName=config)
        return self.settled()

    def settled(self) -> dict[str, Any]:
        return wait_for(
            lambda: self.sagemaker.describe_endpoint(EndpointName=self.name),
            lambda endpoint: endpoint["EndpointStatus"] not in ("Creating", "Updating"),
        )

    def invoke(self, body: bytes = b"\xff\x00png", **arguments: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.runtime.invoke_endpoint(
            EndpointName=self.name, Body=body, **{"ContentType": "image/png", **arguments}
        )
        return answer

    def ask(self) -> Any:
        return json.loads(self.invoke()["Body"].read())

    def close(self) -> None:
        try:
            self.settled()
            self.sagemaker.delete_endpoint(EndpointName=self.name)
        except ClientError:
            return  # the test deleted it, or never had it


@pytest.fixture
def hosting(platform: Platform) -> Iterator[Hosting]:
    hosting = Hosting(platform)
    yield hosting
    hosting.close()


def code(raised: pytest.ExceptionInfo[ClientError]) -> str:
    return str(raised.value.response["Error"]["Code"])


class TestEndpoints:
    def test_an_endpoint_serves_its_model(self, hosting: Hosting) -> None:
        config = hosting.release("v1")

        hosting.sagemaker.create_endpoint(EndpointName=hosting.name, EndpointConfigName=config)
        first = hosting.sagemaker.describe_endpoint(EndpointName=hosting.name)
        description = hosting.settled()

        assert first["EndpointStatus"] == "Creating"
        assert description["EndpointStatus"] == "InService", description
        assert description["EndpointConfigName"] == config
        answer = hosting.ask()
        assert (answer["path"], answer["type"], answer["release"]) == ("/", "image/png", "v1")
        assert answer["model"] == ["code", "config.yaml"]

    def test_an_update_replaces_what_is_served_and_ends_the_old_process(
        self, hosting: Hosting
    ) -> None:
        hosting.create(hosting.release("v1"))
        old = hosting.ask()["pid"]

        description = hosting.update(hosting.release("v2", **REALTIME))

        assert description["EndpointStatus"] == "InService"
        assert description["EndpointConfigName"].endswith("v2")
        assert description["ProductionVariants"][0]["CurrentInstanceCount"] == 1
        assert hosting.ask()["release"] == "v2"
        wait_for(lambda: _alive(old), lambda alive: not alive, 5)

    @pytest.mark.parametrize(("retained", "instances"), [(True, 3), (False, 1)])
    def test_an_update_keeps_the_instances_if_it_is_told_to(
        self, hosting: Hosting, retained: bool, instances: int
    ) -> None:
        hosting.create(hosting.release("v1", **REALTIME))
        scaled = {"VariantName": "primary", "DesiredWeight": 1.0, "DesiredInstanceCount": 3}
        hosting.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=hosting.name, DesiredWeightsAndCapacities=[scaled]
        )

        hosting.sagemaker.update_endpoint(
            EndpointName=hosting.name,
            EndpointConfigName=hosting.release("v2", **REALTIME),
            RetainAllVariantProperties=retained,
        )

        (variant,) = hosting.settled()["ProductionVariants"]
        assert variant["DesiredInstanceCount"] == variant["CurrentInstanceCount"] == instances

    def test_a_failed_update_keeps_the_old_configuration_serving(self, hosting: Hosting) -> None:
        hosting.create(hosting.release("v1"))
        broken = {"config.yaml": CONFIG, "code/serve.py": "raise RuntimeError('broken model')"}

        description = hosting.update(hosting.release("v2", broken))

        assert description["EndpointStatus"] == "InService"
        assert description["EndpointConfigName"].endswith("v1")
        assert "broken model" in description["FailureReason"]
        assert hosting.ask()["release"] == "v1"

    @pytest.mark.parametrize(
        ("files", "variant", "reason"),
        [
            ({"config.yaml": CONFIG, "code/serve.py": "1/0"}, {}, "ZeroDivisionError"),
            ({"code/serve.py": SERVE}, {}, "holds no config.yaml"),
            ({"config.yaml": "applications: []"}, {}, "no applications[0].import_path"),
            (
                {"config.yaml": CONFIG.replace("ray_app", "other")},
                {},
                "'other:deployment' is not known",
            ),
            (
                {"config.yaml": CONFIG, "code/requirements.txt": "numpy"},
                {},
                "installs nothing",
            ),
            (None, {"Image": "r/tensorflow:2", **SERVERLESS}, "'r/tensorflow:2' is not known"),
        ],
    )
    def test_what_cannot_be_served_fails_the_endpoint_with_a_reason(
        self,
        hosting: Hosting,
        files: dict[str, str] | None,
        variant: dict[str, Any],
        reason: str,
    ) -> None:
        description = hosting.create(hosting.release("v1", files, **variant))

        assert description["EndpointStatus"] == "Failed"
        assert reason in description["FailureReason"]
        with pytest.raises(ClientError) as raised:
            hosting.invoke()
        assert code(raised) == "ValidationError"

    def test_serverless_hosting_has_no_network_isolation(self, hosting: Hosting) -> None:
        description = hosting.create(hosting.release("v1", isolated=True))

        assert description["EndpointStatus"] == "Failed"
        assert "network isolation" in description["FailureReason"]

    def test_deleting_ends_the_process(self, hosting: Hosting) -> None:
        hosting.create(hosting.release("v1"))
        process = hosting.ask()["pid"]

        hosting.sagemaker.delete_endpoint(EndpointName=hosting.name)

        wait_for(lambda: _alive(process), lambda alive: not alive, 5)
        with pytest.raises(ClientError, match="Could not find endpoint"):
            hosting.sagemaker.describe_endpoint(EndpointName=hosting.name)
        with pytest.raises(ClientError) as raised:
            hosting.invoke()
        assert code(raised) == "ValidationError"

    def test_endpoints_are_found_by_name(self, hosting: Hosting) -> None:
        hosting.create(hosting.release("v1"))

        def found(text: str) -> list[str]:
            listed = hosting.sagemaker.list_endpoints(NameContains=text)["Endpoints"]
            return [endpoint["EndpointName"] for endpoint in listed]

        assert found(hosting.name) == [hosting.name]
        assert found("no-such-endpoint") == []

    def test_logs_reach_cloudwatch(self, hosting: Hosting) -> None:
        hosting.create(hosting.release("v1"))
        logs = hosting.platform.client("logs")
        group = f"/aws/sagemaker/Endpoints/{hosting.name}"

        def lines() -> list[str]:
            streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
            events = logs.get_log_events(
                logGroupName=group, logStreamName=streams[0]["logStreamName"]
            )
            return [event["message"] for event in events["events"]]

        time.sleep(0.5)  # log events are sent in batches
        wait_for(lines, lambda found: any("Uvicorn running" in line for line in found), 5)

    def test_a_model_server_that_dies_is_restarted(self, hosting: Hosting) -> None:
        hosting.create(hosting.release("v1"))
        first = hosting.ask()["pid"]
        with pytest.raises(ClientError) as raised:
            hosting.invoke(b"die")
        assert code(raised) == "ModelError"

        def process() -> int:
            try:
                return int(hosting.ask()["pid"])
            except ClientError as error:
                assert error.response["OriginalStatusCode"] == 503
                return first

        second = wait_for(process, lambda pid: pid != first, 20)

        os.kill(second, signal.SIGKILL)
        wait_for(process, lambda pid: pid not in (first, second), 20)


class TestRefusals:
    def test_names_are_unique(self, hosting: Hosting) -> None:
        config = hosting.release("v1")
        hosting.create(config)

        with pytest.raises(ClientError, match="already existing endpoint "):
            hosting.create(config)
        with pytest.raises(ClientError, match="already existing endpoint configuration"):
            hosting.sagemaker.create_endpoint_config(
                EndpointConfigName=config,
                ProductionVariants=[{"VariantName": "p", "ModelName": config, **SERVERLESS}],
            )
        with pytest.raises(ClientError, match="already existing model"):
            hosting.sagemaker.create_model(ModelName=config, ExecutionRoleArn=hosting.platform.role)

    def test_what_is_referred_to_must_exist(self, hosting: Hosting) -> None:
        with pytest.raises(ClientError, match="Could not find endpoint configuration"):
            hosting.create("none")
        with pytest.raises(ClientError, match="Could not find model"):
            hosting.sagemaker.create_endpoint_config(
                EndpointConfigName="orphan",
                ProductionVariants=[{"VariantName": "p", "ModelName": "none", **SERVERLESS}],
            )
        with pytest.raises(ClientError, match="Could not find endpoint"):
            hosting.update("none")
        with pytest.raises(ClientError, match="not found"):
            hosting.invoke()

    def test_an_endpoint_that_changes_cannot_be_changed(self, hosting: Hosting) -> None:
        config = hosting.release("v1")
        hosting.sagemaker.create_endpoint(EndpointName=hosting.name, EndpointConfigName=config)

        with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
            hosting.update(config)
        with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
            hosting.sagemaker.delete_endpoint(EndpointName=hosting.name)

        scaled = {"VariantName": "primary", "DesiredWeight": 1.0}
        with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
            hosting.sagemaker.update_endpoint_weights_and_capacities(
                EndpointName=hosting.name, DesiredWeightsAndCapacities=[scaled]
            )

    def test_of_two_updates_at_once_one_is_refused(
        self, hosting: Hosting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(updates, "check", slowly(updates.check))
        hosting.create(hosting.release("v1"))
        configs = [hosting.release(f"v{number}") for number in (2, 3, 4, 5)]

        found = at_once(
            lambda config: hosting.sagemaker.update_endpoint(
                EndpointName=hosting.name, EndpointConfigName=config
            ),
            configs,
        )

        refused = [each for each in found if isinstance(each, ClientError)]
        assert len(refused) == len(configs) - 1
        assert all("Cannot update in-progress endpoint" in str(each) for each in refused)
        assert hosting.settled()["EndpointStatus"] == "InService"

    def test_of_two_with_one_name_one_is_refused(
        self, hosting: Hosting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for record in (Model, FakeEndpoint, FakeEndpointConfig, ModelPackageGroup):
            monkeypatch.setattr(record, "__init__", slowly(record.__init__))
        model, sagemaker = hosting.release("v1"), hosting.sagemaker
        variants = [{"VariantName": "primary", "ModelName": model, **SERVERLESS}]
        creations: dict[str, Callable[[str], Any]] = {
            "model": lambda name: sagemaker.create_model(
                ModelName=name, ExecutionRoleArn=hosting.platform.role
            ),
            "configuration": lambda name: sagemaker.create_endpoint_config(
                EndpointConfigName=name, ProductionVariants=variants
            ),
            "group": lambda name: sagemaker.create_model_package_group(ModelPackageGroupName=name),
            "endpoint": lambda name: sagemaker.create_endpoint(
                EndpointName=name, EndpointConfigName=model
            ),
        }

        for what, create in creations.items():
            found = at_once(create, [hosting.name] * 6)

            refused = [each for each in found if isinstance(each, ClientError)]
            assert len(refused) == 5, what
            assert all("already exist" in str(each) for each in refused)

    def test_what_runs_on_instances_cannot_become_serverless(self, hosting: Hosting) -> None:
        hosting.create(hosting.release("v1", **REALTIME))

        with pytest.raises(ClientError, match="a real-time endpoint cannot become serverless"):
            hosting.update(hosting.release("v2"))

        assert hosting.settled()["EndpointConfigName"].endswith("v1")

    def test_what_an_endpoint_serves_may_be_deleted_and_is_known_all_the_same(
        self, hosting: Hosting
    ) -> None:
        config = hosting.release("v1", **REALTIME)
        hosting.create(config)

        hosting.sagemaker.delete_model(ModelName=config)
        hosting.sagemaker.delete_endpoint_config(EndpointConfigName=config)

        assert hosting.ask()["release"] == "v1"
        with pytest.raises(ClientError, match="cannot become serverless"):
            hosting.update(hosting.release("v2"))
        with pytest.raises(ClientError, match="Could not find endpoint configuration"):
            hosting.update(config)

    def test_settings_that_would_be_ignored_are_refused(self, hosting: Hosting) -> None:
        config = hosting.release("v1")
        hosting.create(config)
        hosting.sagemaker.create_endpoint_config(
            EndpointConfigName=f"{config}-capture",
            ProductionVariants=[{"VariantName": "p", "ModelName": config, **REALTIME}],
            DataCaptureConfig={
                "EnableCapture": True,
                "InitialSamplingPercentage": 1,
                "DestinationS3Uri": f"s3://{hosting.bucket}/capture",
                "CaptureOptions": [{"CaptureMode": "Input"}],
            },
        )

        with pytest.raises(ClientError, match="DeploymentConfig"):
            hosting.sagemaker.update_endpoint(
                EndpointName=hosting.name,
                EndpointConfigName=config,
                DeploymentConfig={"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "a"}]}},
            )

        with pytest.raises(ClientError, match="ExcludeRetainedVariantProperties"):
            hosting.sagemaker.update_endpoint(
                EndpointName=hosting.name,
                EndpointConfigName=config,
                RetainAllVariantProperties=True,
                ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeight"}],
            )

        assert "DataCaptureConfig" in hosting.update(f"{config}-capture")["FailureReason"]

    @pytest.mark.parametrize(
        ("method", "arguments"),
        [
            (
                "create_pipeline",
                {"PipelineName": "p", "ClientRequestToken": "t" * 32, "PipelineDefinition": "{}"},
            ),
            (
                "create_compilation_job",
                {
                    "CompilationJobName": "c",
                    "OutputConfig": {"S3OutputLocation": "s3://bucket/out"},
                    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
                },
            ),
        ],
    )
    def test_what_moto_only_pretends_is_refused(
        self, platform: Platform, method: str, arguments: dict[str, Any]
    ) -> None:
        with pytest.raises(ClientError, match="is not supported by the laptop runtime"):
            getattr(platform.client("sagemaker"), method)(RoleArn=platform.role, **arguments)


class TestInvocations:
    @pytest.fixture
    def serving(self, hosting: Hosting) -> Hosting:
        hosting.create(hosting.release("v1"))
        return hosting

    def test_bytes_and_types_pass_unchanged(self, serving: Hosting) -> None:
        body = bytes(range(256)) * 10

        answer = serving.invoke(body, Accept="application/octet-stream")

        assert answer["Body"].read() == body
        assert answer["ContentType"] == "application/octet-stream"
        assert answer["InvokedProductionVariant"] == "primary"

    @pytest.mark.parametrize("status", [400, 415, 500])
    def test_the_containers_errors_are_model_errors(self, serving: Hosting, status: int) -> None:
        with pytest.raises(ClientError) as raised:
            serving.invoke(f"status:{status}".encode())

        response = raised.value.response
        assert (code(raised), response["ResponseMetadata"]["HTTPStatusCode"]) == ("ModelError", 424)
        assert response["OriginalStatusCode"] == status
        assert response["OriginalMessage"] == '{"error": "as asked"}'
        assert f"({status}) from primary" in response["Error"]["Message"]

    def test_payloads_have_a_limit(self, serving: Hosting) -> None:
        serving.invoke(b"x" * (4 * 1024 * 1024))

        with pytest.raises(ClientError) as raised:
            serving.invoke(b"x" * (4 * 1024 * 1024 + 1))

        assert code(raised) == "ValidationError"


class TestScaling:
    TARGET = {  # noqa: RUF012
        "ServiceNamespace": "sagemaker",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }

    def register(self, hosting: Hosting) -> None:
        hosting.platform.client("application-autoscaling").register_scalable_target(
            **self.TARGET, ResourceId=self.resource(hosting), MinCapacity=1, MaxCapacity=3
        )

    def resource(self, hosting: Hosting) -> str:
        return f"endpoint/{hosting.name}/variant/primary"

    def policy(self, hosting: Hosting) -> dict[str, Any]:
        return {
            **self.TARGET,
            "ResourceId": self.resource(hosting),
            "PolicyName": "invocations",
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": 70.0,
                "PredefinedMetricSpecification": {
                    "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
                },
                "ScaleInCooldown": 300,
                "ScaleOutCooldown": 60,
            },
        }

    def test_an_instance_variant_gets_target_and_policy(self, hosting: Hosting) -> None:
        hosting.create(hosting.release("v1", **REALTIME))
        scaling = hosting.platform.client("application-autoscaling")

        self.register(hosting)
        scaling.put_scaling_policy(**self.policy(hosting))

        policies = scaling.describe_scaling_policies(
            ServiceNamespace="sagemaker", ResourceId=self.resource(hosting)
        )["ScalingPolicies"]
        configuration = policies[0]["TargetTrackingScalingPolicyConfiguration"]
        assert configuration["ScaleOutCooldown"] == 60
        scaling.deregister_scalable_target(**self.TARGET, ResourceId=self.resource(hosting))
        assert not scaling.describe_scaling_policies(
            ServiceNamespace="sagemaker", ResourceId=self.resource(hosting)
        )["ScalingPolicies"]
        with pytest.raises(ClientError) as raised:
            scaling.deregister_scalable_target(**self.TARGET, ResourceId=self.resource(hosting))
        assert code(raised) == "ObjectNotFoundException"

    def test_a_serverless_variant_is_refused(self, hosting: Hosting) -> None:
        hosting.create(hosting.release("v1"))

        with pytest.raises(ClientError, match="is serverless"):
            self.register(hosting)

    def test_a_missing_endpoint_is_refused(self, hosting: Hosting) -> None:
        with pytest.raises(ClientError, match="Could not find endpoint"):
            self.register(hosting)

    def test_a_variant_that_scales_keeps_its_instance_type(self, hosting: Hosting) -> None:
        hosting.create(hosting.release("v1", **REALTIME))
        self.register(hosting)
        larger = {**REALTIME, "InstanceType": "ml.c7i.xlarge"}

        with pytest.raises(ClientError, match="Deregister the variant as a scalable target first"):
            hosting.update(hosting.release("v2", **larger))
        with pytest.raises(ClientError, match="Deregister the variant as a scalable target first"):
            hosting.update(hosting.release("v3", **REALTIME, name="other"))
        assert hosting.update(hosting.release("v4", **REALTIME))["EndpointStatus"] == "InService"

        hosting.platform.client("application-autoscaling").deregister_scalable_target(
            **self.TARGET, ResourceId=self.resource(hosting)
        )
        assert hosting.update(f"{hosting.name}-v2")["EndpointConfigName"].endswith("v2")

    def test_a_deleted_endpoint_scales_no_more(self, hosting: Hosting) -> None:
        hosting.create(hosting.release("v1", **REALTIME))
        scaling = hosting.platform.client("application-autoscaling")
        self.register(hosting)
        scaling.put_scaling_policy(**self.policy(hosting))

        hosting.sagemaker.delete_endpoint(EndpointName=hosting.name)

        found = {"ServiceNamespace": "sagemaker", "ResourceId": self.resource(hosting)}
        assert not scaling.describe_scaling_policies(**found)["ScalingPolicies"]
        with pytest.raises(ClientError, match="No scalable target"):
            scaling.deregister_scalable_target(**self.TARGET, ResourceId=self.resource(hosting))

    @pytest.mark.parametrize("capacities", [{"MinCapacity": 4}, {"MaxCapacity": 0}])
    def test_the_least_is_not_above_the_most(
        self, hosting: Hosting, capacities: dict[str, int]
    ) -> None:
        hosting.create(hosting.release("v1", **REALTIME))
        self.register(hosting)

        with pytest.raises(ClientError, match="cannot be less than minimum capacity"):
            hosting.platform.client("application-autoscaling").register_scalable_target(
                **self.TARGET, ResourceId=self.resource(hosting), **capacities
            )

    def test_a_policy_needs_a_target(self, hosting: Hosting) -> None:
        with pytest.raises(ClientError) as raised:
            hosting.platform.client("application-autoscaling").put_scaling_policy(
                **self.policy(hosting)
            )

        assert code(raised) == "ObjectNotFoundException"

    def test_a_state_machine_registers_scaling(self, hosting: Hosting) -> None:
        hosting.create(hosting.release("v1", **REALTIME))
        sdk = "arn:aws:states:::aws-sdk:applicationautoscaling"
        target = {
            **self.TARGET,
            "ResourceId": "{% $states.input.resource %}",
            "MinCapacity": 1,
            "MaxCapacity": 2,
        }
        definition = {
            "StartAt": "Register",
            "States": {
                "Register": {
                    "Type": "Task",
                    "Resource": f"{sdk}:registerScalableTarget",
                    "Arguments": target,
                    "Output": "{% $states.input %}",
                    "Next": "Policy",
                },
                "Policy": {
                    "Type": "Task",
                    "Resource": f"{sdk}:putScalingPolicy",
                    "Arguments": "{% $states.input.policy %}",
                    "Output": "{% $exists($states.result.PolicyARN) %}",
                    "End": True,
                },
            },
        }

        value = {"resource": self.resource(hosting), "policy": self.policy(hosting)}
        description = hosting.platform.run(definition, value)

        assert description["status"] == "SUCCEEDED", description


class TestTags:
    def test_a_key_that_comes_again_has_another_value(self, hosting: Hosting) -> None:
        sagemaker, arn = hosting.sagemaker, self.tagged(hosting)

        sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "b"}])

        assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "b"}]

    def test_a_resource_has_fifty(self, hosting: Hosting) -> None:
        sagemaker, arn = hosting.sagemaker, self.tagged(hosting)
        more = [{"Key": f"k{number}", "Value": "v"} for number in range(50)]
        sagemaker.add_tags(ResourceArn=arn, Tags=more[:49])

        with pytest.raises(ClientError, match="more than 50 tags"):
            sagemaker.add_tags(ResourceArn=arn, Tags=more)

        sagemaker.add_tags(ResourceArn=arn, Tags=more[:49])  # which it has

    def test_what_is_not_there_has_none(self, hosting: Hosting) -> None:
        arn = self.tagged(hosting)

        with pytest.raises(ClientError, match="Could not find resource"):
            hosting.sagemaker.list_tags(ResourceArn=f"{arn}-not-there")

    def tagged(self, hosting: Hosting) -> str:
        arn: str = hosting.sagemaker.create_model(
            ModelName=f"tagged-{uuid.uuid4().hex[:8]}",
            ExecutionRoleArn=hosting.platform.role,
            Tags=[{"Key": "team", "Value": "a"}],
        )["ModelArn"]
        return arn


class TestModelPackages:
    @pytest.fixture
    def group(self, hosting: Hosting) -> str:
        hosting.sagemaker.create_model_package_group(ModelPackageGroupName=f"g-{hosting.name}")
        return f"g-{hosting.name}"

    def package(self, hosting: Hosting, group: str) -> str:
        arn: str = hosting.sagemaker.create_model_package(
            ModelPackageGroupName=group,
            ModelApprovalStatus="PendingManualApproval",
            InferenceSpecification={
                "Containers": [{"Image": IMAGE, "ModelDataUrl": f"s3://{hosting.bucket}/m"}],
                "SupportedContentTypes": ["image/png"],
                "SupportedResponseMIMETypes": ["application/json"],
            },
        )["ModelPackageArn"]
        return arn

    def test_packages_of_a_group_are_numbered_and_updated(
        self, hosting: Hosting, group: str
    ) -> None:
        sagemaker = hosting.sagemaker
        arns = [self.package(hosting, group) for _ in range(2)]

        sagemaker.update_model_package(
            ModelPackageArn=arns[1], CustomerMetadataProperties={"accuracy": "0.9"}
        )
        sagemaker.update_model_package(ModelPackageArn=arns[1], ModelApprovalStatus="Approved")

        package = sagemaker.describe_model_package(ModelPackageName=arns[1])
        assert [arn.rpartition("/")[2] for arn in arns] == ["1", "2"]
        assert package["ModelApprovalStatus"] == "Approved"
        assert package["CustomerMetadataProperties"] == {"accuracy": "0.9"}

    def test_no_number_comes_twice(self, hosting: Hosting, group: str) -> None:
        found = at_once(lambda _: self.package(hosting, group), [1, 2, 3, 4, 5, 6])
        hosting.sagemaker.delete_model_package(ModelPackageName=found[0])

        numbers = sorted(int(arn.rpartition("/")[2]) for arn in found)
        assert numbers == [1, 2, 3, 4, 5, 6]
        assert self.package(hosting, group).endswith("/7")
        with pytest.raises(ClientError, match="not found"):
            hosting.sagemaker.describe_model_package(ModelPackageName=found[0])

    def test_a_group_goes_when_it_is_empty(self, hosting: Hosting, group: str) -> None:
        sagemaker = hosting.sagemaker
        arn = self.package(hosting, group)
        with pytest.raises(ClientError) as raised:
            sagemaker.delete_model_package_group(ModelPackageGroupName=group)
        assert code(raised) == "ConflictException"

        sagemaker.delete_model_package(ModelPackageName=arn)
        sagemaker.delete_model_package_group(ModelPackageGroupName=group)

        with pytest.raises(ClientError, match="does not exist"):
            sagemaker.describe_model_package_group(ModelPackageGroupName=group)


def at_once(ask: Callable[[Any], Any], values: list[Any]) -> list[Any]:
    """What each of several requests at the same time gave, or how it failed."""
    gate = threading.Barrier(len(values))

    def one(value: Any) -> Any:
        gate.wait()
        try:
            return ask(value)
        except ClientError as error:
            return error

    with ThreadPoolExecutor(len(values)) as threads:
        return list(threads.map(one, values))


def slowly(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same, with time for another request to come in between."""

    @functools.wraps(function)
    def slow(*arguments: Any, **named: Any) -> Any:
        found = function(*arguments, **named)
        time.sleep(0.1)
        return found

    return slow


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True

"""Key, network and tags of a stack reach every request that can carry them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import botocore.session
import pytest

from sonoflow.errors import PayloadInvalid
from sonoflow.releases import hosting, training_jobs
from sonoflow.releases.release import Release
from sonoflow.releases.surroundings import Surroundings
from tests.unit.core.releases.service_models import problems

Compose = Callable[..., Release]
KEY = "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/mrk-0123456789abcdef0123456789abcdef"
SUBNETS, GROUPS = ["subnet-0123456789abcdef0", "subnet-01234567"], ["sg-0123456789abcdef0"]
AROUND = {
    "kms_key_arn": KEY,
    "subnet_ids": ",".join(SUBNETS),
    "security_group_ids": ",".join(GROUPS),
    "tags": "team=Breast imaging,cost:center=47/11",
}
NONE = dict.fromkeys(AROUND, "")
OWN = {"team": "Breast imaging", "cost:center": "47/11", "sonoflow:stack": "sonoflow"}
OF_RELEASE = {"sonoflow:dataset", "sonoflow:run"}


def requests(composed: Release) -> dict[str, Any]:
    """The body of every call that makes something that costs money."""
    bodies = {
        "CreateTrainingJob": training_jobs.request(composed),
        "CreateHyperParameterTuningJob": training_jobs.tuning_request(composed),
        "CreateModel": hosting.model(composed),
        "CreateEndpointConfig": hosting.endpoint_config(composed),
        "CreateEndpoint": hosting.endpoint(composed),
    }
    return {operation: body for operation, body in bodies.items() if body is not None}


def members(shape: Any, path: str = "", seen: tuple[str, ...] = ()) -> Iterator[str]:
    """Dotted paths of all members of a request, those inside lists left out."""
    for name, member in shape.members.items():
        here = f"{path}.{name}".removeprefix(".")
        yield here
        if member.type_name == "structure" and member.name not in seen:
            yield from members(member, here, (*seen, member.name))


def at(body: Any, path: str) -> Any:
    for name in path.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return body


@pytest.fixture
def composed(release: Compose, settings_env: pytest.MonkeyPatch) -> Release:
    settings_env.setenv("HOSTING_MODE", "realtime")
    return release(surroundings=AROUND, Tune=True)


@pytest.mark.parametrize(
    "operation",
    [
        "CreateTrainingJob",
        "CreateHyperParameterTuningJob",
        "CreateModel",
        "CreateEndpointConfig",
        "CreateEndpoint",
    ],
)
def test_every_member_for_a_key_a_network_or_tags_is_used(
    composed: Release, operation: str
) -> None:
    """Whatever the service's model knows by these names, where its parent is in the request."""
    body = requests(composed)[operation]
    shape = botocore.session.get_session().get_service_model("sagemaker")
    known = list(members(shape.operation_model(operation).input_shape))
    keys = [path for path in known if path.rpartition(".")[2] in ("KmsKeyId", "VolumeKmsKeyId")]
    for path in keys:
        parent = path.rpartition(".")[0]
        if not parent or at(body, parent) is not None:
            assert at(body, path) == KEY, path
    for path in (path for path in known if path.rpartition(".")[2] == "VpcConfig"):
        if operation == "CreateEndpointConfig":
            continue  # of inference components, which bring no model with a network of its own
        parent = path.rpartition(".")[0]
        if not parent or at(body, parent) is not None:
            assert at(body, path) == {"Subnets": SUBNETS, "SecurityGroupIds": GROUPS}, path
    tags = {tag["Key"]: tag["Value"] for tag in body["Tags"]}
    assert {name: value for name, value in tags.items() if name not in OF_RELEASE} == OWN
    assert (tags.keys() >= OF_RELEASE) is (operation != "CreateEndpoint")
    assert len(tags) == len(body["Tags"]) <= 50
    assert problems("sagemaker", operation, body) == []


@pytest.mark.parametrize("task", ["segmentation", "table"])
def test_the_other_tasks_have_the_same_around_them(
    release: Compose, settings_env: pytest.MonkeyPatch, task: str
) -> None:
    settings_env.setenv("HOSTING_MODE", "realtime")
    job = training_jobs.request(release(task, surroundings=AROUND))

    assert job["ResourceConfig"]["VolumeKmsKeyId"] == job["OutputDataConfig"]["KmsKeyId"] == KEY
    assert job["VpcConfig"]["Subnets"] == SUBNETS


@pytest.mark.parametrize("given", [{}, {"surroundings": NONE}])
def test_a_stack_that_wants_nothing_asks_for_nothing(
    release: Compose, settings_env: pytest.MonkeyPatch, given: dict[str, Any]
) -> None:
    settings_env.setenv("HOSTING_MODE", "realtime")
    bodies = requests(release(Tune=True, **given))

    assert len(bodies) == 5
    assert "Kms" not in str(bodies)
    assert "Vpc" not in str(bodies)


def test_a_serverless_endpoint_has_no_disk_to_encrypt(release: Compose) -> None:
    config = hosting.endpoint_config(release(surroundings=AROUND))

    assert "ServerlessConfig" in config["ProductionVariants"][0]
    assert "KmsKeyId" not in config


LOCAL = {"c5d", "c6gd", "dl1", "m5d", "m6gd", "p3dn", "r5d", "r6gd", "r7gd"}


def test_sagemaker_is_given_no_key_for_disks_that_encrypt_themselves() -> None:
    """It refuses the request. Accelerated instances but the oldest have such disks."""
    model = botocore.session.get_session().get_service_model("sagemaker")
    around = Surroundings(KEY)
    kinds = ("TrainingInstanceType", "ProductionVariantInstanceType")
    instances = {one for kind in kinds for one in model.shape_for(kind).enum}

    without = {one.split(".")[1] for one in instances if not around.disk_key("Key", one)}
    with_key = {one.split(".")[1] for one in instances if around.disk_key("Key", one)}

    accelerated = {one for one in without if one[0] in "gpt" and not one.startswith("t3")}
    assert without - accelerated == LOCAL - {"p3dn"}
    assert {"g4dn", "g5", "g6e", "p3dn", "p4de", "p5", "p6-b200", "trn1n"} <= accelerated
    assert {"c7i", "c7i-flex", "m5", "p2", "p3", "t3", "inf2", "c6in", "r8i"} <= with_key


@pytest.mark.parametrize(
    "broken",
    [{"tags": "team"}, {"kms_key_arn": None}, {"kms": KEY}, "key"],
)
def test_what_no_machine_of_this_stack_says_is_an_error(release: Compose, broken: Any) -> None:
    with pytest.raises(PayloadInvalid, match="surroundings"):
        release(surroundings=broken)

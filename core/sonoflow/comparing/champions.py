"""The model in service: which it is, and what it was trained on."""

from __future__ import annotations

import dataclasses
import functools

from botocore.exceptions import ClientError

from sonoflow.aws.clients import client
from sonoflow.errors import EndpointChanged, PayloadInvalid
from sonoflow.keys import Dataset

DATASET_TAG = "sonoflow:dataset"
# The endpoint answers by the configuration that it names, whatever is being done to it.
_SERVING = frozenset({"InService", "Updating", "SystemUpdating", "RollingBack"})
_UNKNOWN = frozenset({"ValidationException", "ResourceNotFound", "ResourceNotFoundException"})


@dataclasses.dataclass(frozen=True)
class Champion:
    endpoint: str
    config: str  # the endpoint configuration's name, which is the release's
    endpoint_arn: str

    @property
    def version(self) -> str | None:
        """As its model says it; None of a configuration that a person has made."""
        prefix = f"{self.endpoint}-"
        return self.config.removeprefix(prefix) if self.config.startswith(prefix) else None

    @functools.cached_property
    def dataset(self) -> Dataset | None:
        """What it was trained on, which its configuration's tag says; None where none does."""
        arn = f"{self.endpoint_arn.rpartition(':')[0]}:endpoint-config/{self.config}"
        try:
            tags = client("sagemaker").list_tags(ResourceArn=arn)["Tags"]
        except ClientError as error:
            if error.response["Error"]["Code"] in _UNKNOWN:
                return None
            raise
        run = next((tag["Value"] for tag in tags if tag["Key"] == DATASET_TAG), "")
        name, _, version = run.rpartition("-")
        try:
            return Dataset.parse({"dataset": {"name": name, "version": version}})
        except PayloadInvalid:
            return None

    def check_unchanged(self) -> None:
        """Raises EndpointChanged unless it is in service still."""
        now = find(self.endpoint)
        if now is None or now.config != self.config:
            serves = now.config if now else "nothing"
            raise EndpointChanged(f"{self.endpoint} served {self.config} first, {serves} now")


def find(endpoint: str) -> Champion | None:
    """None where nothing is in service. Raises EndpointChanged while another model moves in."""
    try:
        described = client("sagemaker").describe_endpoint(EndpointName=endpoint)
    except ClientError as error:
        if "Could not find" in error.response["Error"].get("Message", ""):
            return None
        raise
    if described["EndpointStatus"] not in _SERVING:
        return None
    # Only then is traffic shifted: an endpoint that merely scales is "Updating" too.
    if "PendingDeploymentSummary" in described:
        raise EndpointChanged(f"{endpoint} is taking another model")
    return Champion(endpoint, described["EndpointConfigName"], described["EndpointArn"])

"""Which model a table's endpoint serves, and the table that this model was trained on."""

from __future__ import annotations

import dataclasses

from sonoflow import keys
from sonoflow.aws import objects
from sonoflow.aws.clients import client
from sonoflow.errors import EndpointChanged
from sonoflow.tables.table import Table


@dataclasses.dataclass(frozen=True)
class Serving:
    endpoint: str
    release: str  # as its endpoint configuration is called
    table: Table

    @property
    def version(self) -> str:
        """Of the release, as in its name."""
        return self.release.removeprefix(f"{self.endpoint}-")


def find(endpoint: str, work_bucket: str) -> Serving:
    """Raises EndpointChanged while the endpoint takes another model; PayloadInvalid; errors of the
    services escape, those included that there is no endpoint, or no table of its release yet."""
    release = _release(endpoint)
    document = objects.read_json(work_bucket, keys.release_table(release))
    return Serving(endpoint, release, Table.parse(document))


def check_unchanged(serving: Serving) -> None:
    """Raises EndpointChanged unless the endpoint still serves that release."""
    release = _release(serving.endpoint)
    if release != serving.release:
        message = f"{serving.endpoint} served {serving.release} first, {release} in the end"
        raise EndpointChanged(message)


def _release(endpoint: str) -> str:
    described = client("sagemaker").describe_endpoint(EndpointName=endpoint)
    # Only then is traffic shifted: an endpoint that merely scales is "Updating" too.
    if "PendingDeploymentSummary" in described:
        raise EndpointChanged(f"{endpoint} is taking another model")
    release: str = described["EndpointConfigName"]
    return release

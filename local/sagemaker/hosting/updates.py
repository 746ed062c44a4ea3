"""Which changes of an endpoint AWS refuses."""

from __future__ import annotations

from typing import Any

from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import FakeEndpoint, FakeEndpointConfig

from local.sagemaker.hosting import scaling

_IN_PROGRESS = ("Creating", "Updating", "Deleting")


def check_at_rest(endpoint: FakeEndpoint) -> None:
    """Nothing can be done with an endpoint that changes. Raises ValidationError."""
    if endpoint.endpoint_status in _IN_PROGRESS:
        raise ValidationError(message=f'Cannot update in-progress endpoint "{endpoint.arn}".')


def check(endpoint: FakeEndpoint, serving: FakeEndpointConfig, config: FakeEndpointConfig) -> None:
    """Whether an endpoint may come from the configuration that it serves to another.

    Raises ValidationError.
    """
    check_at_rest(endpoint)
    if endpoint.endpoint_status != "InService":
        raise ValidationError(
            message=f'Cannot update endpoint "{endpoint.arn}" in status {endpoint.endpoint_status}.'
        )
    wanted = {variant["VariantName"]: variant for variant in config.production_variants}
    for variant in serving.production_variants:
        _check_variant(endpoint, variant, wanted.get(variant["VariantName"], {}))


def _check_variant(endpoint: FakeEndpoint, variant: dict[str, Any], wanted: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html (no way from
    instances to serverless) and
    https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-update.html"""
    name, current = variant["VariantName"], variant.get("InstanceType")
    if current is not None and "ServerlessConfig" in wanted:
        raise ValidationError(
            message=f'Endpoint "{endpoint.arn}" cannot be updated: variant {name!r} runs on '
            "instances, and a real-time endpoint cannot become serverless."
        )
    changes = current != wanted.get("InstanceType")
    if changes and scaling.is_target(endpoint.arn, endpoint.endpoint_name, name):
        raise ValidationError(
            message=f'Endpoint "{endpoint.arn}" cannot be updated: variant {name!r} is a '
            "scalable target of Application Auto Scaling, and the update would change its "
            "instance type. Deregister the variant as a scalable target first."
        )

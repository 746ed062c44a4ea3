"""Application Auto Scaling of endpoint variants."""

from __future__ import annotations

from typing import Any

from moto.applicationautoscaling.exceptions import AWSValidationException
from moto.applicationautoscaling.models import (
    ApplicationAutoscalingBackend,
    applicationautoscaling_backends,
)
from moto.core.exceptions import JsonRESTError
from moto.sagemaker.models import FakeEndpoint, sagemaker_backends

from local.runtime import patch
from local.runtime.runtime import Runtime

_DIMENSION = "sagemaker:variant:DesiredInstanceCount"


def install(runtime: Runtime) -> None:
    backend = ApplicationAutoscalingBackend
    patch.replace(backend, "register_scalable_target", _register_scalable_target)
    patch.replace(backend, "put_scaling_policy", _put_scaling_policy)
    patch.replace(backend, "deregister_scalable_target", _deregister_scalable_target)


def is_target(endpoint_arn: str, endpoint: str, variant: str) -> bool:
    """Whether a variant is registered to be scaled."""
    return _resource(endpoint, variant) in _backend(endpoint_arn).targets.get(_DIMENSION, {})


def deregister(endpoint: FakeEndpoint) -> None:
    """As an endpoint's deletion does with its variants.

    https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-delete-with-scaling.html
    """
    for variant in endpoint.production_variants:
        name = variant["VariantName"]
        if is_target(endpoint.arn, endpoint.endpoint_name, name):
            _backend(endpoint.arn).deregister_scalable_target(
                "sagemaker", _resource(endpoint.endpoint_name, name), _DIMENSION
            )


def _resource(endpoint: str, variant: str) -> str:
    return f"endpoint/{endpoint}/variant/{variant}"


def _backend(arn: str) -> Any:
    region, account = arn.split(":")[3:5]
    return applicationautoscaling_backends[account][region]


def _register_scalable_target(original: Any) -> Any:
    """moto: takes any endpoint and variant. AWS: they exist, the variant runs on instances, and a
    new target has both capacities."""

    def register_scalable_target(
        backend: ApplicationAutoscalingBackend,
        namespace: str,
        r_id: str,
        dimension: str,
        min_capacity: int | None,
        max_capacity: int | None,
        **others: Any,
    ) -> Any:
        if namespace == "sagemaker":
            _check_variant(backend, r_id)
            known = backend.targets.get(dimension, {}).get(r_id)
            least = (
                min_capacity if min_capacity is not None else getattr(known, "min_capacity", None)
            )
            most = (
                max_capacity if max_capacity is not None else getattr(known, "max_capacity", None)
            )
            if least is None or most is None:
                raise AWSValidationException("MinCapacity and MaxCapacity are required.")
            _check_order(least, most)
        return original(
            backend,
            namespace,
            r_id,
            dimension,
            min_capacity=min_capacity,
            max_capacity=max_capacity,
            **others,
        )

    return register_scalable_target


def _check_order(minimum: int, maximum: int) -> None:
    if minimum > maximum:
        raise AWSValidationException("Maximum capacity cannot be less than minimum capacity")


def _check_variant(backend: ApplicationAutoscalingBackend, resource_id: str) -> None:
    parts = resource_id.split("/")
    if len(parts) != 4 or parts[0] != "endpoint" or parts[2] != "variant":
        raise AWSValidationException(f"Unsupported resource ID: {resource_id}")
    endpoints = sagemaker_backends[backend.account_id][backend.region_name].endpoints
    endpoint = endpoints.get(parts[1])
    if endpoint is None:
        raise AWSValidationException(f"Could not find endpoint {parts[1]!r}: {resource_id}")
    variants = {variant["VariantName"]: variant for variant in endpoint.production_variants}
    if parts[3] not in variants:
        raise AWSValidationException(f"Could not find variant {parts[3]!r}: {resource_id}")
    if "CurrentServerlessConfig" in variants[parts[3]]:
        raise AWSValidationException(
            f"{resource_id} is serverless: sagemaker:variant:DesiredInstanceCount does not apply."
        )


def _put_scaling_policy(original: Any) -> Any:
    """moto: a policy needs no target. AWS: ObjectNotFoundException."""

    def put_scaling_policy(backend: ApplicationAutoscalingBackend, **members: Any) -> Any:
        targets = backend.targets.get(members["scalable_dimension"], {})
        if members["resource_id"] not in targets:
            raise JsonRESTError(
                "ObjectNotFoundException",
                f"No scalable target registered for service namespace: "
                f"{members['service_namespace']}, resource ID: {members['resource_id']}, "
                f"scalable dimension: {members['scalable_dimension']}",
            )
        return original(backend, **members)

    return put_scaling_policy


def _deregister_scalable_target(original: Any) -> Any:
    """moto: keeps the policies, and reports a missing target as ValidationException. AWS: deletes
    them, and reports ObjectNotFoundException."""

    def deregister_scalable_target(
        backend: ApplicationAutoscalingBackend, namespace: str, r_id: str, dimension: str
    ) -> None:
        if r_id not in backend.targets.get(dimension, {}):
            raise JsonRESTError(
                "ObjectNotFoundException",
                f"No scalable target found for service namespace: {namespace}, "
                f"resource ID: {r_id}, scalable dimension: {dimension}",
            )
        original(backend, namespace, r_id, dimension)
        for policy in list(backend.policies.values()):
            if (policy.resource_id, policy.scalable_dimension) == (r_id, dimension):
                backend.delete_scaling_policy(policy.policy_name, namespace, r_id, dimension)

    return deregister_scalable_target

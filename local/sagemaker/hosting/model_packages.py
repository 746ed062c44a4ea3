"""SageMaker's model registry: groups, and versions that are never given twice."""

from __future__ import annotations

import functools
import threading
from typing import Any

from moto.core.responses import EmptyResult
from moto.sagemaker.exceptions import ConflictException, ValidationError
from moto.sagemaker.models import ModelPackage, SageMakerModelBackend, sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse

from local.runtime import patch
from local.runtime.runtime import Runtime
from local.sagemaker.hosting import package_events

_REGISTRY = threading.RLock()  # what is looked at and what is written are one step


def install(runtime: Runtime) -> None:
    backend = SageMakerModelBackend
    patch.replace(backend, "create_model_package_group", _create_group)
    patch.replace(backend, "create_model_package", _create)
    patch.replace(backend, "update_model_package", _update)
    patch.replace(ModelPackage, "__init__", _numbered)
    SageMakerResponse.delete_model_package = _delete
    SageMakerResponse.delete_model_package_group = _delete_group


def _one_at_a_time(original: Any) -> Any:
    @functools.wraps(original)
    def alone(*arguments: Any, **named: Any) -> Any:
        with _REGISTRY:
            return original(*arguments, **named)

    return alone


def _create_group(original: Any) -> Any:
    """moto: replaces a group of the same name. AWS: refuses."""

    def create_model_package_group(backend: SageMakerModelBackend, **members: Any) -> str:
        existing = backend.model_package_groups.get(members["model_package_group_name"])
        if existing is not None:
            raise ValidationError(message=f"Model Package Group already exists: {existing.arn}")
        arn: str = original(backend, **members)
        return arn

    return _one_at_a_time(create_model_package_group)


def _numbered(original: Any) -> Any:
    """moto: a version's number is how many there are, and one more. AWS: no number comes again,
    whatever was deleted."""

    def init(package: ModelPackage, **members: Any) -> None:
        group = members["model_package_group_name"]
        if group:
            groups = sagemaker_backends[members["account_id"]][members["region_name"]]
            record = groups.model_package_groups[group]
            record.versions = getattr(record, "versions", 0) + 1
            members["model_package_version"] = record.versions
        original(package, **members)

    return init


def _create(original: Any) -> Any:
    """moto: tells nobody. AWS: EventBridge."""

    def create_model_package(backend: SageMakerModelBackend, **members: Any) -> str:
        arn: str = original(backend, **members)
        package_events.send(backend.describe_model_package(arn))
        return arn

    return _one_at_a_time(create_model_package)


def _update(original: Any) -> Any:
    """moto: what a request leaves out is reset. AWS: it stays, properties are merged, and another
    status is told of."""

    def update_model_package(backend: SageMakerModelBackend, **members: Any) -> Any:
        package = backend.describe_model_package(members["model_package_arn"])
        properties = {
            **(package.customer_metadata_properties or {}),
            **(members["customer_metadata_properties"] or {}),
        }
        for name in members["customer_metadata_properties_to_remove"] or []:
            properties.pop(name, None)
        kept = {
            "model_approval_status": package.model_approval_status,
            "approval_description": package.approval_description,
        }
        before = package.model_approval_status
        answer = original(
            backend,
            **{
                **members,
                **{name: members[name] or value for name, value in kept.items()},
                "customer_metadata_properties": properties or None,
                "customer_metadata_properties_to_remove": [],
            },
        )
        if package.model_approval_status != before:
            package_events.send(package)
        return answer

    return _one_at_a_time(update_model_package)


def _delete(response: SageMakerResponse) -> EmptyResult:
    """moto: has no DeleteModelPackage."""
    backend = response.sagemaker_backend
    with _REGISTRY:
        package = backend.describe_model_package(response._get_param("ModelPackageName"))
        del backend.model_packages[package.arn]
        names = backend.model_package_name_mapping
        for name in [name for name, arn in names.items() if arn == package.arn]:
            del names[name]
    return EmptyResult()


def _delete_group(response: SageMakerResponse) -> EmptyResult:
    """moto: has no DeleteModelPackageGroup. AWS: refuses while there are versions."""
    backend = response.sagemaker_backend
    name = response._get_param("ModelPackageGroupName").rsplit("/", 1)[-1]
    with _REGISTRY:
        group = backend.describe_model_package_group(name)
        packages = backend.model_packages.values()
        if any(package.model_package_group_name == name for package in packages):
            raise ConflictException(
                f"Cannot delete model package group {group.arn}: it contains model packages."
            )
        del backend.model_package_groups[name]
    return EmptyResult()

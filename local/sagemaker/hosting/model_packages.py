"""Deletion of SageMaker's model packages and their groups."""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import EmptyResult
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse


def install() -> None:
    SageMakerResponse.delete_model_package = _delete_model_package
    SageMakerResponse.delete_model_package_group = _delete_model_package_group


def _delete_model_package(response: SageMakerResponse) -> EmptyResult:
    """moto: has no DeleteModelPackage."""
    backend = response.sagemaker_backend
    arn = backend.describe_model_package(response._get_param("ModelPackageName")).arn
    del backend.model_packages[arn]
    return EmptyResult()


def _delete_model_package_group(response: SageMakerResponse) -> EmptyResult:
    """moto: has no DeleteModelPackageGroup. AWS: refuses while there are packages in it.

    https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-delete-model-group.html
    """
    backend = response.sagemaker_backend
    name = response._get_param("ModelPackageGroupName").rpartition("/")[2]
    group = backend.model_package_groups.get(name)
    if group is None:
        raise ValidationError(message=f"Model Package Group {name} does not exist.")
    if packages := _packages(backend, name):
        raise JsonRESTError(
            "ConflictException",
            f"Cannot delete Model Package Group {group.arn}: it holds {len(packages)} model "
            "packages.",
        )
    del backend.model_package_groups[name]
    return EmptyResult()


def _packages(backend: SageMakerModelBackend, group: str) -> list[Any]:
    return [
        package
        for package in backend.model_packages.values()
        if package.model_package_group_name == group
    ]

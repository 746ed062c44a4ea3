"""Tags of SageMaker's resources, as AddTags leaves them."""

from __future__ import annotations

import threading
from typing import Any

from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import SageMakerModelBackend

from local.runtime import patch
from local.runtime.runtime import Runtime

_LIMIT = 50
_TAGGING = threading.Lock()


def install(runtime: Runtime) -> None:
    patch.replace(SageMakerModelBackend, "add_tags", lambda _original: _add)
    patch.replace(SageMakerModelBackend, "list_tags", _list)


def _list(original: Any) -> Any:
    """moto: of what there is not, an internal error. AWS: says that there is none."""

    def list_tags(backend: SageMakerModelBackend, arn: str, **named: Any) -> Any:
        if backend._get_resource_from_arn(arn) is None:
            raise ValidationError(message=f"Could not find resource {arn!r}.")
        return original(backend, arn=arn, **named)

    return list_tags


def _add(
    backend: SageMakerModelBackend, arn: str, tags: list[dict[str, str]]
) -> list[dict[str, str]]:
    """moto: a key that is given again is there twice, and there is no end of them. AWS: the value
    is another one then, and a resource has 50 tags.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AddTags.html
    """
    with _TAGGING:
        resource = backend._get_resource_from_arn(arn)
        if resource is None:
            raise ValidationError(message=f"Could not find resource {arn!r}.")
        merged = {tag["Key"]: tag["Value"] for tag in [*resource.tags, *tags]}
        if len(merged) > _LIMIT:
            raise ValidationError(message=f"{arn} would have more than {_LIMIT} tags.")
        resource.tags = [{"Key": key, "Value": value} for key, value in merged.items()]
        found: list[dict[str, str]] = resource.tags
        return found

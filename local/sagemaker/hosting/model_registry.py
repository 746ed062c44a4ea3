"""SageMaker's models and endpoint configurations; and what is refused."""

from __future__ import annotations

import functools
import threading
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import underscores_to_camelcase
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import FakeEndpointConfig, SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from local.runtime import patch
from local.runtime.runtime import Runtime

# moto answers these with made-up success. Nothing here does their work.
REFUSED = (
    "create_auto_ml_job_v2",
    "create_cluster",
    "create_compilation_job",
    "create_data_quality_job_definition",
    "create_domain",
    "create_feature_group",
    "create_model_bias_job_definition",
    "create_model_explainability_job_definition",
    "create_model_quality_job_definition",
    "create_notebook_instance",
    "create_pipeline",
    "create_processing_job",
    "create_transform_job",
    "start_pipeline_execution",
)


_CREATING = threading.Lock()  # of two requests with one name, one wins


def install(runtime: Runtime) -> None:
    patch.replace(SageMakerModelBackend, "create_model", _create_model)
    patch.replace(SageMakerResponse, "create_model", _create_model_request)
    patch.replace(SageMakerModelBackend, "create_endpoint_config", _create_endpoint_config)
    patch.replace(FakeEndpointConfig, "validate_instance_type", _current_types)
    for action in REFUSED:
        patch.replace(SageMakerResponse, action, functools.partial(_refusal, action))


def _create_model(original: Any) -> Any:
    """moto: replaces a model of the same name. AWS: refuses."""

    def create_model(backend: SageMakerModelBackend, **members: Any) -> Any:
        with _CREATING:
            existing = backend._models.get(members["model_name"])
            if existing is not None:
                raise ValidationError(
                    message=f'Cannot create already existing model "{existing.arn}".'
                )
            return original(backend, **members)

    return create_model


def _create_model_request(original: Any) -> Any:
    """moto: drops EnableNetworkIsolation. AWS: DescribeModel shows it."""

    def create_model(response: SageMakerResponse) -> ActionResult:
        result: ActionResult = original(response)
        model = response.sagemaker_backend._models[response._get_param("ModelName")]
        model.enable_network_isolation = bool(response._get_param("EnableNetworkIsolation"))
        return result

    return create_model


def _create_endpoint_config(original: Any) -> Any:
    """moto: replaces a configuration of the same name. AWS: refuses."""

    def create_endpoint_config(backend: SageMakerModelBackend, **members: Any) -> Any:
        with _CREATING:
            existing = backend.endpoint_configs.get(members["endpoint_config_name"])
            if existing is not None:
                raise ValidationError(
                    message="Cannot create already existing endpoint configuration "
                    f'"{existing.endpoint_config_arn}".'
                )
            return original(backend, **members)

    return create_endpoint_config


def _current_types(_original: Any) -> Any:
    """moto: knows the instance types of 2020. AWS: those of the API's model, which every request
    is held against (validation/)."""
    return lambda _config, _instance_type: None


def _refusal(action: str, _original: Any) -> Any:
    name = underscores_to_camelcase(action)

    def refuse(response: SageMakerResponse) -> ActionResult:
        raise ValidationError(
            message=f"{name[0].upper()}{name[1:]} is not supported by the laptop runtime."
        )

    return refuse

"""SageMaker hosting: endpoints are processes that answer InvokeEndpoint."""

from __future__ import annotations

import datetime
import threading
from typing import Any

from moto.core.responses import ActionResult
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import FakeEndpoint, FakeEndpointConfig, SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from local.runtime import patch
from local.runtime.runtime import Runtime
from local.sagemaker import tags
from local.sagemaker.hosting import (
    invocations,
    model_packages,
    model_registry,
    scaling,
    updates,
)
from local.sagemaker.hosting.applications import ServingFailed
from local.sagemaker.hosting.model_server import ModelServer

_REASON_LENGTH = 1024


def install(runtime: Runtime) -> None:
    endpoints = Endpoints(runtime)
    patch.replace(SageMakerModelBackend, "create_endpoint", endpoints.hook_create)
    patch.replace(SageMakerModelBackend, "delete_endpoint", endpoints.hook_delete)
    patch.replace(
        SageMakerModelBackend, "update_endpoint_weights_and_capacities", endpoints.hook_weights
    )
    SageMakerResponse.update_endpoint = endpoints.hook_update()
    invocations.install(runtime, endpoints.serving)
    model_registry.install(runtime)
    model_packages.install(runtime)
    scaling.install(runtime)
    tags.install(runtime)


class Endpoints:
    """The endpoints of one runtime and the processes behind them."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lock = threading.Lock()
        self._servers: dict[str, ModelServer] = {}
        # What each endpoint serves, which may be deleted meanwhile.
        self._configs: dict[str, FakeEndpointConfig] = {}

    def serving(self, endpoint: FakeEndpoint) -> ModelServer | None:
        return self._servers.get(endpoint.arn)

    def hook_create(self, original: Any) -> Any:
        """moto: replaces an endpoint of the same name and is InService at once. AWS: refuses, and
        is Creating until the model answers its ping."""

        def create_endpoint(
            backend: SageMakerModelBackend,
            endpoint_name: str,
            endpoint_config_name: str,
            tags: list[dict[str, str]],
        ) -> FakeEndpoint:
            with self._lock:
                if endpoint_name in backend.endpoints:
                    arn = backend.endpoints[endpoint_name].arn
                    raise ValidationError(
                        message=f'Cannot create already existing endpoint "{arn}".'
                    )
                config = backend.endpoint_configs.get(endpoint_config_name)
                endpoint: FakeEndpoint = original(
                    backend, endpoint_name, endpoint_config_name, tags
                )
                endpoint.endpoint_status = "Creating"
                self._configs[endpoint.arn] = config
            self._in_background(self._create, backend, endpoint, config)
            return endpoint

        return create_endpoint

    def hook_update(self) -> Any:
        """moto: has no UpdateEndpoint. AWS: the old configuration serves until the new one does,
        and goes on serving if the new one fails."""

        def update_endpoint(response: SageMakerResponse) -> ActionResult:
            backend = response.sagemaker_backend
            name = response._get_param("EndpointName")
            config_name = response._get_param("EndpointConfigName")
            if response._get_param("DeploymentConfig"):
                raise ValidationError(
                    message="DeploymentConfig: not supported yet by the laptop runtime."
                )
            retains = _retains_variants(response)
            with self._lock:
                backend.describe_endpoint(name)
                config = backend.endpoint_configs.get(config_name)
                backend.describe_endpoint_config(config_name)
                endpoint = backend.endpoints[name]
                updates.check(endpoint, self._configs[endpoint.arn], config)
                endpoint.endpoint_status = "Updating"
                endpoint.failure_reason = None
            retained = endpoint.production_variants if retains else []
            self._in_background(self._update, backend, endpoint, config, retained)
            return ActionResult({"EndpointArn": endpoint.arn})

        return update_endpoint

    def hook_delete(self, original: Any) -> Any:
        """moto: forgets the record. AWS: also ends what it runs and how it scales, and refuses
        while it changes."""

        def delete_endpoint(backend: SageMakerModelBackend, endpoint_name: str) -> None:
            with self._lock:
                endpoint = backend.endpoints.get(endpoint_name)
                if endpoint is not None:
                    updates.check_at_rest(endpoint)
                original(backend, endpoint_name)
                server = self._servers.pop(endpoint.arn, None)
                self._configs.pop(endpoint.arn, None)
                scaling.deregister(endpoint)
            if server is not None:
                server.close()

        return delete_endpoint

    def hook_weights(self, original: Any) -> Any:
        """moto: at any time. AWS: not while the endpoint changes."""

        def update_endpoint_weights_and_capacities(
            backend: SageMakerModelBackend, endpoint_name: str, **members: Any
        ) -> Any:
            with self._lock:
                endpoint = backend.endpoints.get(endpoint_name)
                if endpoint is not None:
                    updates.check_at_rest(endpoint)
                return original(backend, endpoint_name, **members)

        return update_endpoint_weights_and_capacities

    def _in_background(self, work: Any, *arguments: Any) -> None:
        threading.Thread(target=work, args=arguments, daemon=True).start()

    def _create(
        self, backend: SageMakerModelBackend, endpoint: FakeEndpoint, config: FakeEndpointConfig
    ) -> None:
        try:
            self._servers[endpoint.arn] = self._serve(backend, endpoint, config)
        except ServingFailed as error:
            endpoint.failure_reason = str(error)[:_REASON_LENGTH]
            self._settle(endpoint, "Failed")
        else:
            self._settle(endpoint, "InService")

    def _update(
        self,
        backend: SageMakerModelBackend,
        endpoint: FakeEndpoint,
        config: FakeEndpointConfig,
        retained: list[dict[str, Any]],
    ) -> None:
        try:
            server = self._serve(backend, endpoint, config)
        except ServingFailed as error:
            endpoint.failure_reason = str(error)[:_REASON_LENGTH]
            self._settle(endpoint, "InService")
            return
        previous = self._servers.get(endpoint.arn)
        self._servers[endpoint.arn], self._configs[endpoint.arn] = server, config
        endpoint.endpoint_config_name = config.endpoint_config_name
        endpoint.production_variants = [
            {**variant, **_kept(variant["VariantName"], retained)}
            for variant in endpoint._process_production_variants(config.production_variants)
        ]
        self._settle(endpoint, "InService")
        if previous is not None:
            previous.close()

    def _serve(
        self, backend: SageMakerModelBackend, endpoint: FakeEndpoint, config: FakeEndpointConfig
    ) -> ModelServer:
        try:
            if config.async_inference_config or config.data_capture_config:
                raise ServingFailed(
                    "AsyncInferenceConfig and DataCaptureConfig are not supported yet by the "
                    "laptop runtime."
                )
            variants = config.production_variants
            if len(variants) != 1:
                raise ServingFailed(
                    f"{config.endpoint_config_name} has {len(variants)} production variants; the "
                    "laptop runtime serves one."
                )
            model = backend._models.get(variants[0]["ModelName"])
            if model is None:
                raise ServingFailed(f"Could not find model {variants[0]['ModelName']!r}.")
            if model.enable_network_isolation and "ServerlessConfig" in variants[0]:
                raise ServingFailed("Serverless endpoints do not support network isolation.")
            if model.containers:
                raise ServingFailed("The laptop runtime serves one PrimaryContainer per model.")
            server = ModelServer(
                self._runtime,
                endpoint.endpoint_name,
                variants[0]["VariantName"],
                model.primary_container,
                model.execution_role_arn,
            )
            server.start()
        except ServingFailed:
            raise
        except Exception as error:  # a defect of the runtime must not leave it Creating
            raise ServingFailed(f"InternalServerError: {type(error).__name__}: {error}") from error
        return server

    def _settle(self, endpoint: FakeEndpoint, status: str) -> None:
        endpoint.last_modified_time = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        with self._lock:
            endpoint.endpoint_status = status


def _retains_variants(response: SageMakerResponse) -> bool:
    if response._get_param("ExcludeRetainedVariantProperties"):
        raise ValidationError(
            message="ExcludeRetainedVariantProperties: not supported yet by the laptop runtime."
        )
    return bool(response._get_param("RetainAllVariantProperties"))


def _kept(variant: str, retained: list[dict[str, Any]]) -> dict[str, Any]:
    """How many instances and which weight that variant had, if it is to keep them."""
    return {
        name: value
        for one in retained
        if one["VariantName"] == variant
        for name, value in one.items()
        if name.endswith(("InstanceCount", "Weight"))
    }

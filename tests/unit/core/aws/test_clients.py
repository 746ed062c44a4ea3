from __future__ import annotations

import socket
from pathlib import Path

import pytest
from botocore.exceptions import ReadTimeoutError
from samtranslator.yaml_helper import yaml_parse

from sonoflow import settings
from sonoflow.aws import clients
from sonoflow.aws.clients import client
from sonoflow.images import parts
from sonoflow.inference import invocations


def test_a_service_has_one_client() -> None:
    assert client("s3") is client("s3")
    assert client("s3") is not client("sns")


def test_requests_side_by_side_share_a_clients_connections() -> None:
    connections = client("s3").meta.config.max_pool_connections

    assert connections >= settings.read(settings.Staging, {}).stage_uploads_at_once
    assert connections >= parts.READS_AT_ONCE


def test_whoever_asks_a_model_waits_longer_than_it_may_take_and_once() -> None:
    config = client("sagemaker-runtime").meta.config

    assert (config.read_timeout, config.retries["total_max_attempts"]) == (70, 1)


@pytest.mark.parametrize("service", ["s3", "sagemaker-runtime"])
def test_a_connection_that_is_silent_while_a_model_computes_is_kept(service: str) -> None:
    assert client(service).meta.config.tcp_keepalive


@pytest.mark.parametrize("service", ["s3", "stepfunctions", "sqs", "sns", "sagemaker"])
def test_a_service_that_is_silent_is_not_waited_for_as_long_as_a_function_has(service: str) -> None:
    config = client(service).meta.config

    assert config.connect_timeout + config.read_timeout < 60


def test_an_image_of_the_inbox_fits_its_functions_time_though_every_model_is_silent(
    root: Path,
) -> None:
    template = yaml_parse((root / "template.yaml").read_text())
    timeout = template["Parameters"]["PredictTimeout"]["Default"]
    inbox = template["Resources"]["PredictFunction"]["Properties"]["Events"]
    (source,) = [event["Properties"] for event in inbox.values() if event["Type"] == "SQS"]
    config = client("sagemaker-runtime").meta.config
    once = config.connect_timeout + config.read_timeout

    # Both are asked at the same time; what is left is for reading, drawing and writing.
    assert once * config.retries["total_max_attempts"] < invocations.LONGEST_SECONDS
    assert source["BatchSize"] * invocations.LONGEST_SECONDS + 30 <= timeout


def test_a_silent_model_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given one that takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        monkeypatch.setattr(clients, "INVOKE_SECONDS", 0.2)
        runtime = client.__wrapped__("sagemaker-runtime")  # type: ignore[attr-defined]
        with pytest.raises(ReadTimeoutError):
            runtime.invoke_endpoint(EndpointName="silent", Body=b"")
        listener.settimeout(0.2)
        listener.accept()[0].close()
        with pytest.raises(TimeoutError):
            listener.accept()

from __future__ import annotations

from sonoflow import settings
from sonoflow.aws.clients import client
from sonoflow.images import parts


def test_a_service_has_one_client() -> None:
    assert client("s3") is client("s3")
    assert client("s3") is not client("sns")


def test_requests_side_by_side_share_a_clients_connections() -> None:
    connections = client("s3").meta.config.max_pool_connections

    assert connections >= settings.read(settings.Staging, {}).stage_uploads_at_once
    assert connections >= parts.READS_AT_ONCE

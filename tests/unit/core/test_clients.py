from __future__ import annotations

from sonoflow.clients import client


def test_a_service_has_one_client() -> None:
    assert client("s3") is client("s3")
    assert client("s3") is not client("sns")

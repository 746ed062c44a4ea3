from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from sonoflow.errors import EndpointChanged
from tests.unit import fake_endpoints, stack, tables
from tests.unit.fake_endpoints import TABLE, Answer, FakeEndpoints
from tests.unit.tables import ROWS, SCORES, score, upload


@pytest.fixture(autouse=True)
def endpoint(endpoints: FakeEndpoints) -> Iterator[FakeEndpoints]:
    with tables.served(endpoints):
        yield endpoints


def test_without_an_endpoint_the_services_error_escapes(endpoint: FakeEndpoints) -> None:
    endpoint.described.clear()

    with pytest.raises(ClientError, match="Could not find endpoint"):
        score(upload(ROWS))
    assert stack.keys_of(stack.RESULTS) == []


def test_a_model_whose_table_is_not_there_yet_is_tried_again(endpoint: FakeEndpoints) -> None:
    endpoint.described[TABLE] = {"EndpointConfigName": f"{TABLE}-ffffffffffff-00000000"}

    with pytest.raises(ClientError, match="NoSuchKey"):
        score(upload(ROWS))
    assert stack.keys_of(stack.RESULTS) == []


def test_a_model_that_changes_during_the_work_leaves_no_scores(endpoint: FakeEndpoints) -> None:
    def switching(body: bytes) -> Answer:
        tables.deploy(endpoint, f"{TABLE}-ffffffffffff-00000000")
        return fake_endpoints.linear_scores(body)

    endpoint.answers[TABLE] = switching
    item = upload(ROWS)

    with pytest.raises(EndpointChanged, match=rf"{tables.RELEASE} first, {TABLE}-fff"):
        score(item)
    assert stack.keys_of(stack.RESULTS) == []

    assert score(item) is not None
    assert b",ffffffffffff-00000000\n" in stack.read(stack.RESULTS, SCORES)


def test_while_another_model_is_deployed_nothing_is_scored(endpoint: FakeEndpoints) -> None:
    pending = {"EndpointConfigName": f"{TABLE}-ffffffffffff-00000000"}
    endpoint.described[TABLE] |= {
        "EndpointStatus": "Updating",
        "PendingDeploymentSummary": pending,
    }

    with pytest.raises(EndpointChanged, match="taking another model"):
        score(upload(ROWS))
    assert endpoint.requests == []


def test_an_endpoint_that_merely_scales_is_asked(endpoint: FakeEndpoints) -> None:
    endpoint.described[TABLE]["EndpointStatus"] = "Updating"

    assert score(upload(ROWS)) is not None

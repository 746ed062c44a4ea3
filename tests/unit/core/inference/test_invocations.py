from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from sonoflow.aws.clients import client
from sonoflow.inference import invocations
from tests.unit import fake_endpoints
from tests.unit.fake_endpoints import CLASSIFIER, Answer, FakeEndpoints


def test_an_endpoint_is_told_what_it_gets_and_what_is_wanted(endpoints: FakeEndpoints) -> None:
    endpoints.answers[CLASSIFIER] = lambda body: Answer(body[::-1], "text/csv")
    wanted: list[str] = []

    def note(params: dict[str, str], **_: object) -> None:
        wanted.append(params["Accept"])

    hook = "provide-client-params.sagemaker-runtime.InvokeEndpoint"
    client("sagemaker-runtime").meta.events.register(hook, note)
    try:
        answer = invocations.invoke(CLASSIFIER, b"1,2", "application/json", "text/csv")
    finally:
        client("sagemaker-runtime").meta.events.unregister(hook, note)

    assert answer == b"2,1"
    assert endpoints.requests == [(CLASSIFIER, "application/json", b"1,2")]
    assert wanted == ["text/csv"]


def test_errors_of_the_call_escape(endpoints: FakeEndpoints) -> None:
    endpoints.answers[CLASSIFIER] = fake_endpoints.failing

    with pytest.raises(ClientError, match="the model failed"):
        invocations.invoke(CLASSIFIER, b"", "image/png", "application/json")

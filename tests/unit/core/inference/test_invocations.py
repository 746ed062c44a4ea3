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


@pytest.mark.parametrize(
    ("code", "asked"),
    [
        ("ThrottlingException", 3),
        ("ModelNotReadyException", 3),
        ("ServiceUnavailable", 3),
        ("ModelError", 1),  # it was asked, and had its time
        ("InternalFailure", 1),
    ],
)
def test_only_an_endpoint_that_did_not_ask_its_model_is_asked_again(
    endpoints: FakeEndpoints, monkeypatch: pytest.MonkeyPatch, code: str, asked: int
) -> None:
    monkeypatch.setattr(invocations, "_PAUSES", (0.0, 0.0))
    endpoints.answers[CLASSIFIER] = lambda _: Answer(
        b'{"Message": "refused"}', "application/json", 429, code
    )

    with pytest.raises(ClientError, match=code):
        invocations.invoke(CLASSIFIER, b"", "image/png", "application/json")

    assert len(endpoints.requests) == asked


def test_an_endpoint_that_is_busy_for_a_moment_answers_in_the_end(
    endpoints: FakeEndpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invocations, "_PAUSES", (0.0, 0.0))
    busy = Answer(b'{"Message": "slow down"}', "application/json", 400, "ThrottlingException")
    answers = iter([busy, busy, Answer(b"2,1", "text/csv")])
    endpoints.answers[CLASSIFIER] = lambda _: next(answers)

    assert invocations.invoke(CLASSIFIER, b"", "text/csv", "text/csv") == b"2,1"


def test_a_refusal_that_took_long_is_not_waited_for_again(
    endpoints: FakeEndpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the longest time in all is known, whatever each answer takes."""
    clock = iter([0.0, 5.1])
    monkeypatch.setattr(invocations.time, "monotonic", lambda: next(clock))
    endpoints.answers[CLASSIFIER] = lambda _: Answer(
        b'{"Message": "slow down"}', "application/json", 503, "ServiceUnavailable"
    )

    with pytest.raises(ClientError, match="ServiceUnavailable"):
        invocations.invoke(CLASSIFIER, b"", "image/png", "application/json")

    assert len(endpoints.requests) == 1

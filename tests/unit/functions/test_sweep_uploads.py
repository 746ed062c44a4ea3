from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from functions.sweep_uploads.app import handler
from sonoflow.errors import PayloadInvalid
from tests.unit import stack
from tests.unit.core.sweeping.swept import Service, put
from tests.unit.metrics import metrics_of

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")


@pytest.fixture
def service(aws: None, settings_env: pytest.MonkeyPatch) -> Iterator[Service]:
    found = Service()
    for variable, value in found.environment.items():
        settings_env.setenv(variable, value)
    with found.listening():
        yield found


def test_a_schedule_sends_what_is_older_than_the_grace_time(
    context: Any,
    service: Service,
    settings_env: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    put("inbox/a.png")
    scheduled = stack.event("sweep_uploads.scheduled")
    assert handler(scheduled, context) == {"seen": 0, "sent": 0, "held_back": 0}
    capsys.readouterr()

    settings_env.setenv("SWEEP_GRACE_MINUTES", "0")
    assert handler(scheduled, context) == {"seen": 1, "sent": 1, "held_back": 0}

    (event,) = service.received(service.images)
    assert (event["account"], event["region"]) == ("123456789012", "us-east-1")
    told = capsys.readouterr().out
    expected = {"UploadsUnanswered": 1.0, "UploadsSentAgain": 1.0, "UploadsHeldBack": 0.0}
    assert metrics_of(told) == expected
    assert "a.png" not in told


def test_a_person_is_told_the_keys(context: Any, service: Service) -> None:
    put("inbox/a.png")

    answer = handler(stack.event("sweep_uploads.by_hand"), context)

    assert answer == {
        "seen": 1,
        "unanswered": ["inbox/a.png"],
        "sent": 1,
        "held_back": 0,
        "after": None,
    }
    after = {"sweep": {"minutes": 0, "after": "inbox/a.png"}}
    assert handler(after, context)["seen"] == 0


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (stack.event("sweep_uploads.bad_order"), "force"),
        ({}, "'sweep'"),
        ({"sweep": {"minutes": "15"}}, "minutes"),
        ({"sweep": {"minutes": -1}}, "minutes"),
        ({"sweep": {"dry_run": 1}}, "dry_run"),
        ({"sweep": {"after": 7}}, "after"),
    ],
)
def test_an_order_that_makes_no_sense_is_an_error(
    context: Any, service: Service, event: dict[str, Any], message: str
) -> None:
    with pytest.raises(PayloadInvalid, match=message):
        handler(event, context)

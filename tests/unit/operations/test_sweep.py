"""Asking for a sweep, as often as it takes to see everything."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.response import StreamingBody

from operations import sweep
from operations.account import Account

pytestmark = pytest.mark.usefixtures("aws")
FUNCTION = "sonoflow-SweepUploadsFunction-1a2b"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The orders that the function was given; it sees one key at a time, three in all."""
    orders: list[Any] = []

    def answer(params: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        assert params["url_path"].split("/")[3] == FUNCTION
        order = json.loads(params["body"])["sweep"]
        orders.append(order)
        key = {None: "a", "a": "b", "b": "c"}.get(order["after"])
        document: dict[str, Any] = {
            "seen": 1,
            "unanswered": [key],
            "sent": 0 if order["dry_run"] else 1,
            "held_back": 0,
            "after": None if key == "c" else key,
        }
        parsed: dict[str, Any] = {"StatusCode": 200}
        if key is None:
            document = {"errorMessage": "out of luck"}
            parsed["FunctionError"] = "Unhandled"
        body = json.dumps(document).encode()
        parsed["Payload"] = StreamingBody(io.BytesIO(body), len(body))
        return AWSResponse(params["url"], 200, {}, None), parsed

    class Known(Account):
        def resource(self, stack: str, logical_id: str) -> str:
            assert (stack, logical_id) == ("wards", "SweepUploadsFunction")
            return FUNCTION

        def client(self, service: str, read_timeout: float = 60) -> Any:
            made = super().client(service, read_timeout)
            if service == "lambda":
                assert made.meta.config.read_timeout > 900
                assert made.meta.config.retries["total_max_attempts"] == 1
                made.meta.events.register("before-call.lambda.Invoke", answer, unique_id="answer")
            return made

    monkeypatch.setattr(sweep, "Account", Known)
    return orders


def test_a_sweep_goes_on_until_it_has_seen_everything(
    asked: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep.main(["--stack", "wards", "--minutes", "5"]) == 0

    assert [order["after"] for order in asked] == [None, "a", "b"]
    assert {(order["minutes"], order["dry_run"]) for order in asked} == {(5, False)}
    told = capsys.readouterr().out
    assert "b: unanswered" in told
    assert "3 uploads without an answer, 3 delivered again" in told


def test_a_dry_run_is_one_of_the_function_too(
    asked: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep.main(["--stack", "wards", "--dry-run", "--after", "b"]) == 0

    assert asked == [{"minutes": 15, "dry_run": True, "after": "b"}]
    assert "1 uploads without an answer, 0 delivered again" in capsys.readouterr().out


def test_a_sweep_that_fails_says_where_to_go_on(
    asked: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep.main(["--stack", "wards", "--after", "x"]) == 1

    assert "out of luck; --after 'x' goes on there" in capsys.readouterr().err

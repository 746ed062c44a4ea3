from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from sonoflow.comparing import asking, champions
from sonoflow.comparing.asking import CHUNK, SILENT, Answer
from sonoflow.comparing.champions import Champion
from sonoflow.errors import EndpointResponseInvalid
from tests.unit import contests, stack

IMAGES = [{"id": str(number)} for number in range(CHUNK + 10)]


@pytest.fixture
def champion(aws: None) -> Champion:
    contests.serve("classifier")
    found = champions.find("sonoflow-classifier")
    assert found is not None
    return found


def keep(start: int) -> tuple[str, str]:
    return stack.WORK, f"champion/{start:06d}.json"


def ask(champion: Champion, answer: Any, moments: int = 10_000) -> tuple[list[Answer], bool]:
    return asking.ask(IMAGES, answer, champion, keep, contests.after(moments))


def failed(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "InvokeEndpoint")


def test_answers_come_in_the_order_of_the_images_and_are_kept_in_parts(
    champion: Champion,
) -> None:
    answers, done = ask(champion, lambda image: {"said": image["id"]})

    assert done
    assert [one["said"] for one in answers] == [image["id"] for image in IMAGES]
    assert stack.keys_of(stack.WORK) == ["champion/000000.json", f"champion/{CHUNK:06d}.json"]


def test_what_is_kept_is_not_asked_again(champion: Champion) -> None:
    asked: list[str] = []

    def answer(image: Any) -> Answer:
        asked.append(image["id"])
        return {"said": image["id"]}

    first, done = ask(champion, answer, moments=7)
    assert (len(first), done) == (7, False)
    second, done = ask(champion, answer)

    assert done
    assert asked == [image["id"] for image in IMAGES]
    assert [one["said"] for one in second] == asked


def test_without_time_nothing_is_asked(champion: Champion) -> None:
    assert ask(champion, lambda _: pytest.fail("asked"), moments=0) == ([], False)


@pytest.mark.parametrize(
    "error",
    [
        failed("ModelError"),
        EndpointResponseInvalid("no classification"),
        ReadTimeoutError(endpoint_url="https://runtime"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_failures_of_the_model_are_answers_too_until_there_are_several_in_a_row(
    champion: Champion, error: Exception
) -> None:
    asked: list[str] = []

    def answer(image: Any) -> Answer:
        asked.append(image["id"])
        if int(image["id"]) in (0, 1, 5) or int(image["id"]) >= 20:
            raise error
        return {"said": image["id"]}

    answers, done = ask(champion, answer)

    assert done
    assert len(answers) == len(asked) == 20 + SILENT
    assert [place for place, one in enumerate(answers) if "error" in one] == [
        *(0, 1, 5),
        *range(20, 20 + SILENT),
    ]


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_what_is_no_fault_of_the_model_escapes(champion: Champion, code: str) -> None:
    def answer(_: Any) -> Answer:
        raise failed(code)

    with pytest.raises(ClientError, match=code):
        ask(champion, answer)

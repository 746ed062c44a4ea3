"""The answers of the model in service to many images: asked one by one, kept as they come.

It answers patients' images at the same time, so it never gets more than one of these at once. What
is kept needs not be asked again when a function's time is over, or it is called again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from sonoflow.aws import objects
from sonoflow.comparing.champions import Champion
from sonoflow.errors import EndpointResponseInvalid

CHUNK = 50  # answers that are kept together
SILENT = 5  # failures one after the other, from which on nothing more is expected of it
# That the longest answer needs, and writing it down.
SPARE_SECONDS = 150.0
_MODEL_FAILED = "ModelError"  # its container answered an error, or nothing in time

Answer = dict[str, Any]  # with `error`, where there is none


def ask(
    images: Sequence[Mapping[str, Any]],
    answer: Callable[[Mapping[str, Any]], Answer],
    champion: Champion,
    keep: Callable[[int], tuple[str, str]],
    seconds_left: Callable[[], float],
) -> tuple[list[Answer], bool]:
    """Answers to the images, in their order, and whether these are all that there will be.

    `answer` asks; `keep` says bucket and key for those from a place on. Raises EndpointChanged
    where another model took over; errors of the call that are not the model's escape.
    """
    answers = _kept(keep)
    while len(answers) < len(images) and not _silent(answers):
        chunk: list[Answer] = []
        for image in images[len(answers) : len(answers) + CHUNK]:
            if seconds_left() < SPARE_SECONDS or _silent([*answers[-SILENT:], *chunk]):
                break
            chunk.append(one(image, answer))
        if not chunk:
            return answers, False
        champion.check_unchanged()
        objects.write_json(*keep(len(answers)), chunk)
        answers += chunk
    return answers, True


def _kept(keep: Callable[[int], tuple[str, str]]) -> list[Answer]:
    answers: list[Answer] = []
    while chunk := objects.find_json(*keep(len(answers))):
        answers += chunk
    return answers


def _silent(answers: Sequence[Answer]) -> bool:
    return len(answers) >= SILENT and all("error" in one for one in answers[-SILENT:])


def one(image: Mapping[str, Any], answer: Callable[[Mapping[str, Any]], Answer]) -> Answer:
    """Its answer; `error` where the model has none. Errors of the call that are not the model's
    escape."""
    try:
        return answer(image)
    except (EndpointResponseInvalid, ReadTimeoutError) as error:
        return {"error": str(error)[:500]}
    except ClientError as error:
        if error.response["Error"]["Code"] != _MODEL_FAILED:
            raise
        return {"error": str(error)[:500]}

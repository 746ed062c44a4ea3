"""A new model of images against the one in service, on the images of its test split that are new to
that one too. Of the new model its training job's evaluation holds every answer."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from sonoflow import keys, payloads
from sonoflow.aws import objects
from sonoflow.comparing import asking, bootstrap, champions, comparison, new_images
from sonoflow.comparing.answers import Answers, Classified, Segmented
from sonoflow.comparing.asking import Answer
from sonoflow.comparing.champions import Champion
from sonoflow.comparing.comparison import Comparison, Sample
from sonoflow.comparing.new_images import Entry, Known
from sonoflow.errors import EndpointChanged
from sonoflow.images import pixels
from sonoflow.inference import image_endpoints
from sonoflow.inference.image_endpoints import Model
from sonoflow.keys import TEST, Dataset

IMAGES_LIMIT = 2000  # a minute's work for a quick model, a quarter of an hour's for a slow one
_MARKED = 128  # from this level on a segmenter's answer says lesion
_UNIT = "images"


@dataclasses.dataclass(frozen=True)
class _Case:
    """One release that is held against a champion."""

    bucket: str
    dataset: Dataset
    release: str
    classes: list[str]
    answered: Mapping[str, Answer]  # by the new model, by id of the image
    champion: Champion


class Contest(abc.ABC):
    """How models of one task are compared."""

    @staticmethod
    @abc.abstractmethod
    def ask(endpoint: str, image: bytes, mask: bytes | None) -> tuple[Answer, Model]:
        """Raises EndpointResponseInvalid; errors of the call escape."""

    @staticmethod
    @abc.abstractmethod
    def answers(
        images: Sequence[Entry], given: Sequence[Answer], classes: list[str]
    ) -> Answers: ...

    has_classes: ClassVar[bool]  # whose names are part of the answer


class Classification(Contest):
    has_classes = True

    @staticmethod
    def ask(endpoint: str, image: bytes, mask: bytes | None) -> tuple[Answer, Model]:
        found = image_endpoints.classify(endpoint, image)
        return {"label": found.label, "probabilities": found.probabilities}, found.model

    @staticmethod
    def answers(images: Sequence[Entry], given: Sequence[Answer], classes: list[str]) -> Answers:
        return Classified.of([image["class"] for image in images], given, classes)


class Segmentation(Contest):
    has_classes = False

    @staticmethod
    def ask(endpoint: str, image: bytes, mask: bytes | None) -> tuple[Answer, Model]:
        decoded = pixels.decode(image)
        found = image_endpoints.segment(endpoint, image, (decoded.width, decoded.height))
        marked = found.probabilities >= _MARKED
        true = np.zeros_like(marked) if mask is None else pixels.decode(mask).pixels >= _MARKED
        both, lesion, said = (int(one.sum()) for one in (marked & true, true, marked))
        dice = 2 * both / (lesion + said) if lesion else None
        return {"lesion_pixels": lesion, "predicted_pixels": said, "dice": dice}, found.model

    @staticmethod
    def answers(images: Sequence[Entry], given: Sequence[Answer], classes: list[str]) -> Answers:
        return Segmented.of(given)


def compare(
    contest: type[Contest],
    payload: Mapping[str, Any],
    seconds_left: Callable[[], float],
    last: bool = False,
) -> Comparison | None:
    """None: call again. The `last` time what was answered by then has to do.

    Raises PayloadInvalid, EndpointChanged; errors of the services escape.
    """
    champion = champions.find(payloads.field(payload, "endpoint_name", str))
    if champion is None:
        return comparison.first()
    case = _case(payload, champion)
    if contest.has_classes and (reason := _other_classes(contest, case)):
        return comparison.incompatible(champion.config, reason)
    known = _known(case)
    if known is None:
        reason = "what it was trained on is not known, so no image can be called new to it"
        return comparison.uncompared(champion.config, reason)
    images, left_out = new_images.of_split(_test_split(case), known)
    images = new_images.at_most(images, IMAGES_LIMIT)
    groups = len({image["group"] for image in images})
    if groups < bootstrap.GROUPS_MINIMUM:
        sample = Sample(_UNIT, 0, groups, left_out)
        return comparison.uncompared(champion.config, _too_few(sample), sample)
    answers, done = asking.ask(
        images,
        lambda image: _ask(contest, case, image),
        champion,
        lambda start: (case.bucket, keys.champion_answers(case.release, champion.config, start)),
        seconds_left,
    )
    return _judged(contest, case, images, answers, left_out) if done or last else None


def _case(payload: Mapping[str, Any], champion: Champion) -> _Case:
    bucket, key = keys.parse_uri(payloads.field(payload, "evaluation_uri", str))
    evaluation = objects.read_json(bucket, key)
    return _Case(
        bucket=bucket,
        dataset=Dataset.parse(payload),
        release=payloads.field(payload, "release", str),
        classes=payloads.texts(payload, "classes"),
        answered={one["id"]: one for one in evaluation["per_image"]},
        champion=champion,
    )


def _test_split(case: _Case) -> list[Entry]:
    lines = objects.read_lines(case.bucket, case.dataset.index)
    return [one for one in lines if one["split"] == TEST and one["id"] in case.answered]


def _known(case: _Case) -> Known | None:
    """What the champion has learnt from; None where its data set, or that one's index, is gone."""
    dataset = case.champion.dataset
    if dataset is None:
        return None
    index = objects.find(case.bucket, dataset.index)
    return None if index is None else Known.of(objects.lines(index))


def _other_classes(contest: type[Contest], case: _Case) -> str:
    """Why the answers would name other classes than before; empty where they do not."""
    evaluation = objects.find_json(case.bucket, keys.evaluation(case.champion.config))
    if evaluation is not None:
        before = list(evaluation["classes"])
    else:  # of a model that somebody else has put there: what it says of any image
        images = _test_split(case)
        asked = (asking.one(image, lambda one: _ask(contest, case, one)) for image in images[:1])
        before = list(next(asked, {}).get("probabilities", {})) or case.classes
    if set(before) == set(case.classes):
        return ""
    return (
        f"it knows the classes {', '.join(sorted(case.classes))}; the model in service, "
        f"{case.champion.config}, knows {', '.join(sorted(before))}: whoever reads the answers "
        "would meet others than before"
    )


def _ask(contest: type[Contest], case: _Case, image: Entry) -> Answer:
    prefix, champion = case.dataset.prefix, case.champion
    mask = image["mask"] and objects.read(case.bucket, prefix + image["mask"])
    png = objects.read(case.bucket, prefix + image["image"])
    answer, model = contest.ask(champion.endpoint, png, mask)
    if champion.version is not None and model.version != champion.version:
        message = f"{champion.endpoint} served {champion.version} first, {model.version} now"
        raise EndpointChanged(message)
    return answer


def _judged(
    contest: type[Contest],
    case: _Case,
    images: Sequence[Entry],
    answers: Sequence[Answer],
    left_out: int,
) -> Comparison:
    asked = images[: len(answers)]
    if len(asked) < len(
        images
    ):  # a group that was not asked to its end would count as one that was
        asked = [one for one in asked if one["group"] != images[len(answers)]["group"]]
    pairs = [pair for pair in zip(asked, answers, strict=False) if "error" not in pair[1]]
    both = [image for image, _ in pairs]
    groups = [image["group"] for image in both]
    unanswered = len(asked) - len(both)
    sample = Sample(_UNIT, len(both), len(set(groups)), left_out, unanswered)
    if unanswered and not both:
        first = str(answers[0]["error"])
        return comparison.uncompared(case.champion.config, f"it does not answer: {first}", sample)
    if sample.groups < bootstrap.GROUPS_MINIMUM:
        return comparison.uncompared(case.champion.config, _too_few(sample), sample)
    champion = contest.answers(both, [answer for _, answer in pairs], case.classes)
    own = contest.answers(both, [case.answered[image["id"]] for image in both], case.classes)
    found = bootstrap.compare(champion, own, groups)
    return comparison.judged(case.champion.config, found, sample)


def _too_few(sample: Sample) -> str:
    return (
        f"{sample.groups} groups of test images are new to it ({sample.left_out} images left out,"
        f" {sample.unanswered} unanswered), and {bootstrap.GROUPS_MINIMUM} are needed"
    )

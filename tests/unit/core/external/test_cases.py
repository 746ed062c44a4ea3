from __future__ import annotations

import json
from typing import Any

import pytest

from sonoflow.errors import EvaluationUnreadable
from sonoflow.external import cases, serving
from tests.unit import external_sets, stack
from tests.unit.fake_endpoints import CLASSIFIER


@pytest.fixture
def classifier(aws: None) -> serving.InService:
    external_sets.evaluations(external_sets.trained())
    return serving.parse(stack.event("check_external.staged"))[0]


def test_the_own_test_split_has_its_groups_and_sizes_from_the_index(
    classifier: serving.InService,
) -> None:
    found, document = cases.internal(stack.WORK, classifier)

    assert len(found) == len({case.group for case in found}) == 6
    lesions = {case.lesion_share for case in found if case.label != "normal"}
    assert lesions == {200 / (96 * 64)}
    assert {case.lesion_share for case in found if case.label == "normal"} == {None}
    assert document["metrics"]["accuracy"] == 1.0


@pytest.mark.parametrize("broken", [{"per_image": None}, {"per_image": [{"class": "benign"}]}])
def test_an_evaluation_without_its_images_is_unreadable(
    classifier: serving.InService, broken: dict[str, Any]
) -> None:
    key = f"training/{CLASSIFIER}-{external_sets.VERSION}/evaluation.json"
    document = {**stack.read_json(stack.WORK, key), **broken}
    stack.write(stack.WORK, key, json.dumps(document))

    with pytest.raises(EvaluationUnreadable):
        cases.internal(stack.WORK, classifier)


def case(label: str, record: dict[str, Any]) -> cases.Case:
    return cases.Case("0", label, "g", None, record)


def test_who_is_classified_who_segmented_who_neither() -> None:
    said = external_sets.said("benign")
    several = [
        case("benign", said),
        case("cyst", said),
        case("benign", {"true_positives": 0}),
        case("benign", {"unanswered": {"reason": "too-large", "detail": ""}}),
    ]

    assert cases.classified(several, ("benign", "malignant")) == several[:1]
    assert cases.segmented(several) == several[2:3]
    assert cases.unanswered(several) == several[3:]

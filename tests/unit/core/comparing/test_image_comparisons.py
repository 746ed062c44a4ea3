from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sonoflow.aws.clients import client
from sonoflow.comparing import asking
from sonoflow.comparing.comparison import Comparison
from sonoflow.comparing.image_comparisons import Classification, Segmentation, compare
from sonoflow.errors import EndpointChanged
from tests.unit import contests, fake_endpoints, stack
from tests.unit.contests import LESION, PER_CLASS, entry
from tests.unit.fake_endpoints import Answer, FakeEndpoints

ALL = 3 * PER_CLASS
NEW = f"on {ALL} images in {ALL} groups that are new to both"


@pytest.fixture
def payload(endpoints: FakeEndpoints) -> Any:
    """A classifier in service that errs in the last two images."""
    entries = contests.write_test_split()
    contests.write_training()
    contests.serve("classifier")
    contests.write_classes(*contests.CLASSES)
    contests.champion_classifies(endpoints, entries, mistakes=2)
    return stack.event("compare_models.classification")


def classifiers(payload: Any, mistakes: int = 0, moments: int = 10_000) -> Comparison | None:
    entries = [entry(number) for number in range(ALL)]
    contests.write_evaluation(payload, contests.classified(entries, mistakes))
    return compare(Classification, payload, contests.after(moments))


def settled(found: Comparison | None) -> Comparison:
    assert found is not None
    return found


def test_the_first_model_is_compared_with_none(endpoints: FakeEndpoints) -> None:
    payload = stack.event("compare_models.classification")

    found = settled(compare(Classification, payload, contests.after(1)))

    assert (found.outcome, found.passed, found.champion) == ("first", True, None)
    assert found.says == "no model is in service, so there is none to be compared with"
    assert endpoints.requests == []


def test_a_better_model_passes_with_the_figures_of_both(
    payload: Any, endpoints: FakeEndpoints
) -> None:
    found = settled(classifiers(payload, mistakes=0))

    assert (found.outcome, found.passed, found.reasons) == ("not worse", True, ())
    assert found.says.startswith(
        f"not worse than the model in service, sonoflow-classifier-{contests.OLD_VERSION}, {NEW}: "
        "accuracy 1.0000 against 0.9667"
    )
    assert len(endpoints.requests) == ALL


def test_a_model_that_errs_as_often_on_other_images_is_not_worse(payload: Any) -> None:
    assert settled(classifiers(payload, mistakes=2)).outcome == "not worse"


def test_a_worse_model_does_not_pass_and_every_figure_says_why(payload: Any) -> None:
    found = settled(classifiers(payload, mistakes=30))

    assert (found.outcome, found.passed) == ("worse", False)
    (reason,) = found.reasons
    assert reason == found.says
    assert f"worse than the model in service, {found.champion}, {NEW}: " in reason
    assert "accuracy is 0.5000, that of the model in service 0.9667 (-0.4667; chance" in reason
    assert "malignant_sensitivity is " in reason
    document = found.document()
    assert document["figures"]["accuracy"]["worse"] is True
    assert document["figures"]["accuracy"]["interval"][1] < 0


def test_what_the_registry_is_told_is_what_it_takes(payload: Any) -> None:
    """No comma, no bracket: CustomerMetadataProperties refuses them."""
    metadata = settled(classifiers(payload, mistakes=30)).document()["metadata"]

    assert metadata["comparison"] == "worse"
    assert metadata["champion"] == f"sonoflow-classifier-{contests.OLD_VERSION}"
    assert metadata["champion_accuracy"] == "0.9667"
    assert metadata["challenger_accuracy"] == "0.5000"
    allowed = set(" _.:/=+-@")
    for text in (*metadata, *metadata.values()):
        assert all(letter.isalnum() or letter in allowed for letter in text), text


def test_images_that_it_has_trained_on_are_left_out_with_what_belongs_to_them(
    payload: Any, endpoints: FakeEndpoints
) -> None:
    """Given one by its pixels, one by its look alone, and a third that is of the second's group."""
    entries = [entry(number, group="pair" if number in (4, 5) else None) for number in range(ALL)]
    contests.write_test_split(entries)
    same = entry(3, "train")
    alike = {**entry(4, "validation"), "sha256": "f" * 64}
    contests.write_index(contests.OLD, [same, alike])

    sample = settled(classifiers(payload)).sample

    assert sample is not None
    assert (sample.compared, sample.groups, sample.left_out) == (ALL - 3, ALL - 3, 3)
    assert len(endpoints.requests) == ALL - 3


def test_images_of_its_own_test_split_are_new_to_it(payload: Any) -> None:
    contests.write_index(contests.OLD, [entry(number) for number in range(ALL)])

    sample = settled(classifiers(payload)).sample

    assert sample is not None
    assert sample.left_out == 0


def test_too_few_new_images_are_no_ground_to_judge_on(
    payload: Any, endpoints: FakeEndpoints
) -> None:
    contests.write_training(*range(ALL - 10))

    found = settled(classifiers(payload, mistakes=ALL))

    assert (found.outcome, found.passed) == ("uncompared", True)
    assert "10 groups of test images are new to it (50 images left out" in found.says
    assert "15 are needed" in found.says
    assert endpoints.requests == []


@pytest.mark.parametrize("before", [["benign", "malignant"], ["benign", "malignant", "other"]])
def test_other_classes_than_before_do_not_pass(payload: Any, before: list[str]) -> None:
    contests.write_classes(*before)

    found = settled(classifiers(payload))

    assert (found.outcome, found.passed) == ("incompatible", False)
    assert "it knows the classes benign, malignant, normal; the model in service" in found.says
    assert f"knows {', '.join(before)}" in found.reasons[0]


def test_a_model_without_evaluation_tells_its_classes_by_an_answer(
    endpoints: FakeEndpoints,
) -> None:
    contests.write_test_split()
    contests.serve("classifier")
    answer = fake_endpoints.classification(
        {"cyst": 0.5, "solid": 0.5}, version=contests.OLD_VERSION
    )
    endpoints.answers["sonoflow-classifier"] = lambda _: answer

    found = settled(classifiers(stack.event("compare_models.classification")))

    assert found.outcome == "incompatible"
    assert "knows cyst, solid" in found.says


def test_a_model_of_somebodys_own_that_fails_can_be_replaced(endpoints: FakeEndpoints) -> None:
    """Neither an evaluation nor an answer tells its classes."""
    contests.write_test_split()
    contests.serve("classifier")
    endpoints.answers["sonoflow-classifier"] = fake_endpoints.failing

    found = settled(classifiers(stack.event("compare_models.classification")))

    assert (found.outcome, found.passed) == ("uncompared", True)


def test_a_champion_that_does_not_answer_stands_in_nobodys_way(
    payload: Any, endpoints: FakeEndpoints
) -> None:
    endpoints.answers["sonoflow-classifier"] = fake_endpoints.failing

    found = settled(classifiers(payload))

    assert (found.outcome, found.passed) == ("uncompared", True)
    assert "it does not answer: " in found.says
    assert "the model failed" in found.says
    assert len(endpoints.requests) == asking.SILENT  # it answers patients: no more than that


def test_a_single_image_that_it_cannot_answer_is_left_out_and_counted(
    payload: Any, endpoints: FakeEndpoints
) -> None:
    usual, asked = endpoints.answers["sonoflow-classifier"], iter(range(ALL))
    endpoints.answers["sonoflow-classifier"] = lambda body: (
        fake_endpoints.failing(body) if next(asked) == 7 else usual(body)
    )

    sample = settled(classifiers(payload)).sample

    assert sample is not None
    assert (sample.compared, sample.unanswered) == (ALL - 1, 1)


def test_what_is_no_fault_of_the_model_is_tried_again(
    payload: Any, endpoints: FakeEndpoints
) -> None:
    endpoints.answers["sonoflow-classifier"] = fake_endpoints.missing

    with pytest.raises(ClientError, match="not found"):
        classifiers(payload)


@pytest.mark.parametrize("tag", ["", "no data set", "busi-mini-fedcba987654"])
def test_a_model_of_which_nobody_knows_what_it_was_trained_on_is_not_compared(
    endpoints: FakeEndpoints, tag: str
) -> None:
    """Made by hand, or its data set is gone."""
    entries = contests.write_test_split()
    contests.serve("classifier", tag)
    contests.champion_classifies(endpoints, entries)

    found = settled(classifiers(stack.event("compare_models.classification"), mistakes=ALL))

    assert (found.outcome, found.passed) == ("uncompared", True)
    assert "what it was trained on is not known" in found.says


def test_another_model_that_answers_meanwhile_is_an_error_that_passes(
    payload: Any, endpoints: FakeEndpoints
) -> None:
    other = contests.classification("benign", version="eeeeeeeeeeee-22222222")
    endpoints.answers["sonoflow-classifier"] = lambda _: other

    with pytest.raises(EndpointChanged, match=r"0123456789ab-11111111 first, eeeeeeeeeeee-222"):
        classifiers(payload)


def test_a_model_that_is_replaced_while_it_is_asked_is_not_taken_for_the_old_one(
    payload: Any, endpoints: FakeEndpoints
) -> None:
    """Even if it answers to the old one's name: nothing of it is kept."""
    usual = endpoints.answers["sonoflow-classifier"]

    def replaced(body: bytes) -> Answer:
        if len(endpoints.requests) == 3:
            client("sagemaker").delete_endpoint(EndpointName="sonoflow-classifier")
        return usual(body)

    endpoints.answers["sonoflow-classifier"] = replaced

    with pytest.raises(EndpointChanged, match="nothing now"):
        classifiers(payload)
    assert not [key for key in stack.keys_of(stack.WORK) if "/champion/" in key]


def test_asking_goes_on_where_a_functions_time_was_over(
    payload: Any, endpoints: FakeEndpoints
) -> None:
    assert classifiers(payload, moments=20) is None
    asked = [body for _, _, body in endpoints.requests]
    assert 0 < len(asked) < ALL
    found = settled(classifiers(payload))

    assert found.sample is not None
    assert found.sample.compared == ALL
    assert len(endpoints.requests) == ALL  # none of them twice


def test_the_last_time_what_was_answered_has_to_do(payload: Any, endpoints: FakeEndpoints) -> None:
    entries = [entry(number) for number in range(ALL)]
    contests.write_evaluation(payload, contests.classified(entries, 0))

    found = settled(compare(Classification, payload, contests.after(30), last=True))

    assert found.sample is not None
    assert found.sample.compared == len(endpoints.requests) == 30


@pytest.mark.parametrize(("dice", "outcome"), [(1.0, "not worse"), (0.7, "worse")])
def test_segmenters_are_compared_by_their_masks(
    endpoints: FakeEndpoints, dice: float, outcome: str
) -> None:
    """Given one in service whose masks lie nearly right, on normal images too."""
    entries = contests.write_test_split()
    contests.write_training()
    contests.serve("segmenter")
    left, top, right, bottom = LESION
    contests.champion_segments(endpoints, (left, top, right - 2, bottom))
    payload = stack.event("compare_models.segmentation")
    contests.write_evaluation(payload, contests.segmented(entries, dice))

    found = settled(compare(Segmentation, payload, contests.after(10_000)))

    assert found.outcome == outcome
    assert found.differences["lesion_dice"].champion == pytest.approx(2 * 180 / 380)
    assert found.differences["normal_false_mask_rate"].champion == 1.0
    assert found.differences["normal_false_mask_rate"].challenger == 0.0
    if outcome == "worse":
        assert "lesion_dice is 0.7000, that of the model in service 0.9474" in found.says
        assert "normal_false_mask_rate is" not in found.says

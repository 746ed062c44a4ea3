from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from functions.judge_external.app import handler
from sonoflow.errors import EvaluationUnreadable, PayloadInvalid
from sonoflow.external import intervals, strata
from tests.unit import external_sets, pictures, stack
from tests.unit.external_sets import identity
from tests.unit.fake_endpoints import CLASSIFIER

STAGED = "datasets/other-hospital/3f9a1c0b7d52/"
PUBLISHED = "reports/other-hospital/3f9a1c0b7d52/"
LESION = 200  # pixels, of 96 by 64: some 3 per cent
# Of each image its class, the label that it gets, the share of the lesion that is marked (right
# there and nothing else), its group and its device.
IMAGES = (
    ("benign", "benign", 1.0, "p1", "GE"),
    ("benign", "malignant", 0.5, "p1", "GE"),
    ("benign", "benign", 0.0, "p2", "Philips"),
    ("malignant", "malignant", 0.5, "p3", "Philips"),
)
PATIENT = "Müller"


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """How intervals are drawn is told in test_intervals.py."""
    monkeypatch.setattr(intervals, "RESAMPLES", 60)
    monkeypatch.setattr(intervals, "RESAMPLES_LEAST", 60)


@pytest.fixture
def payload(aws: None) -> Any:
    payload = stack.event("judge_external.answered")
    external_sets.evaluations(external_sets.trained())
    write(payload, IMAGES)
    return payload


def prefix(payload: Any) -> str:
    return f"external/other-hospital/3f9a1c0b7d52/{payload['models_digest']}/"


def write(payload: Any, images: Any, **record: Any) -> None:
    """Everything that the states before leave."""
    entries, records = [], []
    for at, (label, said, marked, group, device) in enumerate(images):
        key = f"{label}/{identity(str(at))}.png"
        lesion = 0 if label == "normal" else LESION
        entries.append(
            {
                "id": identity(str(at)),
                "class": label,
                "source": f"{label}/{PATIENT} {at}.png",
                "image": f"images/{key}",
                "mask": f"masks/{key}" if lesion else None,
                "masks": [],
                "lesion_pixels": lesion,
                "width": pictures.WIDTH,
                "height": pictures.HEIGHT,
                "group": group,
                "flags": [],
                "subgroups": {"Device": device},
            }
        )
        hits = round(LESION * marked)
        counts = {"true_positives": hits, "false_positives": 0, "false_negatives": lesion - hits}
        distance = {"hd95": 3.0 if hits else None, "hd95_relative": 0.03 if hits else None}
        counts["true_negatives"] = pictures.WIDTH * pictures.HEIGHT - lesion
        mask = {"predicted_pixels": hits, **counts, **distance}
        answer = {"id": identity(str(at)), "class": label, **external_sets.said(said), **mask}
        records.append({**answer, **record})
        stack.write(stack.WORK, f"{STAGED}images/{key}", pictures.png(at))
        outline = pictures.encode(pictures.lesion(10, 10, 30, 20))
        stack.write(stack.WORK, f"{STAGED}masks/{key}", outline)
        stack.write(stack.WORK, f"{prefix(payload)}masks/{identity(str(at))}.png", outline)
    leak = {
        **{"id": identity("leak"), "class": "benign", "source": f"{PATIENT} leaks.png"},
        "reason": "known-image",
        "like": {
            **{"id": "0" * 16, "class": "benign", "source": f"{PATIENT} is known.png"},
            **{"dataset": "busi-mini", "version": "cd0007f2cf09", "split": "train"},
        },
        **{"distance": 2, "correlation": 0.97},
    }
    aside = {"source": f"{PATIENT}.txt", "reason": "unsupported-extension", "detail": PATIENT}
    lines(f"{prefix(payload)}index.jsonl", entries)
    lines(f"{prefix(payload)}left_out.jsonl", [leak])
    lines(f"{STAGED}quarantine.jsonl", [aside])
    answers = json.dumps(records)
    stack.write(stack.WORK, f"{prefix(payload)}answers/00000.json", answers)


def lines(key: str, documents: list[Any]) -> None:
    stack.write(stack.WORK, key, "\n".join(json.dumps(document) for document in documents))


def report(payload: Any, context: Any) -> Any:
    handler(payload, context)
    return stack.read_json(stack.RESULTS, f"{PUBLISHED}external.json")


def test_both_sides_stand_beside_each_other(payload: Any, context: Any) -> None:
    answer = handler(payload, context)

    found = stack.read_json(stack.RESULTS, f"{PUBLISHED}external.json")
    labels, masks = found["classification"], found["segmentation"]
    assert labels["external"]["metrics"]["accuracy"] == 0.75
    assert labels["internal"]["metrics"]["accuracy"] == 1.0
    assert (labels["external"]["images"], labels["external"]["groups"]) == (4, 3)
    assert (labels["internal"]["images"], labels["internal"]["groups"]) == (6, 6)
    assert labels["external"]["confusion_matrix"] == [[2, 1, 0], [0, 1, 0], [0, 0, 0]]
    # Dice 1, 2/3, 0 and 2/3.
    assert masks["external"]["metrics"]["lesion_dice"] == pytest.approx(7 / 12)
    assert masks["external"]["metrics"]["lesion_missed_rate"] == 0.25
    assert masks["external"]["metrics"]["lesion_hd95"] == 3.0
    assert masks["internal"]["metrics"]["lesion_dice"] == 0.9
    assert masks["internal"]["intervals"]["lesion_dice"] == [0.88, 0.92]  # as registered
    assert answer["summary"] == (
        "4 images judged, 1 left out; accuracy 0.750 (own test split 1.000);"
        " lesion_dice 0.583 (own test split 0.900)"
    )
    assert answer["report_uri"] == f"s3://{stack.RESULTS}/{PUBLISHED}external.html"


def test_parts_are_told_apart_each_with_its_number(payload: Any, context: Any) -> None:
    found = report(payload, context)

    parts = {(part["by"], part["value"]): part for part in found["segmentation"]["by"]}
    ge = parts["Device", "GE"]
    assert ge["external"]["metrics"]["lesion_dice"] == pytest.approx(5 / 6)
    assert (ge["external"]["images"], ge["external"]["groups"], ge["internal"]) == (2, 1, None)
    assert set(ge["external"]["intervals"].values()) == {None}  # of a single group
    benign = parts["class", "benign"]
    assert benign["external"]["metrics"]["lesion_dice"] == pytest.approx(5 / 9)
    assert benign["internal"]["images"] == 2
    assert parts[strata.SIZE, strata.SIZES[1]]["external"]["images"] == 4
    labels = {(part["by"], part["value"]): part for part in found["classification"]["by"]}
    assert labels["Device", "Philips"]["external"]["metrics"]["accuracy"] == 1.0


def test_what_the_set_does_not_have_is_taken_from_the_other_side_too(
    payload: Any, context: Any
) -> None:
    found = report(payload, context)

    assert any("no image of the class normal" in note for note in found["notes"])
    assert found["classification"]["same_classes"]["images"] == 4
    assert found["classification"]["external"]["per_class"]["normal"]["metrics"]["recall"] is None


def test_a_threshold_of_the_test_split_is_tried_here(payload: Any, context: Any) -> None:
    point = report(payload, context)["classification"]["operating_point"]

    assert point["internal"] == {"sensitivity": 1.0, "specificity": 1.0}
    assert point["external"]["sensitivity"] == 1.0
    assert point["external"]["specificity"] == pytest.approx(2 / 3)
    assert point["external_images"] == {"malignant": 1, "benign": 3}


def test_other_classes_are_judged_on_their_masks_alone(payload: Any, context: Any) -> None:
    write(payload, [("lesion", "benign", 0.5, f"p{at}", "GE") for at in range(3)])

    found = report(payload, context)

    assert found["classification"] is None
    assert found["segmentation"]["external"]["metrics"]["lesion_dice"] == pytest.approx(2 / 3)
    assert any(
        "images of other classes" in note and "lesion (3)" in note for note in found["notes"]
    )


def test_without_masks_labels_alone_are_judged(payload: Any, context: Any) -> None:
    write(payload, IMAGES, true_positives=None)

    found = report(payload, context)

    assert found["segmentation"] is None
    assert found["classification"]["external"]["images"] == 4
    assert any("4 of 4 images have no mask" in note for note in found["notes"])


def test_one_model_in_service_is_said(payload: Any, context: Any) -> None:
    payload["models"] = payload["models"][:1]

    found = report(payload, context)

    assert found["segmentation"] is None
    assert "No segmenter is in service: nothing is said of segmentation." in found["notes"]


def test_the_worst_are_named_and_shown(payload: Any, context: Any) -> None:
    found = report(payload, context)

    labels = [one for one in found["worst_cases"] if one["task"] == "classification"]
    masks = [one for one in found["worst_cases"] if one["task"] == "segmentation"]
    assert [(one["id"], one["label"]) for one in labels] == [(identity("1"), "malignant")]
    assert masks[0] | {"dice": 0.0} == masks[0] | {"id": identity("2"), "predicted_pixels": 0}
    page = stack.read(stack.RESULTS, f"{PUBLISHED}external.html").decode()
    assert page.count("<img") == 2 * 5  # the given mask and the predicted one of each


def test_the_schema_knows_the_report(payload: Any, context: Any, root: Path) -> None:
    schema = json.loads((root / "docs/schemas/external.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)

    found = report(payload, context)

    validator.validate(found)
    other = copy.deepcopy(found)
    other["classification"]["external"]["metrics"]["accuracy"] = "good"
    assert not validator.is_valid(other)


def test_names_of_files_stay_beside_the_set(payload: Any, context: Any) -> None:
    handler(payload, context)

    for suffix in ("json", "html"):
        published = stack.read(stack.RESULTS, f"{PUBLISHED}external.{suffix}").decode()
        internal = stack.read(stack.WORK, f"{STAGED}external.{suffix}").decode()
        assert PATIENT not in published
        assert f"{PATIENT} leaks.png" in internal


@pytest.mark.parametrize("reasons", [[], ["conflicting-labels"], ["belongs-to-known-image"]])
def test_whatever_was_left_out_the_page_says_so(
    payload: Any, context: Any, reasons: list[str]
) -> None:
    left = [{"id": identity(r), "class": "b", "source": "x.png", "reason": r} for r in reasons]
    lines(f"{prefix(payload)}left_out.jsonl", left)

    handler(payload, context)

    page = stack.read(stack.RESULTS, f"{PUBLISHED}external.html").decode()
    assert ("No image is known to the models" in page) is (not reasons)
    assert all(identity(reason) in page for reason in reasons)


def test_an_image_without_an_answer_is_named(payload: Any, context: Any) -> None:
    key = f"{prefix(payload)}answers/00000.json"
    records = stack.read_json(stack.WORK, key)
    kept = {name: records[0][name] for name in ("id", "class")}
    records[0] = {**kept, "unanswered": {"reason": "too-large", "detail": "5000000 bytes"}}
    stack.write(stack.WORK, key, json.dumps(records))

    found = report(payload, context)

    assert [one["reason"] for one in found["unanswered"]] == ["too-large"]
    assert found["images"]["judged"] == found["classification"]["external"]["images"] == 3


def test_an_evaluation_of_other_images_is_no_comparison(payload: Any, context: Any) -> None:
    external_sets.write_evaluation(CLASSIFIER, [{"id": "strange", "class": "benign"}], {})

    with pytest.raises(EvaluationUnreadable, match="not of the images of busi-mini"):
        handler(payload, context)


def test_two_models_of_one_task_are_refused(context: Any, aws: None) -> None:
    with pytest.raises(PayloadInvalid, match="one per task"):
        handler(stack.event("judge_external.bad_models"), context)

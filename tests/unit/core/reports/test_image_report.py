from __future__ import annotations

import json
from typing import Any

from sonoflow.aws.uploads import Upload
from sonoflow.keys import Dataset, image_id
from sonoflow.reports import image_plots, image_report
from sonoflow.reports.look_alikes import DuplicateGroups
from sonoflow.reports.page import Subject, render
from sonoflow.reports.pictures import Picture
from sonoflow.reports.survey import Survey
from tests.unit.core.reports.report_entries import entry
from tests.unit.core.reports.test_look_alikes import group

SUBJECT = Subject(
    "busi-0a1b2c3d4e5f",
    Dataset("busi", "0a1b2c3d4e5f"),
    Upload("uploads", "datasets/<busi>.zip", "v", 10),
)
PATIENT = "Miller Anna 1961"
ASIDE = {
    "source": f"<script>{PATIENT}</script>.png",
    "reason": "mask-without-image",
    "detail": f"its image '{PATIENT}.png' cannot be used",
}
TWINS = group("a", "benign", "malignant", conflict=True)


def composed(**changes: Any) -> dict[str, Any]:
    groups = DuplicateGroups(changes.pop("groups", []))
    entries = [
        entry("benign", "train", id="a-0", source=f"benign/{PATIENT}.png"),
        entry("malignant", "train", id="a-1", source=f"malignant/{PATIENT}.png"),
        entry("normal", "test", id="b"),
    ]
    survey = Survey(changes.pop("entries", entries), groups.wanted())
    arguments = {"quarantine": [], "judged": []} | changes
    return image_report.compose(SUBJECT, survey, groups, **arguments)


def page(facts: dict[str, Any], *, internal: bool) -> str:
    picture = Picture("data:image/jpeg;base64,AAAA", 300, 200, "a picture")
    material = {
        "pictures": {identity: picture for identity in ("a-0", "a-1", "b")},
        "samples": {label: [] for label in facts["classes"]},
        "plots": image_plots.all_of(facts),
    }
    return render("report.html", facts, material, internal=internal).decode()


def test_names_of_files_are_in_the_internal_copy_alone() -> None:
    facts = composed(quarantine=[ASIDE], groups=[TWINS])

    public = image_report.published(facts)

    assert PATIENT not in json.dumps(public)
    assert PATIENT not in page(public, internal=False)
    assert public["quarantine"] == {
        "files": 1,
        "reasons": {"mask-without-image": 1},
        "listed": [{"id": image_id(ASIDE["source"]), "reason": "mask-without-image"}],
    }
    assert page(facts, internal=True).count(PATIENT) > 3
    assert facts["quarantine"]["listed"][0] == {"id": image_id(ASIDE["source"]), **ASIDE}


def test_what_was_assumed_comes_first_with_what_settles_it() -> None:
    stated = {"code": "mask-polarity", "detail": "black is the lesion", "settle": '{"masks": 1}'}
    facts = composed(assumed=[stated])

    for copy, internal in ((facts, True), (image_report.published(facts), False)):
        shown = page(copy, internal=internal)
        assert copy["assumptions"] == [stated]
        assert shown.index("What was assumed") < shown.index("Classes and splits")
        assert "black is the lesion" in shown
        assert "<code>{&#34;masks&#34;: 1}</code>" in shown
    assert "What was assumed" not in page(composed(), internal=True)


def test_names_from_outside_are_text_and_never_markup() -> None:
    label = "\"'><script>$x^2$ & _"
    hostile = [entry(label, "train", id="a-0"), entry("normal", "train", id="b")]

    shown = page(composed(entries=hostile, quarantine=[ASIDE]), internal=True)

    assert "<script" not in shown
    assert f"&lt;script&gt;{PATIENT}" in shown
    assert "datasets/&lt;busi&gt;.zip" in shown
    assert "$x^2$" in shown, "a dollar in a name is no formula"


def test_files_set_aside_are_counted_by_reason_and_listed_up_to_a_limit() -> None:
    truncated = [{"source": f"{n}.png", "reason": "truncated", "detail": ""} for n in range(600)]

    told = composed(quarantine=[ASIDE, *truncated])["quarantine"]

    assert told["files"] == 601
    assert list(told["reasons"].items()) == [("truncated", 600), ("mask-without-image", 1)]
    assert len(told["listed"]) == image_report.FILES_LISTED


def test_contradicting_labels_lie_side_by_side_with_class_and_split() -> None:
    shown = page(composed(groups=[TWINS]), internal=False)

    box = shown[shown.index('<div class="group conflict">') :]
    box = box[: box.index("</section>")]
    assert box.count("<img") == 2
    assert box.index("benign") < box.index("malignant")
    assert box.count("· train") == 2
    assert "1 group</a> of look-alikes" not in shown
    assert "1 group of look-alikes</a> with contradicting labels" in shown


def test_the_page_shows_figures_and_a_dash_for_what_is_undefined() -> None:
    release = {
        "task": "classification",
        "model": "classifier",
        "version": "v1",
        "endpoint_name": "sonoflow-classifier",
        "model_package_arn": "arn",
        "metrics": {"accuracy": 0.81234, "macro_f1": None},
    }
    evaluation = {
        "images": 20,
        "classes": ["benign", "malignant", "normal"],
        "metrics": {"intervals": {"accuracy": [0.7, 0.9]}},
        "confusion_matrix": [[3, 0, 0], [1, 2, 0], [0, 0, 0]],
    }

    shown = page(composed(judged=[(release, evaluation)]), internal=False)

    assert "<td>0.812</td><td>0.700 – 0.900</td>" in shown
    assert "<td>–</td>" in shown
    assert "20 images of the test split" in shown
    assert '<td style="--share: 0.333"><b>1</b><small>33 %</small></td>' in shown
    assert "<b>0</b><small>0 %</small>" in shown, "a class without test images divides nothing"


def test_a_page_of_many_classes_shows_all_in_its_tables() -> None:
    labels = [f"class {n:02}" for n in range(30)]
    entries = [entry(label, "train", id="b") for label in labels]

    shown = page(composed(entries=entries), internal=False)

    assert all(f">{label}</span>" in shown for label in labels)

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.check_external.app import handler
from functions.stage_images.app import handler as stage_images
from sonoflow.aws.ranged import RemoteObject
from sonoflow.aws.uploads import Upload
from sonoflow.errors import DatasetRefused, PayloadInvalid
from sonoflow.images import mapping
from sonoflow.planning import plans
from sonoflow.settings import Batching
from tests.unit import external_sets, pictures, stack
from tests.unit.staged_parts import lines

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")
KEY = "external/Other hospital.zip"


def staged(context: Any, files: dict[str, bytes], **said: Any) -> Any:
    """The event of CheckExternal, everything before it done."""
    data = pictures.archive(files)
    stack.write(stack.UPLOADS, KEY, data)
    upload = Upload(stack.UPLOADS, KEY, None, len(data))
    told = mapping.parse({"role": "external", **said})
    images = plans.of_images(upload, Batching(4, 10**8), stack.WORK, told)
    event = external_sets.payload("check_external.staged", images.dataset.version)
    event |= {"upload": upload.facts(), "batches": images.batches}
    for batch in stack.read_json(stack.WORK, images.dataset.plan):
        stage_images({**event, "batch": batch}, context)
    assert RemoteObject(upload).size == len(data)
    return event


def prefix(event: Any) -> str:
    return f"external/other-hospital/{event['dataset']['version']}/{event['models_digest']}/"


def test_what_the_models_know_is_named_and_left_out(aws: None, context: Any) -> None:
    index = external_sets.trained()
    event = staged(context, external_sets.files())

    answer = handler(event, context)

    assert (answer["images"], answer["left_out"], answer["batches"]) == (9, 2, 1)
    known = {entry["source"]: entry["id"] for entry in index}
    left_out = lines(f"{prefix(event)}left_out.jsonl")
    assert [
        (entry["source"], entry["reason"], entry["like"]["id"], entry["like"]["split"])
        for entry in sorted(left_out, key=lambda entry: entry["source"])
    ] == [
        (
            f"{external_sets.ROOT}/benign/benign (8).png",
            "known-image",
            known["benign/1.png"],
            "train",
        ),
        (
            f"{external_sets.ROOT}/malignant/malignant (8).png",
            "known-image",
            known["malignant/5.png"],
            "test",
        ),
    ]
    judged = {entry["id"] for entry in lines(f"{prefix(event)}index.jsonl")}
    assert judged.isdisjoint(entry["id"] for entry in left_out)
    (batch,) = stack.read_json(stack.WORK, answer["plan"]["key"])
    assert {image["id"] for image in batch["images"]} == judged


def test_the_same_pixels_are_known_whatever_they_look_like(aws: None, context: Any) -> None:
    external_sets.trained()
    files = external_sets.files()
    external_sets.add(files, "normal", 9, external_sets.known("normal", 2))

    answer = handler(staged(context, files), context)

    assert (answer["images"], answer["left_out"]) == (9, 3)


def test_what_belongs_to_a_known_image_goes_with_it(aws: None, context: Any) -> None:
    external_sets.trained()
    patients = "file,group\nbenign (8).png,p1\nbenign (0).png,p1\n"
    event = staged(context, external_sets.files(**{"groups.csv": patients.encode()}))

    handler(event, context)

    left_out = lines(f"{prefix(event)}left_out.jsonl")
    belonging = [e["source"] for e in left_out if e["reason"] == "belongs-to-known-image"]
    assert belonging == [f"{external_sets.ROOT}/benign/benign (0).png"]


def test_one_picture_with_two_labels_is_left_out(aws: None, context: Any) -> None:
    external_sets.trained()
    files = external_sets.files()
    external_sets.add(files, "malignant", 9, external_sets.scan(5000))  # benign (0)
    event = staged(context, files)

    handler(event, context)

    left_out = lines(f"{prefix(event)}left_out.jsonl")
    assert sorted(e["source"] for e in left_out if e["reason"] == "conflicting-labels") == [
        f"{external_sets.ROOT}/benign/benign (0).png",
        f"{external_sets.ROOT}/malignant/malignant (9).png",
    ]


def test_nothing_left_is_refused_with_the_reason(aws: None, context: Any) -> None:
    external_sets.trained()
    files: dict[str, bytes] = {}
    for label in external_sets.CLASSES:
        external_sets.add(files, label, 0, external_sets.known(label, 0))

    with pytest.raises(DatasetRefused, match="nothing of this set is external: 3 of 3"):
        handler(staged(context, files), context)

    refusal = stack.read_json(stack.WORK, f"refused/{KEY}.json")
    assert refusal["reason"] == "nothing-external"


def test_subgroups_of_a_table_reach_the_index(aws: None, context: Any) -> None:
    external_sets.trained()
    table = "name;Scanner\n" + "".join(
        f"{label} ({number}).png;{'A' if number else 'B'}\n"
        for label in external_sets.CLASSES
        for number in range(3)
    )
    event = staged(context, external_sets.files(**{"list.csv": table.encode()}))

    handler(event, context)

    found = {e["source"]: e.get("subgroups") for e in lines(f"{prefix(event)}index.jsonl")}
    assert found[f"{external_sets.ROOT}/benign/benign (0).png"] == {"Scanner": "B"}
    assert found[f"{external_sets.ROOT}/normal/normal (2).png"] == {"Scanner": "A"}


def test_that_nobody_knows_the_patients_is_said(aws: None, context: Any) -> None:
    external_sets.trained()
    event = staged(context, external_sets.files())

    handler(event, context)

    made = json.loads(stack.read(stack.WORK, f"{prefix(event)}assumptions.json"))
    assert "patients-unknown" in [one["code"] for one in made]


def test_a_digest_that_leads_elsewhere_is_refused(aws: None, context: Any) -> None:
    with pytest.raises(PayloadInvalid, match="models_digest"):
        handler(stack.event("check_external.bad_digest"), context)

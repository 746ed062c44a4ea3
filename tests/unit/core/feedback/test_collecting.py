from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from sonoflow.aws.clients import client
from sonoflow.errors import DatasetRefused
from sonoflow.feedback import collecting
from sonoflow.feedback.collecting import Places
from sonoflow.images import pixels
from tests.unit import pictures, stack, ultrasound
from tests.unit.core.feedback.judged import archive, judge, scan, train

PLACES = Places(stack.UPLOADS, stack.WORK, stack.RESULTS)
KEY = "datasets/busi+feedback.zip"


def collect(minimum: int = 1) -> dict[str, Any]:
    return collecting.collect("busi", PLACES, minimum)


def index_of(dataset: Any) -> dict[str, dict[str, Any]]:
    from tests.unit.staged_parts import lines

    return {line["sha256"]: line for line in lines(dataset.index)}


def test_judged_images_make_the_next_version_and_its_test_split_stays(aws: None) -> None:
    first, before = train("datasets/busi.zip", archive())
    judge("a.png", "malignant", scan(900), pictures.lesion(20, 20, 50, 40))
    judge("b.png", "normal", scan(901))

    answer = collect()

    assert answer["status"] == "collected"
    assert (answer["judged"], answer["key"]) == (2, KEY)
    second, after = train(KEY)
    assert (second.name, second.version != first.version) == ("busi", True)
    assert after["images"] == {"benign": 6, "malignant": 7, "normal": 7}
    for split in ("validation", "test"):
        assert after["splits"][split] == before["splits"][split]
    earlier, later = index_of(first), index_of(second)
    for digest, line in earlier.items():
        facts = ("class", "split", "lesion_pixels", "width", "height")
        assert {name: later[digest][name] for name in facts} == {name: line[name] for name in facts}
        for part in ("image", "mask"):
            staged = stack.read(stack.WORK, second.prefix + later[digest][part])
            assert staged == stack.read(stack.WORK, first.prefix + line[part])
    added = later[pixels.digest(scan(900))]
    assert (added["split"], added["lesion_pixels"]) == ("train", 600)
    assert later[pixels.digest(scan(901))]["split"] == "train"
    assert after["quarantined"] == 0


def test_a_judged_twin_of_a_tested_image_never_trains(aws: None) -> None:
    first, before = train("datasets/busi.zip", archive())
    tested = next(line for line in index_of(first).values() if line["split"] == "test")
    offset = ("benign", "malignant", "normal").index(tested["class"])
    number = int(tested["source"].split("(")[1].split(")")[0])
    judge("twin.png", tested["class"], ultrasound.gamma(scan(100 * offset + number)))
    judge("other.png", "benign", scan(902), pictures.lesion(5, 5, 30, 30))
    collect()

    second, after = train(KEY)

    assert after["splits"]["test"] == before["splits"]["test"]
    assert after["quarantined"] == 1
    assert len(index_of(second)) == len(index_of(first)) + 1


def test_groups_that_were_given_still_stand(aws: None) -> None:
    """Of a patient, say, whose images look nothing like each other."""
    files = {
        info.filename: zipfile.ZipFile(io.BytesIO(archive())).read(info)
        for info in zipfile.ZipFile(io.BytesIO(archive())).infolist()
    }
    rows = [f"benign/benign ({number}).png,p{number // 2}" for number in range(6)]
    files["groups.csv"] = "\n".join(["image,patient", *rows]).encode()
    first, _ = train("datasets/busi.zip", pictures.archive(files))
    judge("a.png", "benign", scan(903), pictures.lesion(5, 5, 30, 30))
    collect()

    second, _ = train(KEY)

    def grouped(dataset: Any) -> set[frozenset[str]]:
        groups: dict[str, set[str]] = {}
        for digest, line in index_of(dataset).items():
            groups.setdefault(line["group"], set()).add(digest)
        return {frozenset(members) for members in groups.values() if len(members) > 1}

    assert len(grouped(first)) == 3
    assert grouped(second) == grouped(first)


def test_the_version_that_goes_on_is_that_of_people_not_one_of_feedback(aws: None) -> None:
    first, _ = train("datasets/busi.zip", archive())
    judge("a.png", "benign", scan(904), pictures.lesion(5, 5, 30, 30))
    collect()
    train(KEY)
    judge("b.png", "benign", scan(905), pictures.lesion(5, 5, 30, 30))

    answer = collect()

    assert answer["dataset"]["version"] == first.version
    assert answer["judged"] == 2
    assert (
        client("s3").head_object(Bucket=stack.UPLOADS, Key=KEY)["Metadata"]["sonoflow-continues"]
        == f"busi/{first.version}"
    )


def test_what_adds_nothing_is_told_and_too_few_wait(aws: None) -> None:
    train("datasets/busi.zip", archive())
    judge("known.png", "benign", scan(0))
    judge("denied.png", "malignant", scan(1))
    judge("cyst.png", "cyst", scan(906))
    judge("one.png", "benign", scan(907))
    judge("two.png", "malignant", scan(907))
    judge("refused.png", "benign", scan(908), status="refused")
    judge("gone.png", "benign", scan(909), status="withdrawn")
    judge("good.png", "benign", scan(910))

    answer = collect(minimum=2)

    assert answer["status"] == "waiting"
    assert (answer["judged"], answer["minimum"]) == (1, 2)
    assert answer["set_aside"] == {
        "in-data-set": 1,
        "contradicts-data-set": 1,
        "unknown-class": 1,
        "contradicting-verdicts": 2,
    }
    assert KEY not in stack.keys_of(stack.UPLOADS)


def test_the_same_picture_twice_trains_once_with_the_later_mask(aws: None) -> None:
    train("datasets/busi.zip", archive())
    judge("b.png", "benign", scan(911), pictures.lesion(5, 5, 30, 30))
    stack.write(
        stack.WORK, "feedback/masks/later.png", pictures.encode(pictures.lesion(1, 1, 9, 9))
    )
    judge("a.png", "benign", scan(911), pictures.lesion(5, 5, 30, 30))
    later = stack.read_json(stack.RESULTS, "feedback/a.png.json")
    later["kept"]["mask"], later["time"] = "feedback/masks/later.png", "2026-11-23T10:00:00+00:00"
    stack.write(stack.RESULTS, "feedback/a.png.json", json.dumps(later))

    assert collect()["judged"] == 1

    second, _ = train(KEY)
    assert index_of(second)[pixels.digest(scan(911))]["lesion_pixels"] == 64


def test_nothing_is_uploaded_again_until_something_else_was_said(aws: None) -> None:
    train("datasets/busi.zip", archive())
    judge("a.png", "benign", scan(912))
    assert collect()["status"] == "collected"
    body = stack.read(stack.UPLOADS, KEY)
    assert collect()["status"] == "unchanged"

    judge("a.png", "malignant", scan(912))
    assert collect()["status"] == "collected"
    judge("a.png", "benign", scan(912))
    assert collect()["status"] == "collected"
    assert stack.read(stack.UPLOADS, KEY) == body


def test_a_data_set_that_nobody_staged_is_refused(aws: None) -> None:
    with pytest.raises(DatasetRefused, match=r"no-such-data-set: .*'busi'"):
        collect()

"""What is said of dropped files, what is saved, and when no answer is waited for any more."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from local.dropping import drop
from local.dropping.drop import Wishes, drop_files
from local.dropping.saved import NotSaved
from local.laptop.client import Laptop
from sonoflow import keys
from sonoflow.aws.clients import client
from tests.unit import pictures, stack
from tests.unit.local.dropping import laptops

BEFORE = {"benign": 0.9993, "malignant": 0.47}


def answered(key: str, version: str) -> None:
    """By what the file is called."""
    path = keys.inbox_path(key)
    if "bad" in path:
        laptops.rejection(path, version)
    else:
        label = "malignant" if "b/" in path else "benign"
        laptops.prediction(path, version, label, BEFORE[label])


def images(folder: Path, *names: str) -> list[Path]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(pictures.png())
    return [folder / name for name in names]


def dropped(laptop: Laptop, files: list[Path], **wishes: Any) -> tuple[int, str]:
    console = Console(file=io.StringIO(), width=200)
    status = drop_files(laptop, files, Wishes(**wishes), console)
    assert isinstance(console.file, io.StringIO)
    return status, console.file.getvalue()


def test_answers_are_a_table_with_a_sum_and_none_is_certain(aws: None, tmp_path: Path) -> None:
    files = images(tmp_path, "a/scan.png", "b/scan.png", "bad.png")

    status, told = dropped(laptops.laptop(tmp_path, answered), files)

    assert status == 1
    rows = [line.split() for line in told.splitlines()]
    assert ["a/scan.png", "benign", ">99", "%", "12.5", "%", "auto"] in rows
    assert ["b/scan.png", "malignant", "47", "%", "12.5", "%", "review", "low-confidence"] in rows
    assert "  A person looks." in told
    assert "bad.png was rejected: empty: no bytes" in told
    assert told.splitlines()[-1] == (
        "3 dropped: 2 images answered (1 benign, 1 malignant), 1 of them for a person to look at;"
        " 1 rejected."
    )


def test_machines_get_one_document_and_nothing_else(
    aws: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = images(tmp_path, "a/scan.png", "bad.png")

    status, told = dropped(laptops.laptop(tmp_path, answered), files, as_json=True)

    first, second = json.loads(told)
    assert status == 1
    assert (first["key"], first["outcome"]) == ("inbox/scan.png", "answered")
    assert first["document"]["classification"]["label"] == "benign"
    assert (second["file"], second["outcome"]) == (str(files[1]), "rejected")
    assert "dropped" in capsys.readouterr().err


def test_answers_are_saved_by_what_they_answer(aws: None, tmp_path: Path) -> None:
    files = images(tmp_path, "a/scan.png", "b/scan.png", "bad.png")
    out = tmp_path / "out"

    dropped(laptops.laptop(tmp_path, answered), files, save=out)

    assert (out / "a/scan.png.mask.png").read_bytes() == b"mask of a/scan.png"
    assert (out / "b/scan.png.overlay.png").read_bytes() == b"overlay of b/scan.png"
    assert json.loads((out / "bad.png.rejected.json").read_text())["reason"] == "empty"
    document = json.loads((out / "a/scan.png.prediction.json").read_text())
    assert document["classification"]["label"] == "benign"
    rows = list(csv.DictReader((out / "answers.csv").read_text().splitlines()))
    assert [(row["path"], row["label"]) for row in rows] == [
        ("a/scan.png", "benign"),
        ("b/scan.png", "malignant"),
    ]


def test_no_answer_is_saved_outside_of_the_folder(aws: None, tmp_path: Path) -> None:
    with pytest.raises(NotSaved, match="leads out of"):
        dropped(
            laptops.laptop(tmp_path, answered),
            images(tmp_path, "scan.png"),
            to="inbox/../../scan.png",
            save=tmp_path / "out",
        )
    assert not (tmp_path / "scan.png.mask.png").exists()


def test_scores_are_counted(aws: None, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a\n1\n2\n3\n")

    def scored(key: str, version: str) -> None:
        client("s3").put_object(
            Bucket=stack.RESULTS,
            Key=keys.scores("rows.csv"),
            Body=b"id,score,label\n1,.9,M\n2,.1,B\n3,.8,M\n",
            Metadata={"sonoflow-version-id": version},
        )

    status, told = dropped(laptops.laptop(tmp_path, scored), [tmp_path / "rows.csv"])

    assert status == 0
    assert f"rows.csv: 3 rows scored (2 M, 1 B): s3://{stack.RESULTS}/scores/rows.csv.csv" in told


def test_without_a_model_it_is_said_at_once_what_to_do(
    aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given nothing deployed; the wait ends when the messages were tried, and the second image is
    not waited for anew."""
    monkeypatch.setattr(drop, "_NO_MODEL_SECONDS", 1.0)
    begun = time.monotonic()

    status, told = dropped(laptops.laptop(tmp_path), images(tmp_path, "a.png"), prog="sono")

    assert status == 1
    assert time.monotonic() - begun < 10
    assert told.count("no classifier and no segmenter is deployed") == 1
    assert "sono drop DATA.zip" in told
    assert "a.png waits in the inbox, and is answered when there is a model" in told


def test_what_was_tried_and_put_off_is_not_waited_for(aws: None, tmp_path: Path) -> None:
    laptop = laptops.laptop(tmp_path)
    url = client("sqs").create_queue(QueueName="inbox")["QueueUrl"]
    client("sqs").send_message(QueueUrl=url, MessageBody="{}", DelaySeconds=60)
    laptop.outputs["InboxQueueUrl"] = url
    begun = time.monotonic()

    status, _ = dropped(laptop, images(tmp_path, "a.png"))

    assert (status, time.monotonic() - begun < 5) == (1, True)


def test_one_model_that_is_missing_is_named(
    aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drop, "_NO_MODEL_SECONDS", 0.0)
    laptops.endpoint("sonoflow-classifier")

    _, told = dropped(laptops.laptop(tmp_path), images(tmp_path, "a.png"))

    assert "no segmenter is deployed" in told
    assert "classifier" not in told.replace("DATA", "")


def test_a_model_in_training_is_waited_for(
    aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a run under way, the answer comes when it is done, and nothing else is said."""
    client("stepfunctions").start_execution(stateMachineArn=stack.STATE_MACHINE_ARN, input="{}")
    laptop, versions = laptops.laptop(tmp_path), list[str]()
    laptop.told = lambda key, version: versions.append(version)  # type: ignore[attr-defined]
    asked = drop.answers.look

    def look(*arguments: Any) -> Any:
        found = asked(*arguments)
        laptops.prediction("a.png", versions[0])  # after the first look
        return found

    monkeypatch.setattr(drop.answers, "look", look)

    status, told = dropped(laptop, images(tmp_path, "a.png"))

    assert status == 0
    assert "a run is under way: answers come when it is done" in told


def test_a_dead_letter_is_told_with_its_reason(aws: None, tmp_path: Path) -> None:
    url = client("sqs").create_queue(QueueName="dead")["QueueUrl"]

    def give_up(key: str, version: str) -> None:
        for other in ("another", version):
            event = {"detail": {"object": {"key": key, "version-id": other}}}
            told = {"reason": f"ProbeFailed of {other}", "attempts": "4"}
            client("sqs").send_message(
                QueueUrl=url,
                MessageBody=json.dumps(event),
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in told.items()
                },
            )

    def both(key: str, version: str) -> None:
        give_up(key, version)
        client("sqs").send_message(QueueUrl=url, MessageBody="no event")
        versions.append(version)

    versions: list[str] = []
    laptop = laptops.laptop(tmp_path, both)
    laptop.outputs["InboxDeadLetterQueueUrl"] = url

    status, said = dropped(laptop, images(tmp_path, "a.png"))

    assert status == 1
    expected = f"given up after 4 attempts: ProbeFailed of {versions[0]}. When that is mended"
    assert expected in said


def test_nobody_waits_for_a_key_that_is_nobodys(aws: None, tmp_path: Path) -> None:
    status, told = dropped(laptops.laptop(tmp_path), images(tmp_path, "a.png"), to="elsewhere/")

    assert status == 0
    assert (
        "nothing works on it there, only in datasets/, external/ and inbox/: drop it again" in told
    )


def test_a_mapping_beside_is_uploaded_first_and_not_counted(aws: None, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n")
    (tmp_path / "t.mapping.json").write_text("{}")
    laptop = laptops.laptop(tmp_path)

    status, told = dropped(laptop, [tmp_path / "t.csv"], to="datasets/", wait=False)

    assert status == 0
    assert laptop.uploaded == ["datasets/t.mapping.json", "datasets/t.csv"]  # type: ignore[attr-defined]
    assert "a mapping: it is read" not in told


def test_a_stack_that_judges_no_external_set_is_told_so_before_anything_is_uploaded(
    aws: None, tmp_path: Path
) -> None:
    """It may be an older one, or another template."""
    (tmp_path / "other.zip").write_bytes(b"a zip")
    laptop = laptops.laptop(tmp_path)

    with pytest.raises(drop.DropFailed, match="no output ValidateExternalStateMachineArn"):
        dropped(laptop, [tmp_path / "other.zip"], to="external/")

    assert "Contents" not in client("s3").list_objects_v2(Bucket=stack.UPLOADS)


def test_a_zip_of_the_inbox_is_waited_for_by_its_summary(aws: None, tmp_path: Path) -> None:
    (tmp_path / "week.zip").write_bytes(pictures.archive({"a.png": pictures.png()}))

    status, told = dropped(laptops.laptop(tmp_path), [tmp_path / "week.zip"], to="inbox/")

    assert status == 1
    assert "has no output AnswerBulkStateMachineArn" in told

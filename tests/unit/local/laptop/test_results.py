from __future__ import annotations

import argparse
import csv
import datetime
import io
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from local.laptop import results
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from sonoflow.inference import index
from sonoflow.inference.stamps import Stamp
from tests.unit import stack

_attempts = itertools.count()
PREDICTED = {
    "label": "benign",
    "probabilities": {"benign": 0.875, "normal": 0.125},
    "action": "review",
    "reasons": ["low-confidence", "unusual-picture"],
    "lesion_pixels": 200,
    "lesion_fraction": 0.25,
    "models": {"classifier": "c-1", "segmenter": "s-1"},
}


def answered(
    path: str, answer: str = index.PREDICTION, day: int = 1, sequencer: str = "05", **said: Any
) -> None:
    upload = Upload(stack.UPLOADS, f"inbox/{path}", "v1", 8, sequencer)
    stamp = Stamp(sequencer, "v1", str(next(_attempts)))
    written = {"written": f"2026-12-{day:02d}T08:00:00+00:00"}
    index.add(stack.RESULTS, index.about(upload, stamp, answer, "k") | written | said)


def case(path: str, label: str = "benign") -> None:
    document = {
        "image": {"bucket": stack.UPLOADS, "key": f"inbox/{path}", "version_id": "v1"},
        "prediction_key": f"predictions/{path}.json",
        "overlay_key": f"overlays/{path}.png",
        "label": label,
        "probabilities": PREDICTED["probabilities"],
        "explanations": [{"code": "a", "text": "One."}, {"code": "b", "text": "Two."}],
        "time": "2026-12-01T08:00:00+00:00",
    }
    stack.write(stack.RESULTS, f"review/{path}.json", json.dumps(document))


def shown(*options: str) -> str:
    parser = argparse.ArgumentParser()
    results.describe(parser)
    console = Console(file=io.StringIO(), width=200)
    arguments = parser.parse_args(["--bucket", stack.RESULTS, *options])
    assert results.run(arguments, console) == 0
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def rows(*options: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(shown("--csv", *options))))


def test_every_kind_of_answer_is_a_line(aws: None) -> None:
    answered("a.png", **PREDICTED)
    answered("b.csv", index.SCORES, row_count=7, bad_row_count=2, models={"table": "t-1"})
    answered("c.png", index.REJECTION, reason="empty", detail="the file has 0 bytes")

    image, table, rejected = rows()

    assert (image["path"], image["label"], image["decision"]) == ("a.png", "benign", "review")
    assert (image["probability_benign"], image["probability_normal"]) == ("0.875", "0.125")
    assert image["reasons"] == "low-confidence, unusual-picture"
    assert (image["lesion_pixels"], image["lesion_fraction"]) == ("200", "0.25")
    assert (image["model_classifier"], image["model_segmenter"]) == ("c-1", "s-1")
    assert image["time"] == "2026-12-01T08:00:00+00:00"
    assert (table["rows"], table["bad_rows"], table["model_table"]) == ("7", "2", "t-1")
    assert (table["decision"], rejected["decision"]) == ("scored", "rejected")
    assert rejected["reasons"] == "empty: the file has 0 bytes"


def test_a_person_is_shown_a_table_with_paths_as_they_are(aws: None) -> None:
    answered("[red]ward[/red]/a.png", **PREDICTED)
    answered("b.csv", index.SCORES, row_count=7, bad_row_count=2, models={"table": "t-1"})

    text = shown()

    for words in ("[red]ward[/red]/a.png", "benign 0.88, normal 0.12", "200 px, 25.0%", "c-1"):
        assert words in text
    assert "7 rows, 2 without score" in text
    assert "none" in shown("--since", "2026-12-02")


def test_of_a_path_the_answer_that_was_written_last_is_shown(aws: None) -> None:
    """Of one second that of the newest version; S3 pads the shorter sequencer with zeros."""
    for path in ("a.png", "b.png"):
        answered(path, day=1, sequencer="05", label="first")
        answered(path, day=2, sequencer="051", label="second")
    answered("a.png", day=2, sequencer="0511", label="same second")
    answered("b.png", day=2, sequencer="0509", label="same second")

    assert [(row["path"], row["label"]) for row in rows()] == [
        ("a.png", "same second"),
        ("b.png", "second"),
    ]


@pytest.mark.parametrize(
    ("since", "labels"),
    [
        ("2026-12-02", ["second", "third"]),
        ("2026-12-02T09:00", ["third"]),
        ("2026-12-02T09:30+02:00", ["second", "third"]),
    ],
)
def test_what_is_older_than_asked_for_is_left_out(aws: None, since: str, labels: list[str]) -> None:
    for day, label in enumerate(("first", "second", "third"), 1):
        answered(f"{label}.png", day=day, label=label)

    assert [row["label"] for row in rows("--since", since)] == labels


def test_cases_for_review_are_listed_with_their_reasons_in_words(aws: None) -> None:
    case("ward3/b.png", "malignant")
    case("a.png")
    answered("c.png", **PREDICTED)

    first, second = rows("--review")

    assert (first["path"], second["path"]) == ("a.png", "ward3/b.png")
    assert second["label"] == "malignant"
    assert second["reasons"] == "One. Two."
    assert second["overlay_key"] == "overlays/ward3/b.png.png"
    assert "One. Two." in shown("--review")


@pytest.mark.parametrize("kind", [["--csv"], []])
def test_a_file_gets_the_same(aws: None, tmp_path: Path, kind: list[str]) -> None:
    answered("a.png", **PREDICTED)
    file = tmp_path / "answers"

    told = shown(*kind, "--out", str(file))

    assert "1 lines in" in told.replace("\n", "")
    assert "a.png" in file.read_text()
    assert ("path,answer" in file.read_text()) is bool(kind)


def test_a_case_that_goes_while_it_is_listed_is_left_out(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    case("a.png")
    case("b.png")
    s3 = client("s3")
    real = s3.get_object

    def get(**arguments: Any) -> Any:
        s3.delete_object(Bucket=stack.RESULTS, Key="review/a.png.json")
        return real(**arguments)

    monkeypatch.setattr(s3, "get_object", get)
    assert [row["path"] for row in results.cases(s3, stack.RESULTS, None)] == ["b.png"]


def test_a_bucket_that_cannot_be_read_is_told_in_a_sentence(aws: None) -> None:
    with pytest.raises(results.ListingFailed, match="nobodys-bucket cannot be read"):
        shown("--bucket", "nobodys-bucket")


def test_what_is_no_time_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    results.describe(parser)

    with pytest.raises(SystemExit):
        parser.parse_args(["--since", "yesterday"])
    assert "no date or time" in capsys.readouterr().err


def test_a_time_without_zone_is_utc() -> None:
    assert results._moment("2026-12-01") == datetime.datetime(2026, 12, 1, tzinfo=datetime.UTC)

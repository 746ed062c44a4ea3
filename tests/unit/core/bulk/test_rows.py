from __future__ import annotations

from sonoflow.aws.uploads import Upload
from sonoflow.bulk import rows
from sonoflow.inference import index
from sonoflow.inference.stamps import Stamp

UPLOAD = Upload("uploads", "inbox/week.zip/a.png", "v1", 7, "0A", "inbox/week.zip")


def entry(answer: str, **said: object) -> dict[str, object]:
    stamp = Stamp.of(UPLOAD)
    return index.about(UPLOAD, stamp, answer, "predictions/week.zip/a.png.json") | said


def test_a_row_has_all_columns_and_says_what_the_index_says() -> None:
    said = {"label": "benign", "probabilities": {"benign": 0.7, "normal": 0.3}, "action": "auto"}

    found = rows.of_entry("week.zip/a.png", entry(index.PREDICTION, **said))

    assert tuple(found) == rows.COLUMNS
    assert (found["outcome"], found["label"], found["probability"]) == ("predicted", "benign", 0.7)
    assert found["version_id"] == "v1"


def test_a_rejection_and_a_missing_answer_are_told_apart() -> None:
    rejected = rows.of_entry("a", entry(index.REJECTION, reason="empty", detail="0 bytes"), 3)
    overtaken = rows.of_entry("a", None, 3)

    assert (rejected["outcome"], rejected["reason"], rejected["line"]) == ("rejected", "empty", 3)
    assert (overtaken["outcome"], overtaken["line"]) == ("overtaken", 3)


def test_only_what_is_not_answered_is_tried_again() -> None:
    assert set(rows.OUTCOMES) - rows.FINAL == {rows.FAILED}

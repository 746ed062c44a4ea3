"""What docs/answers.md tells Athena and EventBridge is what the documents are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sonoflow import keys
from sonoflow.aws.uploads import Upload
from sonoflow.inference import announcements, index, triage
from sonoflow.inference.documents import NOTICE, SCHEMA_VERSION
from sonoflow.inference.stamps import Stamp

UPLOAD = Upload("uploads", "inbox/a.png", "v1", 80, "0055AED6DCD90281E5")
# What a value of each of Athena's types may be.
IS_OF: dict[str, Callable[[Any], bool]] = {
    "int": lambda value: type(value) is int,
    "bigint": lambda value: type(value) is int,
    "double": lambda value: type(value) in (int, float),
    "string": lambda value: type(value) is str,
    "array<string>": lambda value: all(type(each) is str for each in value),
    "map<string,double>": lambda value: all(type(each) is float for each in value.values()),
    "map<string,string>": lambda value: all(type(each) is str for each in value.values()),
}
SAID = {
    "document_version_id": "v",
    "written": "2026-12-01T00:00:00+00:00",
    "label": "benign",
    "probabilities": {"benign": 1.0},
    "action": "auto",
    "reasons": [],
    "lesion_pixels": 7,
    "lesion_fraction": 0.5,
    "row_count": 1,
    "bad_row_count": 0,
    "reason": "empty",
    "detail": "a sentence",
    "models": {"classifier": "v"},
    "dataset_versions": {"classifier": "v"},
    "archive": "inbox/week.zip",
}


def block(root: Path, language: str) -> str:
    """The first one of a language in the document."""
    found = re.search(rf"```{language}\n(.*?)```", (root / "docs/answers.md").read_text(), re.S)
    assert found is not None
    return found[1]


def schema(root: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / f"docs/schemas/{name}.schema.json").read_text())
    return found


def entry() -> dict[str, Any]:
    stamp = Stamp(UPLOAD.sequencer, "v1", "1")
    return index.about(UPLOAD, stamp, index.PREDICTION, "predictions/a.png.json") | SAID


def test_the_tables_columns_are_the_fields_of_a_line_and_hold_its_values(root: Path) -> None:
    statement = block(root, "sql")
    columns = dict(re.findall(r"^  `(\w+)` ([\w<>,]+?),?$", statement, re.M))
    line = json.loads(json.dumps(entry()))

    assert list(columns) == list(line)
    assert [name for name, kind in columns.items() if not IS_OF[kind](line[name])] == []


def test_a_line_lies_where_the_projection_looks_for_it(root: Path) -> None:
    statement = block(root, "sql")
    (template,) = re.findall(r"'storage.location.template' = '(.*)'", statement)
    (location,) = re.findall(r"LOCATION '(.*)'", statement)

    place = keys.uri("RESULTS_BUCKET", index.key_of(entry()))

    assert place.rpartition("/")[0] + "/" == template.replace("${dt}", "2026-12-01")
    assert template.startswith(location)
    assert "PARTITIONED BY (`dt` string)" in statement


def test_the_documents_rule_names_what_is_sent(root: Path) -> None:
    rule = json.loads(block(root, "json"))

    assert rule["source"] == [announcements.SOURCE]
    assert set(rule["detail-type"]) <= set(announcements.DETAIL_TYPES.values())
    assert rule["detail"]["decision"]["action"] == [triage.REVIEW]
    detail = announcements.detail("results", entry())
    assert set(detail) == set(schema(root, "event")["properties"])


def test_every_schema_is_of_the_version_that_is_written(root: Path) -> None:
    for name in ("prediction", "rejection", "review"):
        properties = schema(root, name)["properties"]
        assert properties["schema_version"] == {"const": SCHEMA_VERSION}
        assert properties["notice"]["const"] == NOTICE
    assert f"| {SCHEMA_VERSION} | " in (root / "docs/answers.md").read_text()


def test_every_reason_has_a_row_and_a_place_in_the_schema(root: Path) -> None:
    reasons = {triage.LOW_CONFIDENCE, triage.DISAGREE, triage.UNUSUAL, triage.UNLIKE_TRAINING}
    rows = re.findall(r"^\| `([a-z-]+)` \| ", (root / "docs/answers.md").read_text(), re.M)

    assert set(rows) == reasons
    assert set(schema(root, "prediction")["$defs"]["reason"]["enum"]) == reasons

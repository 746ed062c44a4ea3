"""The modules that the documents name are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

NAMED = re.compile(r"`(\w[\w./-]*\.(?:py|json|toml|yaml))`")
# Where a path of a document may begin.
PLACES = ("", "core/sonoflow", "model_code", "model_code/sonomodel", "local")
# Objects of S3 and files of a job, which no checkout holds.
ELSEWHERE = re.compile(
    r"^(model|history|diagnostics|evaluation|comparison|config|summary|runtime|parameters|table|table_statistics)\.(json|yaml)$"
)


def named(document: str) -> list[str]:
    return [name for name in NAMED.findall(document) if not ELSEWHERE.match(name)]


@pytest.mark.parametrize("document", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_every_module_that_a_document_names_exists(root: Path, document: str) -> None:
    names = named((root / document).read_text("utf-8"))

    assert len(names) > 10
    missing = [
        name for name in names if not any((root / place / name).exists() for place in PLACES)
    ]
    assert missing == []


def test_a_module_that_is_gone_is_found() -> None:
    assert named("read by `images/gone.py` from `model.json`") == ["images/gone.py"]


def test_every_result_says_which_state_it_was_measured_at(root: Path) -> None:
    results = root / "docs/results"
    rows = re.findall(
        r"\| (\[.*\]\(.*\)) \| .* \| ([0-9a-f]{7}) \|", (results / "README.md").read_text()
    )

    told = {name for links, _ in rows for name in re.findall(r"\((\S+\.json)\)", links)}

    assert told == {path.name for path in results.glob("*.json")}

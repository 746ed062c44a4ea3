"""Tests mirror the tree: who knows where a module lies knows where its tests lie, and back."""

from __future__ import annotations

from pathlib import Path

import pytest

# The tests of a package, and what else they may be about: the model code's entry points.
PACKAGES = [
    ("core/sonoflow", "tests/unit/core", ()),
    ("model_code/sonomodel", "tests/unit/model_code", ("model_code/*.py",)),
]

# Modules that no test file is named after, and why.
UNTESTED = {
    "core/sonoflow": {
        "dicom_results/finding": "records alone",
        "images/classes": "names alone",
        "images/formats": "names and a limit alone",
        "inference/outcomes": "names and a record alone",
        "tables/linear_learner": "names alone",
        "releases/task": "abstract: each task is tested by its own name",
        "training_documents": "names alone",
    },
    "model_code/sonomodel": {
        "errors": "names alone",
    },
}
# Test files that are named after no module, and what they are about.
OF_NO_MODULE = {
    "core/sonoflow": {
        "archives/corpus": "hostile archives, through all of the room",
        "dicom/hostile": "files that lie, are cut off or would fill the memory",
        "images/layout_corpus": "sets as people lay them out, from names to staged images",
        "inference/dicom_privacy": "what a DICOM file says of a patient, through the inbox",
        "inference/disturbances": "calls that fail in the middle of an answer",
        "inference/races": "deliveries that break into each other, images",
        "inference/table_races": "the same, tables",
        "inference/table_versions": "versions of one table that come in any order",
        "planning/dicom_training": "data sets of DICOM, from upload to splits",
        "sonoflow": "the package: what importing it costs",
        "tables/field": "tables as people upload them, through staging and the inbox",
        "tables/recordio_conformance": "what SageMaker's own SDK reads and writes",
    },
    "model_code/sonomodel": {
        "training": "both scripts from their arguments to their artifacts",
    },
}


def modules(root: Path, folder: str, pattern: str = "**/*.py") -> set[str]:
    """Below the folder, without suffix: `tables/rows`."""
    paths = (root / folder).glob(pattern)
    names = (path.relative_to(root / folder) for path in paths if path.stem != "__init__")
    return {name.with_suffix("").as_posix() for name in names}


def named_after(root: Path, folder: str) -> set[str]:
    """What the test files below the folder are named after: `tables/rows` of
    `tables/test_rows.py`."""
    names = (Path(name) for name in modules(root, folder, "**/test_*.py"))
    return {name.with_name(name.name.removeprefix("test_")).as_posix() for name in names}


@pytest.mark.parametrize(("package", "tests", "others"), PACKAGES)
def test_each_module_has_its_tests_in_its_place(
    root: Path, package: str, tests: str, others: tuple[str, ...]
) -> None:
    without = modules(root, package) - named_after(root, tests)
    excepted = UNTESTED[package].keys()

    assert without - excepted == set(), f"a test file for each, in {tests}"
    assert excepted - without == set(), "no exception any longer"


@pytest.mark.parametrize(("package", "tests", "others"), PACKAGES)
def test_each_test_file_has_its_module(
    root: Path, package: str, tests: str, others: tuple[str, ...]
) -> None:
    entries = {path.stem for pattern in others for path in root.glob(pattern)}

    without = named_after(root, tests) - modules(root, package) - entries
    excepted = OF_NO_MODULE[package].keys()

    assert without - excepted == set(), f"a module for each, in {package}"
    assert excepted - without == set(), "no exception any longer"

from __future__ import annotations

import pytest

from sonoflow.inference import origins

VERSIONS = {"classifier": "cd0007f2cf09-5e3a91c0", "segmenter": "größer als/2"}


def test_versions_come_back_from_metadata_whatever_they_are() -> None:
    written = origins.metadata(VERSIONS)

    assert all(value.isascii() for value in written.values())
    assert origins.read({**written, "sonoflow-attempt": "1"}) == VERSIONS


def test_what_says_nothing_of_its_models_has_none() -> None:
    assert origins.read({"sonoflow-attempt": "1"}) == {}


@pytest.mark.parametrize(
    ("version", "dataset"),
    [("cd0007f2cf09-5e3a91c0", "cd0007f2cf09"), ("chosen-by-hand", None), ("", None)],
)
def test_a_releases_version_begins_with_its_data_sets(version: str, dataset: str | None) -> None:
    assert origins.dataset_version(version) == dataset

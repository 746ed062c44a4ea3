"""Whose a thing is, told by its name."""

from __future__ import annotations

import pytest

from operations.names import Names

WARDS = Names("wards")


@pytest.mark.parametrize(
    "name",
    [
        "wards-classifier-cd0007f2cf09-0123abcd",
        "wards-segmenter-cd0007f2cf09-0123abcd",
        "wards-table-61e104857123-0123abcd",
    ],
)
def test_a_release_is_its_stacks(name: str) -> None:
    assert WARDS.is_release(name)
    assert WARDS.is_training_job(name)


def test_a_search_and_its_candidates_are_their_stacks() -> None:
    assert WARDS.is_tuning_job("wards-0123abcd")
    assert WARDS.is_training_job("wards-0123abcd-001-89abcdef")
    assert not WARDS.is_training_job("wards-0123abcd")


@pytest.mark.parametrize("other", ["wards-eu", "wards-table", "wards-0123abcd", "my-wards", "ward"])
def test_what_another_stack_made_is_that_ones_alone(other: str) -> None:
    """Given a stack whose name begins with this one's, or ends with it."""
    release = f"{other}-table-61e104857123-0123abcd"
    candidate = f"{other}-89abcdef-001-0123abcd"

    assert Names(other).is_release(release)
    assert not WARDS.is_release(release)
    assert Names(other).is_training_job(candidate)
    assert not WARDS.is_training_job(candidate)
    assert not WARDS.is_tuning_job(f"{other}-89abcdef")
    assert not set(WARDS.endpoints) & set(Names(other).endpoints)
    assert not set(WARDS.machines) & set(Names(other).machines)
    assert not WARDS.is_function_log(f"/aws/lambda/{other}-PredictFunction-ABC123")


def test_the_logs_of_a_function_are_its_stacks() -> None:
    assert WARDS.is_function_log("/aws/lambda/wards-PredictFunction-aB3dE5gH7")
    assert not WARDS.is_function_log("/aws/lambda/wards-PredictFunction-A-B")
    assert not WARDS.is_function_log("/aws/lambda/wards-mine")

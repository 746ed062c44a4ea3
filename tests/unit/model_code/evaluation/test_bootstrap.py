from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sonomodel.errors import ChannelError
from sonomodel.evaluation.bootstrap import Figures, Picks, intervals, read_groups


def mean_of(values: list[float]) -> object:
    array = np.array(values)

    def figures(picks: Picks) -> Figures:
        return {"mean": float(array[picks].mean())}

    return figures


def width(values: list[float], groups: list[str]) -> float:
    found = intervals(mean_of(values), groups)["mean"]  # type: ignore[arg-type]
    assert found is not None
    return found[1] - found[0]


def test_interval_is_that_of_the_normal_distribution() -> None:
    values = np.random.default_rng(0).normal(5, 2, 400)

    low, high = intervals(  # type: ignore[misc]
        mean_of(values.tolist()),  # type: ignore[arg-type]
        [str(place) for place in range(400)],
    )["mean"]

    margin = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - margin, abs=0.03)
    assert high == pytest.approx(values.mean() + margin, abs=0.03)


def test_images_of_a_group_are_not_independent() -> None:
    """Four copies of each image say no more than one."""
    values = np.random.default_rng(0).normal(size=50).tolist()
    once = width(values, [str(place) for place in range(50)])

    copied = [value for value in values for _ in range(4)]
    groups = [str(place) for place in range(50) for _ in range(4)]

    assert width(copied, groups) == pytest.approx(once)
    assert width(copied, [str(place) for place in range(200)]) == pytest.approx(once / 2, rel=0.1)


def test_figures_that_are_mostly_undefined_have_no_interval() -> None:
    def figures(picks: Picks) -> Figures:
        return {"rare": 1.0 if 0 in picks and 1 in picks and 2 in picks else None, "sure": 2.0}

    found = intervals(figures, ["a", "b", "c", "d"])

    assert found["rare"] is None
    assert found["sure"] == [2.0, 2.0]


def test_one_group_has_no_interval() -> None:
    assert intervals(mean_of([1.0, 2.0]), ["a", "a"]) == {"mean": None}  # type: ignore[arg-type]


def test_same_groups_same_interval() -> None:
    values, groups = [0.1, 0.5, 0.9, 0.4], ["a", "b", "c", "c"]

    assert intervals(mean_of(values), groups) == intervals(mean_of(values), groups)  # type: ignore[arg-type]


def test_groups_are_read_from_a_file_or_its_folder(tmp_path: Path) -> None:
    lines = [{"id": "a", "group": "g1", "class": "benign"}, {"id": "b", "group": "g1"}]
    path = tmp_path / "index.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + "\n")

    assert read_groups(path) == read_groups(tmp_path) == {"a": "g1", "b": "g1"}


@pytest.mark.parametrize("content", ["nonsense", '{"id": "a"}', "[1]"])
def test_other_files_are_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "index.jsonl").write_text(content)

    with pytest.raises(ChannelError, match=r"index\.jsonl is no index of images"):
        read_groups(tmp_path)


def test_missing_index_is_named(tmp_path: Path) -> None:
    with pytest.raises(ChannelError, match=r"index\.jsonl cannot be read"):
        read_groups(tmp_path)

from __future__ import annotations

import numpy as np
import pytest

from sonoflow.external import intervals
from sonomodel.evaluation import bootstrap

VALUES = np.random.default_rng(3).normal(0.7, 0.1, 60)
GROUPS = [f"patient {at // 3}" for at in range(60)]


def means(picks: np.ndarray) -> dict[str, float | None]:
    return {"mean": float(VALUES[picks].mean()), "never": None}


def test_the_scripts_say_the_same() -> None:
    assert intervals.of(means, GROUPS) == bootstrap.intervals(means, GROUPS)


def test_groups_are_drawn_and_not_images() -> None:
    """Where the images of a patient are alike, each alone would tell three times as much."""
    alike = np.repeat(VALUES[:20], 3)

    def mean(picks: np.ndarray) -> dict[str, float | None]:
        return {"mean": float(alike[picks].mean())}

    grouped = intervals.of(mean, GROUPS)["mean"]
    single = intervals.of(mean, [str(at) for at in range(60)])["mean"]

    assert grouped is not None
    assert single is not None
    assert grouped[1] - grouped[0] > 1.4 * (single[1] - single[0])


def test_what_never_varies_has_no_interval() -> None:
    """Six of six wrong is no proof that all are."""
    found = intervals.of(lambda picks: {"recall": 0.0, "mean": means(picks)["mean"]}, GROUPS)

    assert found["recall"] is None
    assert found["mean"] is not None


def test_very_many_images_are_drawn_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "IMAGES_DRAWN", 60 * 300)
    drawn = []

    def mean(picks: np.ndarray) -> dict[str, float | None]:
        drawn.append(len(picks))
        return means(picks)

    found = intervals.of(mean, GROUPS)

    assert len(drawn) == 300
    assert found["mean"] is not None


def test_one_group_has_no_interval() -> None:
    assert intervals.of(means, ["one"] * 60) == {"mean": None, "never": None}

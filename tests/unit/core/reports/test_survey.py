from __future__ import annotations

from typing import Any

import pytest

from sonoflow.reports.survey import SAMPLES_PER_CLASS, Survey, balance
from tests.unit.core.reports.report_entries import entry


def test_images_are_counted_by_class_and_split() -> None:
    facts = Survey(
        [
            entry("normal", "train"),
            entry("benign", "train", width=100, flags=["near-duplicate"]),
            entry("benign", "test", width=500, masks=["x_mask.png", "x_mask_1.png"]),
        ]
    ).facts()

    assert facts["classes"] == ["benign", "normal"]
    assert facts["images"] == {"benign": 2, "normal": 1}
    assert facts["splits"] == {
        "train": {"benign": 1, "normal": 1},
        "validation": {"benign": 0, "normal": 0},
        "test": {"benign": 1, "normal": 0},
    }
    assert facts["width"] == {"minimum": 100, "median": 300, "maximum": 500}
    assert facts["masks"] == {"with_lesion": 2, "of_several": 1}
    assert facts["flags"] == {"near-duplicate": 1}


def test_balance_is_that_of_training_before_and_after_drawing() -> None:
    """Four of five are benign; drawn, each class is half: a normal image four times as often."""
    entries = [entry("benign", "train") for _ in range(8)]
    entries += [entry("normal", "train") for _ in range(2)]
    entries += [entry("normal", "test") for _ in range(50)]

    facts = Survey(entries).facts()

    assert facts["balance"]["benign"] == {
        "images": 8,
        "share": 0.8,
        "drawn_share": 0.5,
        "draws_per_image": 5 / 8,
    }
    assert facts["balance"]["normal"]["draws_per_image"] == 5 / 2
    assert facts["imbalance"] == {"before": 4.0, "after": 1.0}


def test_balance_is_what_training_draws() -> None:
    """Held against the sampler itself, which the core must not import."""
    torch = pytest.importorskip("torch")
    from sonomodel.images.samples import balanced_batches

    labels = torch.tensor([0] * 351 + [1] * 170 + [2] * 107)
    picks = torch.cat(list(balanced_batches(labels, 16, torch.Generator().manual_seed(7))))
    drawn = torch.bincount(labels[picks]) / len(picks)
    per_image = torch.bincount(picks).double()

    told = balance({"benign": 351, "malignant": 170, "normal": 107})

    for number, label in enumerate(told):
        assert float(drawn[number]) == pytest.approx(told[label]["drawn_share"])
        mean = float(per_image[labels == number].mean())
        assert mean == pytest.approx(told[label]["draws_per_image"])


def test_a_class_without_training_images_is_not_drawn() -> None:
    told = balance({"benign": 4, "normal": 0})

    assert told["normal"] == {"images": 0, "share": 0, "drawn_share": 0, "draws_per_image": 0}
    assert told["benign"]["drawn_share"] == 1
    assert balance({"benign": 0})["benign"]["share"] == 0


def test_the_mean_histogram_counts_every_image_the_same() -> None:
    """Whatever its size; images that were staged before there were histograms are left out."""
    dark, bright = [0] * 16, [0] * 16
    dark[0], bright[15] = 100 * 100, 1000 * 1000
    entries = [
        entry("benign", "train", width=100, height=100, histogram=dark),
        entry("benign", "train", width=1000, height=1000, histogram=bright),
        entry("normal", "train", width=100, height=100, histogram=dark),
        entry("normal", "train", histogram=None),
        entry("older", "train", histogram=None),
    ]

    levels = Survey(entries).facts()["intensities"]

    assert levels["benign"] == [0.5, *[0.0] * 14, 0.5]
    assert levels["normal"] == [1.0, *[0.0] * 15]
    assert "older" not in levels


def test_lesions_are_told_as_shares_of_their_images() -> None:
    entries = [
        entry("benign", "train", width=100, height=100, lesion_pixels=pixels)
        for pixels in (1, 100, 200, 500, 10_000)
    ]

    areas = Survey([*entries, entry("normal", "train")]).facts()["lesion_area"]

    assert list(areas["classes"]) == ["benign"]
    of_class = areas["classes"]["benign"]
    assert (of_class["images"], of_class["median"], of_class["maximum"]) == (5, 0.02, 1.0)
    assert (of_class["lower_quartile"], of_class["upper_quartile"]) == (0.01, 0.05)
    assert sum(of_class["counts"]) == 5, "one beyond the edges lies in the outermost bin"
    assert of_class["counts"][0] == of_class["counts"][-1] == 1


def test_sizes_are_counted_on_a_grid_that_keeps_every_image() -> None:
    entries = [entry("benign", "train", width=481 + n, height=300) for n in range(96)]

    sizes = Survey(entries).facts()["sizes"]

    cells = sizes["cells"]["benign"]
    assert sum(count for _, _, count in cells) == 96
    assert all(abs(height - 300) < sizes["step"] for _, height, _ in cells)
    assert len(cells) < 20


def test_of_a_large_index_little_is_kept() -> None:
    def index() -> Any:
        for number in range(1000):
            yield entry("benign", "train", id=f"{number:016x}")

    survey = Survey(index(), {f"{900:016x}", f"{901:016x}"})

    assert sorted(survey.kept) == [f"{900:016x}", f"{901:016x}"]
    assert [one["id"] for one in survey.samples()] == [
        f"{n:016x}" for n in range(SAMPLES_PER_CLASS)
    ]

from __future__ import annotations

from sonoflow.reports import image_plots
from sonoflow.reports.survey import Survey
from tests.unit.core.reports.report_entries import entry


def test_every_plot_is_drawn_that_the_facts_are_enough_for() -> None:
    entries = [entry(label, "train") for label in ("benign", "malignant", "normal")]

    made = image_plots.all_of(Survey(entries).facts())

    assert list(made) == ["splits", "balance", "sizes", "intensities", "lesion_area"]
    assert "share of an image's pixels" in made["intensities"].unescape()
    assert "median 0.0 %" in made["lesion_area"]
    assert "width, pixels" in made["sizes"]


def test_without_lesions_and_histograms_there_are_no_such_plots() -> None:
    entries = [entry("normal", "train", histogram=None), entry("normal", "test", histogram=None)]

    made = image_plots.all_of(Survey(entries).facts())

    assert list(made) == ["splits", "balance", "sizes"]


def test_a_class_without_lesions_has_no_row_of_its_own() -> None:
    entries = [entry("benign", "train", lesion_pixels=6000), entry("normal", "train")]

    svg = image_plots.all_of(Survey(entries).facts())["lesion_area"]

    assert "benign: median 10.0 %" in svg
    assert "normal" not in svg


def test_the_size_of_a_plot_does_not_grow_with_the_data() -> None:
    def sizes(images: int) -> int:
        generated = (
            entry("benign", "train", width=200 + 7 * n % 800, height=200 + 11 * n % 600)
            for n in range(images)
        )
        return len(image_plots.all_of(Survey(generated).facts())["sizes"])

    assert sizes(20_000) < 250_000


def test_the_same_facts_give_the_same_bytes() -> None:
    facts = Survey([entry("benign", "train"), entry("normal", "train")]).facts()

    assert image_plots.all_of(facts) == image_plots.all_of(facts)


def test_grey_levels_of_many_classes_are_rows_and_no_tangle_of_lines() -> None:
    entries = [entry(f"class {n}", "train") for n in range(9)]

    svg = image_plots.all_of(Survey(entries).facts())["intensities"]

    assert "<image" in svg
    assert all(f">class {n}</text>" in svg for n in range(9))

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import grouping, large_archive, large_table, staging, training_step
from sonoflow.images import contents


@pytest.mark.slow
def test_both_sides_are_measured_on_the_same_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "DELAY_SECONDS", 0.05)
    monkeypatch.setattr(staging, "WORKERS", 1)
    out = tmp_path / "result.json"

    staging.main(
        ["--images-per-class", "2", "--rounds", "1", "--scales", "1", "2", "--out", str(out)]
    )

    result = json.loads(out.read_text())
    assert result["staging"]["images"] == 6
    assert result["scaling"]["2x"]["images"] == 12
    assert result["notebook"]["requests"] == result["notebook"]["files"] + 1
    assert result["times_faster"] > 0
    assert result["cpu_ms_of_steps"]["prepare"] > result["cpu_ms_of_steps"]["digest"]


def test_a_generated_archive_is_one_wherever_it_is_read() -> None:
    made = large_archive.GeneratedArchive(3_000_000)
    whole = made.read_at(0, made.size)

    assert len(whole) == made.size
    for offset, length in (
        (0, 1),
        (161_000, 200_000),
        (made.size - 3000, 3000),
        (5, made.size - 5),
    ):
        assert made.read_at(offset, length) == whole[offset : offset + length]
    assert len(contents.read(contents.open_archive(made), made).images) == made.pairs


def test_a_generated_table_is_one_wherever_it_is_read() -> None:
    made = large_table.GeneratedTable(rows=1200, features=2, digits=3)
    whole = made.read_at(0, made.size)

    assert len(whole) == made.size == len(made.read_at(0, made.size + 9))
    for offset, length in ((0, 1), (10, 30), (25, 4000), (made.size - 31, 31), (made.size, 5)):
        assert made.read_at(offset, length) == whole[offset : offset + length]
    header, *rows = whole.decode().splitlines()
    assert header == "id,diagnosis,feature_0,feature_1"
    assert [row.split(",")[0] for row in rows] == [f"{number:09}" for number in range(1200)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", large_table.KINDS)
def test_a_large_table_is_measured_in_a_process_of_its_own(kind: str) -> None:
    result = large_table.measure(kind, size=300_000, rows=2000)

    assert result["rows"] in (1190, 2000)
    assert result["peak_mb"] > result["loaded_mb"] > 10
    assert result["processor_seconds"] > 0


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "joined"), [("different", 0), ("clips", 200)])
def test_grouping_is_measured_through_the_functions_handler(kind: str, joined: int) -> None:
    result = grouping.measure(kind, 200)

    assert result["images"] == 200
    assert result["images_in_them"] == joined
    assert result["peak_mb"] > 10


@pytest.mark.slow
def test_a_step_is_measured_the_products_way_and_with_one_thing_changed(tmp_path: Path) -> None:
    out = tmp_path / "step.json"
    words = ["--cases", "resnet18_64", "--changes", "contiguous tensors", "--rounds", "1"]

    training_step.main([*words, "--steps", "2", "--out", str(out)])

    result = json.loads(out.read_text())
    own, contiguous = (
        result["resnet18_64"][change] for change in (training_step.PRODUCT, "contiguous tensors")
    )
    assert own["times_the_products"] == 1
    assert own["ms_per_image"] > 0
    assert contiguous["times_the_products"] == pytest.approx(
        contiguous["ms_per_image"] / own["ms_per_image"], abs=0.02
    )
    assert "torch.compile" not in result["resnet18_64"]

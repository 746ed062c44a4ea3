from __future__ import annotations

from typing import Any

import pytest

from sonoflow.dicom import calibration, files
from sonoflow.dicom.calibration import Region
from sonoflow.dicom.values import Values
from tests.unit.core.dicom import samples
from tests.unit.core.dicom.samples import region


def found(*items: Any, syntax: str = samples.LITTLE) -> tuple[Region, ...]:
    tags = {"SequenceOfUltrasoundRegions": samples.regions(*items)}
    file = files.read(samples.file(samples.ramp(), syntax, **tags))
    return calibration.regions(Values(file.walk, file.found), 64, 40)


@pytest.mark.parametrize("syntax", [samples.LITTLE, samples.IMPLICIT, samples.BIG])
def test_a_region_has_edges_and_a_scale(syntax: str) -> None:
    assert found(region((4, 2, 59, 33), (0.2, 0.1)), syntax=syntax) == (
        Region((4, 2, 60, 34), (0.2, 0.1)),
    )


@pytest.mark.parametrize(
    "tags",
    [
        {"RegionSpatialFormat": 2},
        {"RegionDataType": 4},
        {"PhysicalUnitsXDirection": 4},
        {"PhysicalUnitsYDirection": 0},
        {"PhysicalDeltaX": 0.0},
        {"PhysicalDeltaY": float("nan")},
        {"PhysicalDeltaX": 5.0},
    ],
)
def test_other_units_spaces_and_scales_are_no_millimetres(tags: dict[str, Any]) -> None:
    assert found(region((4, 2, 59, 33), (0.2, 0.1), **tags)) == (Region((4, 2, 60, 34), None),)


@pytest.mark.parametrize("box", [(4, 2, 64, 33), (4, 2, 59, 40), (9, 2, 9, 33), (50, 2, 9, 33)])
def test_a_region_that_is_not_in_the_picture_is_none(box: tuple[int, int, int, int]) -> None:
    assert found(region(box, (0.2, 0.1))) == ()


def test_the_axes_may_count_the_other_way() -> None:
    assert found(region((4, 2, 59, 33), (0.2, -0.1)))[0].millimetres == (0.2, 0.1)


FINE, COARSE = Region((0, 0, 30, 30), (0.1, 0.1)), Region((0, 0, 60, 40), (0.2, 0.2))
BARE = Region((10, 10, 50, 40), None)


@pytest.mark.parametrize(
    ("regions", "box", "expected"),
    [
        ((), (1, 1, 5, 5), (None, "no-region")),
        ((FINE,), (1, 1, 30, 30), ((0.1, 0.1), "")),
        ((FINE,), (1, 1, 31, 30), (None, "outside-of-regions")),
        ((FINE, COARSE), (1, 1, 31, 30), ((0.2, 0.2), "")),
        ((FINE, COARSE), (1, 1, 5, 5), (None, "regions-disagree")),
        ((FINE, FINE), (1, 1, 5, 5), ((0.1, 0.1), "")),
        ((BARE,), (11, 11, 15, 15), (None, "region-not-calibrated")),
        ((BARE, FINE), (11, 11, 15, 15), (None, "region-not-calibrated")),
    ],
)
def test_only_what_lies_in_a_calibrated_region_has_millimetres(
    regions: tuple[Region, ...], box: calibration.Box, expected: object
) -> None:
    assert calibration.spacing(regions, box) == expected

from __future__ import annotations

from sonoflow.external import strata
from sonoflow.external.cases import Case


def case(label: str, share: float | None = None, **subgroups: str) -> Case:
    return Case(f"{label}{share}", label, label, share, {}, subgroups)


def test_sizes_include_their_lower_end() -> None:
    cases = [case("benign", share) for share in (0.001, 0.02, 0.0999, 0.1, 0.7)]

    found = {one.value: len(one.cases) for one in strata.by_size([*cases, case("normal")])}

    assert found == dict(zip(strata.SIZES, (1, 2, 2), strict=True))


def test_a_part_without_an_image_is_not_told() -> None:
    assert [one.value for one in strata.by_size([case("benign", 0.5)])] == [strata.SIZES[2]]


def test_classes_and_subgroups() -> None:
    cases = [
        case("normal", Device="GE"),
        case("benign", 0.1, Device="Philips", Site="A"),
        case("benign", 0.2, Device="GE", Site="A"),
    ]

    assert [(one.value, len(one.cases)) for one in strata.by_class(cases)] == [
        ("benign", 2),
        ("normal", 1),
    ]
    assert [(one.by, one.value, len(one.cases)) for one in strata.by_subgroup(cases)] == [
        ("Device", "GE", 2),
        ("Device", "Philips", 1),
        ("Site", "A", 2),
        ("Site", strata.NOT_TOLD, 1),
    ]

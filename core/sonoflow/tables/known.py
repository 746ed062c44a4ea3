"""Tables that people have: what their columns are called, and in how many spellings.

The Wisconsin Diagnostic Breast Cancer data: an id, M or B, and ten measures of cell nuclei, each as
mean, standard error and worst (W. H. Wolberg, W. N. Street, O. L. Mangasarian, 1995,
doi:10.24432/C5DW2B). The older Wisconsin data: an id, nine grades from 1 to 10, and the class, 2
for benign and 4 for malignant (W. H. Wolberg, 1990, doi:10.24432/C5HP4Z).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

from sonoflow.tables.codings import visible

_MEASURES = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave_points",
    "symmetry",
    "fractal_dimension",
)
WDBC_COLUMNS = (
    "id",
    "diagnosis",
    *(f"mean_{measure}" for measure in _MEASURES),
    *(f"{measure}_error" for measure in _MEASURES),
    *(f"worst_{measure}" for measure in _MEASURES),
)
WISCONSIN_COLUMNS = (
    "id",
    "clump_thickness",
    "uniformity_of_cell_size",
    "uniformity_of_cell_shape",
    "marginal_adhesion",
    "single_epithelial_cell_size",
    "bare_nuclei",
    "bland_chromatin",
    "normal_nucleoli",
    "mitoses",
    "class",
)
# scikit-learn writes `mean radius`, Kaggle `radius_mean`, UCI's own package `radius1`.
_SPELLINGS = {
    **{f"{measure}_mean": f"mean_{measure}" for measure in _MEASURES},
    **{f"{measure}_se": f"{measure}_error" for measure in _MEASURES},
    **{f"se_{measure}": f"{measure}_error" for measure in _MEASURES},
    **{f"{measure}_worst": f"worst_{measure}" for measure in _MEASURES},
    **{f"{measure}1": f"mean_{measure}" for measure in _MEASURES},
    **{f"{measure}2": f"{measure}_error" for measure in _MEASURES},
    **{f"{measure}3": f"worst_{measure}" for measure in _MEASURES},
}
_WISCONSIN = {
    *WISCONSIN_COLUMNS[1:-1],
    *("cl_thickness", "cell_size", "cell_shape", "marg_adhesion", "epith_c_size"),
    *("bl_cromatin", "bl_chromatin", "cell_size_uniformity", "cell_shape_uniformity"),
}
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_UNIT = re.compile(r"\s*[(\[][^)\]]*[)\]]\s*$")
_GRADE = re.compile(r"([1-9]|10)(\.0+)?")


def plain(name: str) -> str:
    """A name without case, and by words: `Mean Radius` and `MeanRadius` are `mean_radius`."""
    parted = _HUMP.sub("_", visible(name.strip()))
    return re.sub(r"[\s_.-]+", "_", parted.casefold())


def same(name: str) -> str:
    """A name as it is compared: plain, and the same in each spelling of WDBC's names."""
    found = plain(name)
    bare = plain(_UNIT.sub("", name))  # which is worth something of known names alone
    return _SPELLINGS.get(bare, bare if bare in WDBC_COLUMNS[2:] else found)


def is_wdbc(features: Collection[str]) -> bool:
    """Whether most of the features are called as WDBC's are, in whichever spelling."""
    return _mostly(features, [same(name) in WDBC_COLUMNS for name in features])


def is_wisconsin(features: Collection[str]) -> bool:
    return _mostly(features, [plain(name) in _WISCONSIN for name in features])


def _mostly(features: Collection[str], known: Sequence[bool]) -> bool:
    return len(features) > 2 and 2 * sum(known) > len(features)


def by_shape(
    rows: Sequence[Sequence[str]], missing: Collection[str], is_number: Callable[[str], bool]
) -> tuple[str, ...] | None:
    """The columns of rows that have no header, if most of them are as those of a known table."""

    def like_wdbc(row: Sequence[str]) -> bool:
        return (
            len(row) == len(WDBC_COLUMNS)
            and not is_number(row[1])
            and all(is_number(cell) or cell in missing for cell in row[2:])
        )

    def like_wisconsin(row: Sequence[str]) -> bool:
        return (
            len(row) == len(WISCONSIN_COLUMNS)
            and row[-1] in ("2", "4")
            and all(_GRADE.fullmatch(cell) or cell in missing for cell in row[1:-1])
        )

    for columns, like in ((WDBC_COLUMNS, like_wdbc), (WISCONSIN_COLUMNS, like_wisconsin)):
        if 2 * sum(map(like, rows)) > len(rows):
            return columns
    return None

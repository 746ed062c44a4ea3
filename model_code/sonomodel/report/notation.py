"""How a model's report and card write names and numbers."""

from __future__ import annotations

from collections.abc import Sequence

# Of a metric's name, what is not written in small letters.
_TERMS = ("AUC", "Dice", "ECE", "EMA", "F1", "FPR", "HD95", "IoU", "TPR", "STAN")
_SPELLED = {term.lower(): term for term in _TERMS}


def spoken(name: str) -> str:
    """`macro_f1` → `macro F1`."""
    return " ".join(_SPELLED.get(word, word) for word in name.replace("_", " ").split(" "))


def figure(value: float | None) -> str:
    """Three decimals, a count's thousands, or a dash where it is undefined."""
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else f"{value:,}"


def interval(ends: Sequence[float] | None) -> str:
    return "" if ends is None else f"{ends[0]:.3f} – {ends[1]:.3f}"


def percent(share: float, decimals: int = 0) -> str:
    """0.25 → `25 %`."""
    return f"{100 * share:.{decimals}f} %"


def counted(number: int, one: str) -> str:
    """1, "image" → `1 image`; 2 → `2 images`."""
    return f"{number:,} {one if number == 1 else one + 's'}"


def duration(seconds: float) -> str:
    """`8 s`, `12 min`, `3.4 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"

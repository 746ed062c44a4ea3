"""A report's two forms: JSON for programs, and one page of HTML that needs nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import jinja2

from sonoflow.aws.objects import json_bytes
from sonoflow.aws.uploads import Upload
from sonoflow.keys import Dataset

# Of a metric's name, what is not written in small letters.
_TERMS = {term.lower(): term for term in ("AUC", "Dice", "ECE", "F1", "FPR", "HD95", "IoU", "TPR")}
_TERMS["mae"] = "mean absolute error"


@dataclasses.dataclass(frozen=True)
class Subject:
    """What a report is about."""

    run: str
    dataset: Dataset
    upload: Upload

    def facts(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "dataset": {"name": self.dataset.name, "version": self.dataset.version},
            "upload": self.upload.facts(),
        }


@dataclasses.dataclass(frozen=True)
class Report:
    """One copy of a report, ready to be stored."""

    facts: bytes  # JSON
    page: bytes  # HTML


@dataclasses.dataclass(frozen=True)
class Copies:
    """The report for those who look after the data, and the one for everybody."""

    internal: Report
    published: Report


def copies(
    template: str,
    internal: Mapping[str, Any],
    published: Mapping[str, Any],
    material: Mapping[str, Any],
) -> Copies:
    """Both copies, from their facts; `material` is what the template takes besides."""
    return Copies(
        Report(json_bytes(internal), render(template, internal, material, internal=True)),
        Report(json_bytes(published), render(template, published, material, internal=False)),
    )


def render(
    template: str, facts: Mapping[str, Any], material: Mapping[str, Any], *, internal: bool
) -> bytes:
    """The page: no scripts, no other files. Whatever comes from outside stays text."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sonoflow.reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(figure=figure, number=number, percent=percent, spoken=spoken)
    page = environment.get_template(template)
    return page.render(report=facts, internal=internal, **material).encode()


def figure(value: Any) -> str:
    """A metric as text: three decimals, or a dash where it is undefined."""
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else f"{value:,}"


def number(value: float | None) -> str:
    """A measured value, to four digits."""
    return "–" if value is None else f"{value:.4g}"


def percent(share: float, decimals: int = 0) -> str:
    """0.25 → `25 %`."""
    return f"{100 * share:.{decimals}f} %"


def spoken(name: str) -> str:
    """A name of a program as people write it: `macro_f1` → `macro F1`."""
    words = name.replace("_", " ").replace("-", " ").split(" ")
    return " ".join(_TERMS.get(word, word) for word in words)

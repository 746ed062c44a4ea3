"""The report on a data set and the models trained on it: for programs (JSON), for people (HTML)."""

from __future__ import annotations

import base64
import dataclasses
import io
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import jinja2
from PIL import Image

from sonoflow import images, overlays
from sonoflow.keys import SPLITS, Dataset
from sonoflow.uploads import Upload

SCHEMA_VERSION = 1
SAMPLES_PER_CLASS = 4
THUMBNAIL_SIDE = 320  # pixels, the longer side: sharp at half of a phone's width


@dataclasses.dataclass(frozen=True)
class Sample:
    """An image to show, as data URI."""

    label: str
    caption: str
    uri: str


def compose(
    run: str,
    dataset: Dataset,
    upload: Upload,
    entries: Sequence[Mapping[str, Any]],
    quarantine: Sequence[Mapping[str, str]],
    releases: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]],
) -> dict[str, Any]:
    """The report. `releases` holds each release with its evaluation."""
    classes = sorted({entry["class"] for entry in entries})
    flags = sorted({flag for entry in entries for flag in entry["flags"]})
    return {
        "schema_version": SCHEMA_VERSION,
        "run": run,
        "dataset": {"name": dataset.name, "version": dataset.version},
        "upload": upload.facts(),
        "classes": classes,
        "images": {label: _count(entries, "class", label) for label in classes},
        "splits": {
            split: {
                label: sum((e["split"], e["class"]) == (split, label) for e in entries)
                for label in classes
            }
            for split in SPLITS
        },
        "width": _spread([entry["width"] for entry in entries]),
        "height": _spread([entry["height"] for entry in entries]),
        "masks": {
            "with_lesion": sum(entry["lesion_pixels"] > 0 for entry in entries),
            "of_several": sum(len(entry["masks"]) > 1 for entry in entries),
        },
        "flags": {flag: sum(flag in entry["flags"] for entry in entries) for flag in flags},
        "quarantine": list(quarantine),
        "models": [_model(release, evaluation) for release, evaluation in releases],
    }


def _count(entries: Iterable[Mapping[str, Any]], name: str, value: str) -> int:
    return sum(entry[name] == value for entry in entries)


def _spread(values: Sequence[int]) -> dict[str, float]:
    return {"minimum": min(values), "median": statistics.median(values), "maximum": max(values)}


def _model(release: Mapping[str, Any], evaluation: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "task": release["task"],
        "model": release["model"],
        "version": release["version"],
        "endpoint": release["endpoint_name"],
        "model_package_arn": release["model_package_arn"],
        "metrics": release["metrics"],
        "test_images": evaluation.get("images"),
        "classes": evaluation.get("classes", []),
        "per_class": evaluation["metrics"].get("per_class"),
        "confusion_matrix": evaluation.get("confusion_matrix"),
    }


def choose(entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """A few images of each class to show: the first by id, which is as good as by chance."""
    chosen: list[Mapping[str, Any]] = []
    for label in sorted({entry["class"] for entry in entries}):
        chosen += [entry for entry in entries if entry["class"] == label][:SAMPLES_PER_CLASS]
    return chosen


def sample(entry: Mapping[str, Any], image: bytes, mask: bytes | None) -> Sample:
    """A thumbnail of a staged image, its lesions outlined."""
    pixels = images.decode(image).pixels
    if mask is not None:
        lesions = images.decode(mask).pixels >= overlays.THRESHOLD
        thumbnail: Image.Image = Image.open(io.BytesIO(overlays.draw(pixels, lesions)))
    else:
        thumbnail = Image.fromarray(pixels)
    thumbnail.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    buffer = io.BytesIO()
    thumbnail.save(buffer, format="JPEG", quality=80)
    encoded = base64.b64encode(buffer.getvalue()).decode()
    caption = f"{entry['id']} · {entry['split']}"
    return Sample(entry["class"], caption, f"data:image/jpeg;base64,{encoded}")


def render(report: Mapping[str, Any], samples: Sequence[Sample]) -> str:
    """The report as one HTML page that needs nothing else: no scripts, no other files."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sonoflow"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = figure
    return environment.get_template("report.html").render(report=report, samples=samples)


def figure(value: Any) -> str:
    """A metric as text: three decimals, or a dash where it is undefined."""
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)

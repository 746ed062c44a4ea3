"""The part of a model's report that tells its results on the test split."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from sonomodel.report import plots
from sonomodel.report.html import (
    Html,
    counted,
    drawing,
    escaped,
    figure,
    joined,
    paragraph,
    percent,
    section,
    spoken,
    table,
    two,
)
from sonomodel.report.record import ModelRecord
from sonomodel.report.worst_cases import marked_share

DICE_BINS = 10
MEASURES = ("dice", "iou", "tpr", "fpr", "fpr_stan", "hd95", "hd95_relative")
FALSE_MASKS_LISTED = 10

Images = Sequence[Mapping[str, Any]]


def results(record: ModelRecord) -> list[Html]:
    if record.classifies:
        return [_classes(record), _calibration(record)]
    return [_lesions(record), _normal_images(record)]


def _classes(record: ModelRecord) -> Html:
    per_class = record.metrics["per_class"]
    names = list(next(iter(per_class.values())))
    rows = [
        (label, *(figure(figures[name]) for name in names)) for label, figures in per_class.items()
    ]
    heads = ("class", *(spoken(name) for name in names))
    return section(
        "results",
        "By class",
        two(
            joined([table(heads, rows), paragraph("Support: test images of the class.", "soft")]),
            _confusion(record),
        ),
    )


def _confusion(record: ModelRecord) -> Html:
    classes, matrix = record.card.classes, record.evaluation["confusion_matrix"]
    heads = joined(Html(f'<th scope="col">{escaped(label)}</th>') for label in classes)
    rows = []
    for label, counts in zip(classes, matrix, strict=True):
        whole = sum(counts)
        cells = joined(_share(count, count / whole if whole else 0) for count in counts)
        rows.append(Html(f'<tr><th scope="row">{escaped(label)}</th>{cells}</tr>'))
    return joined(
        [
            paragraph("Rows: what the image is. Columns: what the model says.", "soft"),
            Html(
                '<div class="wide"><table class="matrix"><caption>Confusion matrix</caption>'
                f"<thead><tr><th></th>{heads}</tr></thead><tbody>{joined(rows)}</tbody></table></div>"
            ),
        ]
    )


def _share(count: int, share: float) -> Html:
    return Html(
        f'<td style="--share: {share:.3f}"><b>{count:,}</b><small>{percent(share)}</small></td>'
    )


def _calibration(record: ModelRecord) -> Html:
    """Older evaluations do not say what was before scaling."""
    facts = record.evaluation["calibration"]
    before = facts.get("before") or {"ece": None, "bins": []}
    said = (
        f"Expected calibration error {figure(before['ece'])} before and {figure(facts['ece'])} "
        f"after dividing the logits by the temperature {facts['temperature']:g}, which was found "
        "on the validation split. It changes no label."
    )
    plot = plots.reliability(
        f"Reliability diagram; expected calibration error {figure(facts['ece'])}",
        facts["bins"],
        before["bins"],
    )
    caption = (
        "Bars and dots: share of images that are right, by the probability given, after scaling; "
        "the number is of images. Rings: before. On the dashed line the model means what it says."
    )
    return section("calibration", "Calibration", paragraph(said), drawing(plot, caption))


def _lesions(record: ModelRecord) -> Html:
    images = record.evaluation["per_image"]
    lesions = [image for image in images if image["dice"] is not None]
    if not lesions:
        return section("results", "Lesions", paragraph("No test image has a lesion."))
    dice = [image["dice"] for image in lesions]
    counts = [0] * DICE_BINS
    for value in dice:
        counts[min(int(value * DICE_BINS), DICE_BINS - 1)] += 1
    edges = [number / DICE_BINS for number in range(DICE_BINS + 1)]
    middle = statistics.median(dice)
    missed = sum(not image["predicted_pixels"] for image in lesions)
    plot = plots.bars(
        f"Dice of {len(lesions)} lesions, median {middle:.2f}", counts, edges, "Dice", middle
    )
    caption = f"{counted(len(lesions), 'test image')} with a lesion, by Dice."
    if missed:
        caption += f" Of {missed} of them nothing is marked, which is a Dice of 0."
    return section(
        "results",
        "Lesions",
        two(drawing(plot, caption), joined([_spread(lesions), _by_class(lesions)])),
    )


def _spread(lesions: Images) -> Html:
    rows = []
    for name in MEASURES:
        values = [image[name] for image in lesions if image[name] is not None]
        rows.append((spoken(name), *(figure(value) for value in _quartiles(values))))
    heads = ("per lesion", "smallest", "quartile", "median", "quartile", "largest")
    note = (
        "FPR: of the background, as usual; FPR STAN: of the lesion's area. HD95 in pixels of the "
        "source image, and as a share of its diagonal, of lesions of which something is marked."
    )
    return joined([table(heads, rows), paragraph(note, "soft")])


def _quartiles(values: Sequence[float]) -> Sequence[float | None]:
    if not values:
        return [None] * 5
    if len(values) == 1:
        return [values[0]] * 5
    return [min(values), *statistics.quantiles(values, n=4, method="inclusive"), max(values)]


def _by_class(lesions: Images) -> Html:
    rows = []
    for label in sorted({image["class"] for image in lesions}):
        dice = [image["dice"] for image in lesions if image["class"] == label]
        rows.append((label, str(len(dice)), figure(statistics.fmean(dice)), figure(min(dice))))
    return table(("class", "lesions", "mean Dice", "lowest"), rows)


def _normal_images(record: ModelRecord) -> Html:
    normal = [image for image in record.evaluation["per_image"] if image["dice"] is None]
    title = "False masks on normal images"
    if not normal:
        return section("false", title, paragraph("No test image is without a lesion."))
    false = sorted((i for i in normal if i["predicted_pixels"]), key=lambda i: -marked_share(i))
    said = (
        f"{len(false)} of {counted(len(normal), 'test image')} without a lesion "
        f"({percent(len(false) / len(normal))}) have a single marked pixel or more."
    )
    rows = [
        (image["id"], f"{image['predicted_pixels']:,}", percent(marked_share(image), 2))
        for image in false[:FALSE_MASKS_LISTED]
    ]
    listed = table(("image", "marked pixels", "of the image"), rows, caption="The largest")
    return section("false", title, paragraph(said), listed if rows else "")

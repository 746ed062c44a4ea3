"""How a training went: its curves, the balance of its classes and what validation decided."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from sonomodel.diagnostics.rules import EXPLODED
from sonomodel.report import plots
from sonomodel.report.notation import spoken
from sonomodel.report.plots import Series
from sonomodel.report.record import ModelRecord

# Of an epoch's record, what is no score of the validation split.
_NO_SCORE = ("validation_loss",)


def curves(record: ModelRecord) -> dict[str, Markup]:
    """By what they show; where there is nothing to draw, the plot is empty."""
    epochs, best = record.history["epochs"], record.history["best_epoch"]
    if not epochs:
        return {}
    scores = [n for n in epochs[0] if n.startswith("validation_") and n not in _NO_SCORE]
    losses = {"train_loss": "training", "validation_loss": "validation"}
    return {
        "losses": plots.lines(
            "Training and validation loss by epoch",
            [_series(epochs, name, said) for name, said in losses.items()],
            marked=best,
        ),
        "scores": plots.lines(
            "Scores on the validation split by epoch",
            [_series(epochs, n, spoken(n.removeprefix("validation_"))) for n in scores],
            marked=best,
            within=(0, 1),
        ),
        "gradients": _norms(record),
        "learning_rate": plots.lines(
            "Learning rate by epoch", [_series(epochs, "learning_rate", "learning rate")]
        ),
    }


def _series(epochs: Sequence[Mapping[str, Any]], name: str, said: str) -> Series:
    return Series(said, [(epoch["epoch"], epoch.get(name)) for epoch in epochs])


def _norms(record: ModelRecord) -> Markup:
    """A norm that is no number is null in the file, and left out."""
    epochs = record.diagnostics["epochs"] if record.diagnostics else []
    norms = {
        facts["epoch"]: [norm for norm in facts["gradient_norms"] if norm is not None]
        for facts in epochs
    }
    known = {epoch: values for epoch, values in norms.items() if values}
    if not known:
        return Markup("")
    return plots.lines(
        "Length of the gradients by epoch, logarithmic",
        [
            Series("median step", [(e, statistics.median(values)) for e, values in known.items()]),
            Series("largest step", [(e, max(values)) for e, values in known.items()]),
        ],
        limits={"exploding, if the median is above": EXPLODED},
        log=True,
    )


def balance(record: ModelRecord) -> dict[str, dict[str, float]]:
    """Of each class of the training split the images and their share, given and as drawn."""
    given, drawn = (record.history["class_balance"][when] for when in ("before", "after"))
    all_given, all_drawn = sum(given.values()), sum(drawn.values())
    return {
        label: {
            "images": given[label],
            "share": given[label] / all_given,
            "drawn": drawn[label],
            "drawn_share": drawn[label] / all_drawn,
        }
        for label in given
    }


def totals(record: ModelRecord) -> dict[str, int]:
    """Images of each class in all splits."""
    splits = record.history["splits"].values()
    return {label: sum(split[label] for split in splits) for label in record.card.classes}


def decided(record: ModelRecord) -> dict[str, object]:
    """What the validation split decided besides the epoch."""
    card = record.card
    if record.classifies:
        if card.triage is None:  # of an older model
            return {"temperature": card.temperature}
        threshold = card.triage["threshold"]
        needed = "no probability" if threshold is None else threshold
        return {"temperature": card.temperature, "no person needed from": needed}
    return {
        "threshold": card.threshold,
        "minimum presence": card.minimum_presence,
        "minimum area": card.minimum_area,
        "largest component": card.largest_component,
    }

"""The part of a model's report that tells how its training went."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from sonomodel.diagnostics.rules import EXPLODED
from sonomodel.report import plots
from sonomodel.report.html import (
    Html,
    code,
    counted,
    drawing,
    joined,
    paragraph,
    percent,
    section,
    spoken,
    table,
    two,
)
from sonomodel.report.plots import Series
from sonomodel.report.record import ModelRecord

# Of an epoch's record, what is no score of the validation split.
_NO_SCORE = ("validation_loss",)


def curves(record: ModelRecord) -> Html:
    epochs, best = record.history["epochs"], record.history["best_epoch"]
    chosen_by = spoken(record.history["selection"])
    if not epochs:
        return section("training", "Training", paragraph("The training left no history."))
    seconds = sum(epoch["seconds"] for epoch in epochs)
    said = (
        f"{counted(len(epochs), 'epoch')} in {_duration(seconds)}; the weights of epoch {best} "
        f"were kept, which has the best {chosen_by} on the validation split."
    )
    scores = [n for n in epochs[0] if n.startswith("validation_") and n not in _NO_SCORE]
    losses = {"train_loss": "training", "validation_loss": "validation"}
    figures = [
        drawing(
            plots.lines(
                "Training and validation loss by epoch",
                [_series(epochs, name, said) for name, said in losses.items()],
                marked=best,
            ),
            "Loss. Training learns from augmented images, so its loss may be the higher one.",
        ),
        drawing(
            plots.lines(
                "Scores on the validation split by epoch",
                [_series(epochs, n, spoken(n.removeprefix("validation_"))) for n in scores],
                marked=best,
                within=(0, 1),
            ),
            f"Scores on the validation split; {chosen_by} chooses the epoch.",
        ),
        _norms(record),
        drawing(
            plots.lines(
                "Learning rate by epoch", [_series(epochs, "learning_rate", "learning rate")]
            ),
            "Learning rate at the start of each epoch.",
        ),
    ]
    return section("training", "Training", paragraph(said), two(*figures))


def _series(epochs: list[Mapping[str, Any]], name: str, said: str) -> Series:
    return Series(said, [(epoch["epoch"], epoch.get(name)) for epoch in epochs])


def _norms(record: ModelRecord) -> Html:
    """A norm that is no number is null in the file, and left out."""
    epochs = record.diagnostics["epochs"] if record.diagnostics else []
    norms = {
        facts["epoch"]: [norm for norm in facts["gradient_norms"] if norm is not None]
        for facts in epochs
    }
    known = {epoch: values for epoch, values in norms.items() if values}
    if not known:
        return Html("")
    plot = plots.lines(
        "Length of the gradients by epoch, logarithmic",
        [
            Series("median step", [(e, statistics.median(values)) for e, values in known.items()]),
            Series("largest step", [(e, max(values)) for e, values in known.items()]),
        ],
        limits={"exploding, if the median is above": EXPLODED},
        log=True,
    )
    return drawing(plot, "Length of the gradients before clipping, logarithmic.")


def diagnostics(record: ModelRecord) -> Html:
    if record.diagnostics is None:
        return section("diagnostics", "Diagnostics", paragraph("The training left none."))
    rules = record.diagnostics["rules"]
    rows = [
        (spoken(rule["name"]), _verdict(rule), rule["threshold"], rule["source"]) for rule in rules
    ]
    fired = len(record.fired)
    said = (
        f"{fired} of {len(rules)} rules fired."
        if fired
        else f"All {len(rules)} rules were silent in every epoch."
    )
    heads = ("rule", "outcome", "fires when", "source")
    return section(
        "diagnostics", "Diagnostics", paragraph(said), table(heads, rows, kind="text rules")
    )


def _verdict(rule: Mapping[str, Any]) -> Html | str:
    if not rule["fired"]:
        return "silent"
    epochs = rule["epochs"]
    when = f"epoch {epochs[0]}" if len(epochs) == 1 else f"{len(epochs)} epochs from {epochs[0]} on"
    return joined([Html('<span class="fired">fired</span>'), f" in {when}: {rule['message']}"])


def balance(record: ModelRecord) -> Html:
    given, drawn = (record.history["class_balance"][when] for when in ("before", "after"))
    all_given, all_drawn = sum(given.values()), sum(drawn.values())
    rows = [
        (
            label,
            f"{given[label]:,}",
            percent(given[label] / all_given, 1),
            f"{drawn[label]:,}",
            percent(drawn[label] / all_drawn, 1),
        )
        for label in given
    ]
    heads = ("class", "images", "share", "drawn an epoch", "share")
    said = "Training draws every class equally often; validation and test stay as they are."
    splits = record.history["splits"]
    counts = [(label, *(f"{of_split[label]:,}" for of_split in splits.values())) for label in given]
    return section(
        "balance",
        "Balance of the classes",
        paragraph(said),
        two(
            table(heads, rows, caption="Training split, before and after sampling"),
            table(("class", *splits), counts, caption="Images by split"),
        ),
    )


def how(record: ModelRecord) -> Html:
    card = record.card
    identity = {
        "task": card.task,
        "architecture": card.architecture,
        "image size": f"{card.image_size} × {card.image_size} pixels",
        "data set version": card.dataset_version,
        "code digest": card.code_digest,
        "model version": card.version,
        **{name: str(value) for name, value in decided(record).items()},
    }
    return section(
        "how",
        "How it was trained",
        two(
            table((), [(n, code(v)) for n, v in identity.items()], caption="Model", kind="text"),
            _pairs("Hyperparameters", card.hyperparameters),
            _pairs("Environment", record.history["environment"]),
        ),
    )


def decided(record: ModelRecord) -> dict[str, object]:
    """What the validation split decided besides the epoch."""
    card = record.card
    if record.classifies:
        return {"temperature": card.temperature}
    return {
        "threshold": card.threshold,
        "minimum presence": card.minimum_presence,
        "minimum area": card.minimum_area,
        "largest component": card.largest_component,
    }


def _pairs(caption: str, values: Mapping[str, Any]) -> Html:
    rows = [(spoken(name), code(value)) for name, value in values.items()]
    return table((), rows, caption=caption, kind="text")


def _duration(seconds: float) -> str:
    """`8 s`, `12 min`, `3.4 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"

"""The model card: what a model is for, what it is not for, how good it is and where it ends.

Markdown, in the order of Mitchell et al., 2019, "Model Cards for Model Reporting".
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence

from sonomodel.report.curves import decided
from sonomodel.report.notation import counted, figure, interval, percent, spoken
from sonomodel.report.record import MEANINGS, ModelRecord

_MARKUP = re.compile(r"([\\`*_{}\[\]#|~])")

USES = {
    "classification": (
        "Says to which class a breast-ultrasound image belongs, with a probability for each class."
    ),
    "segmentation": "Marks the pixels of a breast-ultrasound image that belong to a lesion.",
}


def markdown(record: ModelRecord) -> str:
    card = record.card
    parts = [
        f"# Model card: {text(card.name)}",
        "Research use only. Not a medical device. Do not use it to diagnose or to treat anyone.",
        *_details(record),
        *_use(record),
        *_data(record),
        *_figures(record),
        *_limits(record),
        *_training(record),
    ]
    return "\n\n".join(parts) + "\n"


def text(value: object) -> str:
    """What comes from outside, so that it stays text, on one line."""
    return _MARKUP.sub(r"\\\1", html.escape(" ".join(str(value).split()), quote=False))


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _rows(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *([text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _details(record: ModelRecord) -> list[str]:
    card = record.card
    return [
        "## Model",
        _bullets(
            [
                f"Task: {card.task}. {USES[card.task]}",
                f"Architecture: {text(card.architecture)}, {card.image_size} pixels a side",
                f"Classes: {', '.join(map(text, card.classes))}",
                f"Version: {text(card.version)}",
                f"Code: {text(card.code_digest)}",
                f"Started from: {_started_from(card.pretrained)}",
                "Licence of the weights: to be stated by whoever passes them on; it depends on "
                "the licence of the data",
            ]
        ),
    ]


def _started_from(pretrained: Mapping[str, str | None] | None) -> str:
    if pretrained is None:
        return "random weights"
    source = text(pretrained["source"] or "weights of a source that their file does not name")
    licence = text(pretrained["licence"] or "not named in their file")
    return f"{source}; SHA-256 {pretrained['sha256']}; licence {licence}"


def _use(record: ModelRecord) -> list[str]:
    return [
        "## Intended use",
        "Research on breast ultrasound: comparing methods, building and testing systems. A person "
        "who can judge the images looks at every answer.",
        "Not for: diagnosis, screening, triage or treatment; images of another organ or another "
        "kind; images from devices or clinics unlike those of the data set, before it has been "
        "measured there; sizes in millimetres, since images carry no scale.",
    ]


def _data(record: ModelRecord) -> list[str]:
    splits = record.history["splits"]
    rows = [
        [label, *(counts[label] for counts in splits.values())] for label in record.card.classes
    ]
    if record.by_group:
        kept = (
            "Images that look alike, or that the data set's groups.csv gives as belonging "
            "together, lie in one split and count as one in the intervals."
        )
    else:
        kept = "Which images belong together was not known in training."
    return [
        "## Data",
        f"Data set version {text(record.card.dataset_version)}. {kept} The training split was "
        "drawn evenly over the classes; validation and test were left as they are.",
        _rows(["class", *splits], rows),
    ]


def _figures(record: ModelRecord) -> list[str]:
    names = [name for name in record.metrics if name in MEANINGS]
    rows = [
        (
            spoken(name),
            figure(record.metrics[name]),
            interval(record.intervals.get(name)),
            MEANINGS[name],
        )
        for name in names
    ]
    images = counted(record.evaluation["images"], "image")
    return [
        "## Figures",
        f"Of the test split, {images} that neither training nor any choice has seen. "
        f"{record.intervals_said}",
        _rows(["metric", "value", "95 % interval", "meaning"], rows),
    ]


def _limits(record: ModelRecord) -> list[str]:
    known = [*record.cautions()]
    if record.by_group:
        known.append(
            "Groups come from the images' looks and from groups.csv. Without it patients are not "
            "known, and two unlike images of one patient may lie in different splits."
        )
    if record.classifies:
        known.append(
            f"Probabilities are scaled by the temperature {record.card.temperature:g}, found on "
            f"the validation split; the calibration error on the test split is "
            f"{figure(record.metrics.get('ece'))}. On other data it may be far higher."
        )
        known += [*_triage(record), *_familiarity(record)]
    known.append("All figures are of one data set and one split of it.")
    return ["## Known limits", _bullets(text(one) for one in known)]


def _triage(record: ModelRecord) -> list[str]:
    """What is left to nobody, and how that went on images that had no say in it."""
    chosen = record.card.triage
    if chosen is None:
        return []
    found, asked = chosen["validation"], chosen["required_accuracy"]
    if chosen["threshold"] is None:
        return [
            f"On none of {counted(found['images'], 'validation image')} was a probability high "
            f"enough for labels that are right {figure(asked)} of the time: a person has to look "
            "at every image."
        ]
    return [
        f"From a probability of {chosen['threshold']:g} on, {found['right']} of "
        f"{found['automatic']} labels were right on the validation split, {figure(asked)} being "
        f"asked for; {found['images'] - found['automatic']} of {found['images']} images were "
        "below it, and are for a person. So few images do not prove that rate for others."
    ]


def _familiarity(record: ModelRecord) -> list[str]:
    """How often images of this very kind are taken for another."""
    chosen = record.evaluation.get("familiarity")
    if chosen is None:
        return []
    validation, test = chosen["validation"], chosen["test"]
    return [
        "An image whose features lie farther from the training images' than "
        f"{chosen['threshold']:.3g} is said to be unlike them, which "
        f"{validation['unlike']} of {counted(validation['images'], 'validation image')} and "
        f"{test['unlike']} of {counted(test['images'], 'test image')} are; "
        f"{percent(chosen['rate'], 1)} at most were asked for. What lies nearer may still be of a "
        "kind that was never seen."
    ]


def _training(record: ModelRecord) -> list[str]:
    history, fired = record.history, [rule["name"] for rule in record.fired]
    weights = history["pretrained_weights"]
    silent = "none" if record.diagnostics else "unknown, none were written"
    return [
        "## Training",
        _bullets(
            [
                f"{counted(len(history['epochs']), 'epoch')}, of which "
                f"{history['best_epoch']} was kept",
                f"Started from {'the weights ' + text(weights) if weights else 'random weights'}",
                f"Decided on the validation split: {_named(decided(record))}",
                f"Hyperparameters: {_named(record.card.hyperparameters)}",
                f"Environment: {_named(history['environment'])}",
                f"Diagnostic rules that fired: {text(', '.join(fired)) if fired else silent}",
            ]
        ),
    ]


def _named(values: Mapping[str, object]) -> str:
    return ", ".join(f"{text(spoken(name))} {text(value)}" for name, value in values.items())

"""An external set and the models that judge it, as the functions find them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
from PIL import Image

from sonoflow.images import pixels
from sonoflow.images.fingerprints import fingerprint
from tests.unit import pictures, stack, staged_parts, ultrasound
from tests.unit.fake_endpoints import CLASSIFIER, SEGMENTER, FakeEndpoints

VERSION = "cd0007f2cf09-5e3a91c0"  # of both models in service
TRAINED = "datasets/busi-mini/cd0007f2cf09/"
CLASSES = ("benign", "malignant", "normal")
PER_CLASS = 6
SIZE = (pictures.WIDTH, pictures.HEIGHT)
ROOT = "Other hospital"
COUNTS = {"true_positives": 90, "false_positives": 10, "false_negatives": 10}


def scan(seed: int) -> ultrasound.Pixels:
    return ultrasound.scan(seed, *SIZE)


def encoded(picture: ultrasound.Pixels) -> bytes:
    return pictures.encode(Image.fromarray(picture))


def darker(picture: ultrasound.Pixels) -> ultrasound.Pixels:
    return np.rint(picture * 0.8 + 6).astype(np.uint8)


def known(label: str, number: int) -> ultrasound.Pixels:
    """An image of the set that the models were trained on."""
    return scan(100 * CLASSES.index(label) + number)


def trained() -> list[dict[str, Any]]:
    """Leaves the index and the parts of that set; two of six images test, one validates."""
    entries = []
    for label in CLASSES:
        for number in range(PER_CLASS):
            picture = known(label, number)
            entry = staged_parts.entry(label, number, pixels.digest(picture))
            entries.append({**entry, **fingerprint(picture).document()})
    staged_parts.write(TRAINED, entries[:10], entries[10:])
    lines = []
    for at, entry in enumerate(entries):
        split = ("train", "train", "train", "validation", "test", "test")[at % PER_CLASS]
        line = {name: value for name, value in entry.items() if name != "thumb"}
        lines.append(json.dumps({**line, "split": split, "group": f"group{at}"}))
    stack.write(stack.WORK, f"{TRAINED}index.jsonl", "\n".join(lines))
    return [json.loads(line) for line in lines]


def evaluations(index: list[dict[str, Any]]) -> None:
    """Leaves what both releases were judged by: all labels right, all masks of Dice .9."""
    tested = [entry for entry in index if entry["split"] == "test"]
    labelled = [{"id": e["id"], "class": e["class"], **said(e["class"])} for e in tested]
    write_evaluation(CLASSIFIER, labelled, {"accuracy": 1.0, "intervals": {"accuracy": [1.0, 1.0]}})
    masked = []
    for entry in tested:
        counts = {**COUNTS, "true_negatives": 6000}
        if entry["class"] == "normal":
            counts = {**dict.fromkeys(COUNTS, 0), "true_negatives": 6000}
        distance = None if entry["class"] == "normal" else 2.0
        measured = {**counts, "hd95": distance, "hd95_relative": distance and 0.02}
        masked.append({"id": entry["id"], "class": entry["class"], **measured})
    metrics = {"lesion_dice": 0.9, "intervals": {"lesion_dice": [0.88, 0.92]}}
    write_evaluation(SEGMENTER, masked, metrics)


def write_evaluation(endpoint: str, per_image: list[Any], metrics: dict[str, Any]) -> None:
    document = {
        "classes": list(CLASSES),
        "metrics": metrics,
        "per_image": per_image,
        "dataset_version": "cd0007f2cf09",
    }
    key = f"training/{endpoint}-{VERSION}/evaluation.json"
    stack.write(stack.WORK, key, json.dumps(document))


def said(label: str) -> dict[str, Any]:
    return {
        "label": label,
        "probabilities": {name: 0.8 if name == label else 0.1 for name in CLASSES},
    }


def in_service(endpoints: FakeEndpoints) -> None:
    """Both endpoints describe themselves as serving these releases."""
    for name in (CLASSIFIER, SEGMENTER):
        endpoints.described[name] = {"EndpointConfigName": f"{name}-{VERSION}"}


def files(**more: bytes) -> dict[str, bytes]:
    """Three images of each class that nobody knows, and two that the training set has, a bit
    darker: one of them trains there, the other tests."""
    found: dict[str, bytes] = {}
    for label in CLASSES:
        for number in range(3):
            add(found, label, number, scan(5000 + 100 * CLASSES.index(label) + number))
    add(found, "benign", 8, darker(known("benign", 1)))
    add(found, "malignant", 8, darker(known("malignant", 5)))
    return found | {f"{ROOT}/{name}": content for name, content in more.items()}


def add(found: dict[str, bytes], label: str, number: int, picture: ultrasound.Pixels) -> None:
    stem = f"{ROOT}/{label}/{label} ({number})"
    found[f"{stem}.png"] = encoded(picture)
    mask = pictures.lesion(0, 0, 0, 0) if label == "normal" else pictures.lesion(10, 10, 30, 20)
    found[f"{stem}_mask.png"] = pictures.encode(mask)


def payload(name: str, version: str) -> Any:
    """A state's event, of that version of the set."""
    return {**stack.event(name), "dataset": {"name": "other-hospital", "version": version}}


def identity(source: str) -> str:
    return hashlib.sha256(f"{ROOT}/{source}".encode()).hexdigest()[:16]

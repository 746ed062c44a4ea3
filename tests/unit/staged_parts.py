"""The parts of a staged data set, as stage_images leaves them in S3."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from sonoflow.images.fingerprints import fingerprint
from tests.unit import pictures, stack


def entry(label: str, number: int, sha256: str | None = None) -> dict[str, Any]:
    identity = hashlib.sha256(f"{label}{number}".encode()).hexdigest()[:16]
    return {
        "id": identity,
        "class": label,
        "source": f"{label}/{number}.png",
        "masks": [] if label == "normal" else [f"{label}/{number}_mask.png"],
        "width": 96,
        "height": 64,
        "image": f"images/{label}/{identity}.png",
        "mask": None if label == "normal" else f"masks/{label}/{identity}.png",
        "sha256": sha256 or hashlib.sha256(identity.encode()).hexdigest(),
        "lesion_pixels": 0 if label == "normal" else 200,
        "flags": [],
        **fingerprint(np.asarray(pictures.scan(int(identity[:8], 16)))).document(),
    }


def whole(per_class: int = 20) -> list[dict[str, Any]]:
    labels = ("normal", "malignant", "benign")
    return [entry(label, number) for label in labels for number in range(per_class)]


def write(prefix: str, *parts: list[dict[str, Any]]) -> None:
    aside = {"source": "README.txt", "reason": "unsupported-extension", "detail": "no image"}
    stack.write(
        stack.WORK,
        f"{prefix}parts/plan.json",
        json.dumps({"images": [], "quarantine": [aside]}),
    )
    for number, images in enumerate(parts):
        document = json.dumps({"images": images, "quarantine": []})
        stack.write(stack.WORK, f"{prefix}parts/{number:05d}.json", document)


def lines(key: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stack.read(stack.WORK, key).splitlines()]

"""A data set as it is staged and split, and replies to verdicts, without what led to them."""

from __future__ import annotations

import json
from typing import Any

from PIL import Image

from sonoflow.aws import objects
from sonoflow.aws.ranged import RemoteObject
from sonoflow.aws.uploads import Upload
from sonoflow.feedback import naming
from sonoflow.images import batches, pixels, png, staging
from sonoflow.images.mapping import KEYS
from sonoflow.keys import Dataset
from sonoflow.planning import plans
from sonoflow.settings import Batching, Splitting
from sonoflow.splits import splitting
from tests.unit import pictures, stack, ultrasound

OPTIONS = Splitting(7, minimum_images_per_class=3, split_stable=False, split_folds=5)
LABELS = ("benign", "malignant", "normal")


def scan(seed: int) -> pixels.Pixels:
    return ultrasound.scan(seed, pictures.WIDTH, pictures.HEIGHT)


def archive(images_per_class: int = 6) -> bytes:
    files = {}
    for offset, label in enumerate(LABELS):
        for number in range(images_per_class):
            stem = f"{label}/{label} ({number})"
            files[f"{stem}.png"] = png.encode(scan(100 * offset + number))
            mask = (
                pictures.lesion(0, 0, 0, 0) if label == "normal" else pictures.lesion(9, 9, 40, 30)
            )
            files[f"{stem}_mask.png"] = pictures.encode(mask)
    return pictures.archive(files)


def train(key: str, data: bytes | None = None) -> tuple[Dataset, dict[str, Any]]:
    """Plans, stages and splits an upload, put there if its content is given."""
    if data is not None:
        stack.write(stack.UPLOADS, key, data)
    upload = Upload(stack.UPLOADS, key, None, len(stack.read(stack.UPLOADS, key)))
    images = plans.of_images(upload, Batching(50, 10**8), stack.WORK, KEYS.find(upload))
    for document in objects.read_json(stack.WORK, images.dataset.plan):
        batch = batches.from_state({"batch": document})
        staging.stage_batch(RemoteObject(upload), batch, images.dataset, stack.WORK, 4)
    answer = splitting.split(stack.WORK, images.dataset, images.batches, OPTIONS, images.continues)
    return images.dataset, answer


def judge(
    path: str, label: str, shown: pixels.Pixels, mask: Image.Image | None = None, **more: Any
) -> None:
    """Leaves the reply to an accepted verdict."""
    digest = pixels.digest(shown)
    kept: dict[str, Any] = {"sha256": digest, "image": naming.image(digest), "mask": None}
    stack.write(stack.WORK, kept["image"], png.encode(shown))
    if mask is not None:
        kept["mask"] = naming.mask(digest)
        stack.write(stack.WORK, kept["mask"], pictures.encode(mask))
    document = {
        "status": "accepted",
        "label": label,
        "kept": kept,
        "verdict": {"key": f"feedback/{path}.json"},
        "time": "2026-11-22T10:00:00+00:00",
        **more,
    }
    stack.write(stack.RESULTS, f"feedback/{path}.json", json.dumps(document))

"""Trains the segmenter: which pixels of an ultrasound image belong to a lesion.

A tiny run on a CPU, half a minute, on images that the project draws itself:

    python -m local.phantoms --channels out/phantoms --images-per-class 20
    python model_code/train_segmenter.py --classes '["benign","malignant","normal"]' \
        --image-size 64 --base-channels 8 --depth 3 --epochs 6 \
        --train out/phantoms/train --validation out/phantoms/validation \
        --test out/phantoms/test --model-dir out/segmenter --output-data-dir out/segmenter-output

As used for BUSI, on a GPU or with patience:

    python model_code/train_segmenter.py --classes '["benign","malignant","normal"]' \
        --image-size 256 --base-channels 32 --depth 4 --epochs 60 --train …

On SageMaker the folders come from SM_CHANNEL_* and SM_MODEL_DIR. One log line per epoch; the epoch
with the best agreement of masks on the validation split is kept, the threshold is chosen there too,
and both are judged once on the test split.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

import arguments
import job
from data import ImageSet, load_pairs, read_channel
from evaluation import evaluate_segmenter
from loop import Objective, Trainer
from losses import segmentation_loss
from metrics import Overlap, segmentation_metrics
from model_card import ModelCard
from networks import UNet, UNetConfig
from predictor import Segmenter
from preprocessing import Normalisation

THRESHOLDS = [step / 20 for step in range(2, 19)]  # 0.10 to 0.90
LOGGED = ("lesion_dice", "lesion_iou", "normal_false_mask_rate", "mean_agreement")


def main(argv: Sequence[str] | None = None) -> None:
    options = parse(argv)
    compute = job.start(options)
    if "SM_CHANNEL_WEIGHTS" in os.environ:
        print("weights: the channel is ignored, the U-Net trains from scratch", flush=True)
    train = load_pairs(options.train, options.classes, options.image_size)
    validation = load_pairs(options.validation, options.classes, options.image_size)
    test = read_channel(options.test, options.classes)
    job.refuse_single_image(len(train))

    config = UNetConfig(options.base_channels, options.depth)
    network = UNet(config)
    normalisation = train.normalisation()
    objective = Objective(segmentation_loss, score, selection="mean_agreement")
    trainer = Trainer(
        network, objective, normalisation, job.schedule(options), compute, options.seed
    )
    history = trainer.fit(train, validation)
    threshold = best_threshold(trainer.predict(validation), validation)

    card = describe(options, config, normalisation, threshold)
    evaluation = evaluate_segmenter(Segmenter(network, card), test)
    card = dataclasses.replace(card, metrics=evaluation["metrics"])
    job.finish(options, network, card, evaluation, history)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = arguments.training_parser(__doc__, model_name="segmenter")
    parser.set_defaults(learning_rate=2e-3)
    parser.add_argument("--base-channels", type=arguments.positive, default=32)
    parser.add_argument("--depth", type=arguments.positive, default=4)
    parser.add_argument("--image-size", type=arguments.positive, default=256, help="pixels")
    return parser.parse_args(argv)


def score(logits: Tensor, images: ImageSet) -> dict[str, float | None]:
    """At network size and probability one half; the served threshold is chosen after training."""
    metrics = segmentation_metrics(overlaps(logits, images, threshold=0.5))
    return {name: metrics[name] for name in LOGGED}


def overlaps(logits: Tensor, images: ImageSet, threshold: float) -> list[Overlap]:
    predicted = (torch.sigmoid(logits) >= threshold).numpy()
    true = images.targets(torch.arange(len(images))).numpy() > 0
    return [Overlap.of(marked, lesion) for marked, lesion in zip(predicted, true, strict=True)]


def best_threshold(logits: Tensor, images: ImageSet) -> float:
    """Highest agreement on the validation split; of equals the one nearest to one half."""

    def quality(threshold: float) -> tuple[float, float]:
        agreements = [overlap.agreement for overlap in overlaps(logits, images, threshold)]
        return round(float(np.mean(agreements)), 6), -abs(threshold - 0.5)

    return max(THRESHOLDS, key=quality)


def describe(
    options: argparse.Namespace,
    config: UNetConfig,
    normalisation: Normalisation,
    threshold: float,
) -> ModelCard:
    names = ("base_channels", "depth", "image_size")
    return ModelCard(
        task="segmentation",
        name=options.model_name,
        version=options.model_version,
        architecture="unet",
        network=dataclasses.asdict(config),
        classes=options.classes,
        image_size=options.image_size,
        normalisation=normalisation,
        threshold=threshold,
        dataset_version=options.dataset_version,
        code_digest=options.code_digest,
        torch_version=torch.__version__,
        hyperparameters=arguments.hyperparameters(options, names),
    )


if __name__ == "__main__":
    job.run(main)

r"""Trains the segmenter: which pixels of an ultrasound image belong to a lesion.

A tiny run on a CPU, half a minute, on images that the project draws itself:

    python -m local.phantoms --channels out/phantoms --images-per-class 20
    python model_code/train_segmenter.py --classes '["benign","malignant","normal"]' \
        --image-size 64 --base-channels 8 --depth 3 --epochs 6 \
        --train out/phantoms/train --validation out/phantoms/validation \
        --test out/phantoms/test --model-dir out/segmenter --output-data-dir out/segmenter-output

As used for BUSI, from pretrained weights (docs/training.md), minutes on two cores:

    python model_code/train_segmenter.py --classes '["benign","malignant","normal"]' \
        --weights efficientnet_lite0.safetensors --train …

On SageMaker the folders come from SM_CHANNEL_* and SM_MODEL_DIR. One log line per epoch; the epoch
with the best agreement with the validation split is kept, threshold, presence gate and clean-up are
chosen there too (rule_choice), and all are judged once on the test split.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence

import torch

from sonomodel import arguments, job
from sonomodel.diagnostics.observations import saturation_of_masks
from sonomodel.evaluation.bootstrap import read_groups
from sonomodel.evaluation.evaluation import evaluate_segmenter
from sonomodel.evaluation.metrics import segmentation_metrics
from sonomodel.evaluation.rule_choice import Validated, choose, gated_agreement
from sonomodel.images.augmentation import STRENGTHS
from sonomodel.images.samples import ImageSet, load_pairs, outlined, read_channel
from sonomodel.model.predictor import Segmenter
from sonomodel.model.rule import LesionRule, presence_of
from sonomodel.networks.encoder_unet import build_segmenter
from sonomodel.networks.pretrained import start_from
from sonomodel.networks.unet import LesionLogits, UNetConfig
from sonomodel.training.loop import Objective
from sonomodel.training.losses import lesion_loss

LOGGED = ("lesion_dice", "lesion_iou", "normal_false_mask_rate")


def main(argv: Sequence[str] | None = None) -> None:
    options = parse(argv)
    compute = job.start(options)
    train = load_pairs(options.train, options.classes, options.image_size)
    validation = load_pairs(options.validation, options.classes, options.image_size)
    test = outlined(read_channel(options.test, options.classes))
    groups = read_groups(options.index) if options.index else None
    job.refuse_single_image(len(train))

    config = UNetConfig(
        options.base_channels, options.depth, options.encoder, presence=options.presence_head
    )
    network = build_segmenter(config)
    if options.weights is not None:
        start_from(network, options.weights)
    card = job.describe(options, "segmenter", config, train.normalisation())
    trainer = job.trainer(options, compute, network, objective(options), card, train, validation)
    history = trainer.fit(train, validation)
    if job.ends_here(compute):
        return

    logits = trainer.predict(validation, flip=card.test_time_flip)
    rule = choose(validated(logits, validation))
    print(f"rule: {rule}", flush=True)
    card = card.with_rule(rule)
    evaluation = evaluate_segmenter(Segmenter(network, card), test, groups)
    card = dataclasses.replace(card, metrics=evaluation["metrics"])
    job.finish(options, network, card, evaluation, history)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    return arguments.parsed(__doc__, "segmenter", argv)


def objective(options: argparse.Namespace) -> Objective:
    return Objective(
        lesion_loss,
        score,
        selection="mean_agreement",
        saturation=saturation_of_masks,
        augment=STRENGTHS[options.augmentation],
    )


def score(logits: LesionLogits, images: ImageSet) -> dict[str, float | None]:
    """At network size, a pixel being lesion from one half on: figures without any gate, and the
    agreement behind the best gate, which is how the epoch could be served. Lesions alone would keep
    an epoch that marks every normal image, and a fixed gate one whose presence head came first."""
    images_judged = validated(logits, images)
    rule = LesionRule(threshold=0.5)
    metrics = segmentation_metrics([one.overlap(rule) for one in images_judged])
    agreement = {"mean_agreement": gated_agreement(images_judged, rule.threshold)}
    return {name: metrics[name] for name in LOGGED} | agreement


def validated(logits: LesionLogits, images: ImageSet) -> list[Validated]:
    masks = torch.sigmoid(logits.mask)[:, 0].numpy()
    presences: list[float | None] = [None] * len(masks)
    if logits.presence is not None:
        heads = logits.presence.tolist()
        presences = [presence_of(*parts) for parts in zip(masks, heads, strict=True)]
    lesions = images.targets(torch.arange(len(images)))[:, 0].numpy() > 0
    return [Validated(*parts) for parts in zip(masks, presences, lesions, strict=True)]


if __name__ == "__main__":
    job.run(main)

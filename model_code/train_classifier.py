r"""Trains the classifier: which class does an ultrasound image belong to.

A tiny run on a CPU, half a minute, on images that the project draws itself:

    python -m local.phantoms --channels out/phantoms --images-per-class 20
    python model_code/train_classifier.py --classes '["benign","malignant","normal"]' \
        --image-size 64 --epochs 4 \
        --train out/phantoms/train --validation out/phantoms/validation \
        --test out/phantoms/test --model-dir out/classifier --output-data-dir out/classifier-output

As used for BUSI, from pretrained weights (docs/training.md), minutes on two cores:

    python model_code/train_classifier.py --classes '["benign","malignant","normal"]' \
        --weights efficientnet_lite0.safetensors --train …

On SageMaker the folders come from SM_CHANNEL_* and SM_MODEL_DIR. One log line per epoch; the epoch
that makes the validation split likeliest is kept, its temperature is found there too, and so are
the probability from which its labels need no person and the distance from which images are unlike
those of the training; all are judged once on the test split.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sonomodel import arguments, job
from sonomodel.diagnostics.observations import saturation_of_classes
from sonomodel.evaluation import triage
from sonomodel.evaluation.bootstrap import read_groups
from sonomodel.evaluation.calibration import likelihood, temperature
from sonomodel.evaluation.evaluation import evaluate_classifier
from sonomodel.evaluation.metrics import classification_metrics, confusion_matrix
from sonomodel.images.augmentation import STRENGTHS
from sonomodel.images.samples import ImageSet, load_images, read_channel
from sonomodel.model import familiarity
from sonomodel.model.card import ModelCard
from sonomodel.model.familiarity import Familiarity
from sonomodel.model.predictor import Classifier
from sonomodel.networks.classifier import ClassifierConfig, build_classifier
from sonomodel.networks.pretrained import start_from
from sonomodel.networks.resnet import LesionAware
from sonomodel.training.loop import Objective
from sonomodel.training.losses import LesionAwareLoss, classification_loss


def main(argv: Sequence[str] | None = None) -> None:
    options = parse(argv)
    compute = job.start(options)
    train = load_images(
        options.train, options.classes, options.image_size, lesions=options.lesion_weight > 0
    )
    validation = load_images(options.validation, options.classes, options.image_size)
    test = read_channel(options.test, options.classes)
    groups = read_groups(options.index) if options.index else None
    job.refuse_single_image(len(train))

    config = ClassifierConfig(options.architecture, len(options.classes))
    network = build_classifier(config)
    if options.weights is not None:
        start_from(network, options.weights)
    learner = network if train.lesions is None else LesionAware(network)
    card = job.describe(options, "classifier", config, train.normalisation())
    goal = objective(options, lesion_aware=train.lesions is not None)
    trainer = job.trainer(options, compute, learner, goal, card, train, validation)
    history = trainer.fit(train, validation)
    if job.ends_here(compute):
        return

    logits = trainer.predict(validation, flip=card.test_time_flip)
    card = with_decisions(card, logits, validation.labels, options.triage_accuracy)
    card, known = with_familiarity(card, network.eval(), train, validation, options.unlike_rate)
    evaluation = evaluate_classifier(Classifier(network, card, known), test, groups)
    card = dataclasses.replace(card, metrics=evaluation["metrics"])
    job.finish(options, network, card, evaluation, history, known)


def with_decisions(card: ModelCard, logits: Tensor, labels: Tensor, accuracy: float) -> ModelCard:
    """What the validation split decides: the temperature, and whose answers need no person."""
    found = temperature(logits, labels)
    probabilities = torch.softmax(logits.double() / found, dim=1).numpy()
    chosen = triage.choose(probabilities, labels.numpy(), accuracy)
    chosen["risk_coverage"] = triage.curve(probabilities, labels.numpy())
    return dataclasses.replace(card, temperature=found, triage=chosen)


def with_familiarity(
    card: ModelCard, network: nn.Module, train: ImageSet, validation: ImageSet, rate: float
) -> tuple[ModelCard, Familiarity | None]:
    """What the training images are like, and from where on the validation images are unlike."""
    known = Familiarity.of(familiarity.measure(network, train.images, card.normalisation))
    if known is None:
        return card, None
    distances = known.distances(familiarity.measure(network, validation.images, card.normalisation))
    return dataclasses.replace(card, familiarity=familiarity.choose(distances, rate)), known


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    return arguments.parsed(__doc__, "classifier", argv)


def objective(options: argparse.Namespace, *, lesion_aware: bool) -> Objective:
    """Smoothed labels and masks teach; the loss that is reported on validation is the plain one."""
    smoothed = functools.partial(classification_loss, label_smoothing=options.label_smoothing)
    with_masks = LesionAwareLoss(options.label_smoothing, options.lesion_weight)
    return Objective(
        classification_loss,
        functools.partial(score, options.classes),
        selection="likelihood",
        training_loss=with_masks if lesion_aware else smoothed,
        saturation=saturation_of_classes,
        augment=STRENGTHS[options.augmentation],
    )


def score(classes: Sequence[str], logits: Tensor, images: ImageSet) -> dict[str, float | None]:
    predicted = logits.argmax(dim=1).tolist()
    matrix = confusion_matrix(images.labels.tolist(), predicted, len(classes))
    metrics = classification_metrics(matrix, classes)
    scores = {name: metrics[name] for name in ("accuracy", "macro_f1")}
    return scores | {"likelihood": likelihood(logits, images.labels)}


if __name__ == "__main__":
    job.run(main)

"""What the two training scripts do before and after training."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sonomodel import hyperparameters
from sonomodel.diagnostics.diagnostics import FILE, Diagnostics
from sonomodel.errors import ChannelError, Interrupted, ModelCodeError
from sonomodel.evaluation.evaluation import Evaluation
from sonomodel.images.preprocessing import Normalisation
from sonomodel.images.samples import ImageSet, read_channel
from sonomodel.model.artifact import write_model
from sonomodel.model.card import ModelCard
from sonomodel.model.familiarity import Familiarity
from sonomodel.model.predictor import Segmenter
from sonomodel.networks import pretrained
from sonomodel.networks.classifier import ClassifierConfig
from sonomodel.networks.unet import UNetConfig
from sonomodel.processes.compute import Compute
from sonomodel.processes.peers import Peers
from sonomodel.processes.world import World, launch, leave
from sonomodel.report import page
from sonomodel.report import record as model_record
from sonomodel.report.record import ModelRecord
from sonomodel.report.worst_cases import worst_cases
from sonomodel.training.allocator import keep_freed_memory
from sonomodel.training.checkpoint import CheckpointStore
from sonomodel.training.interruption import EXIT_CODE
from sonomodel.training.loop import Objective, Trainer, log_line
from sonomodel.training.progress import History
from sonomodel.training.schedule import Schedule

TASKS = {"classifier": "classification", "segmenter": "segmentation"}


def run(main: Callable[[], None]) -> None:
    """A training script's way to run: an error of our own ends it with one line on stderr.

    SageMaker's training toolkit (5.1.4) takes FailureReason from the first line of output on that
    names one of Python's own exceptions, and is blind to ours; hence the line's first word.
    """
    try:
        main()
    except Interrupted as interrupted:  # all processes of the job
        print(f"interrupted: {interrupted}", flush=True)
        leave()
        sys.exit(EXIT_CODE)
    except ModelCodeError as error:
        sys.exit(f"RuntimeError: {type(error).__name__}: {error}")


def start(options: argparse.Namespace) -> Compute:
    """Where and with whom to compute. An instance with several GPUs gets a process for each, and
    this one ends when they have."""
    world = World.here()
    if world.processes > 1 and "LOCAL_RANK" not in os.environ:
        sys.exit(launch(world.processes))
    peers = Peers.gather(world)
    torch.manual_seed(options.seed)
    compute = Compute.here(peers)
    if compute.device.type == "cpu":
        keep_freed_memory()
    print(f"{compute} torch={torch.__version__} seed={options.seed}", flush=True)
    return compute


def ends_here(compute: Compute) -> bool:
    """Whether this process has done its part when training is over: the first one alone judges the
    model and writes it, and waits for nobody."""
    compute.peers.part_company()
    return not compute.peers.lead


def describe(
    options: argparse.Namespace,
    model: str,
    network: ClassifierConfig | UNetConfig,
    normalisation: Normalisation,
) -> ModelCard:
    """Before training. `model`: "classifier" or "segmenter"."""
    return ModelCard(
        task=TASKS[model],
        name=options.model_name,
        version=options.model_version,
        architecture=network.architecture,
        network=dataclasses.asdict(network),
        classes=options.classes,
        image_size=options.image_size,
        normalisation=normalisation,
        threshold=None,
        dataset_version=options.dataset_version,
        code_digest=options.code_digest,
        torch_version=torch.__version__,
        hyperparameters=hyperparameters.record(options, model),
        pretrained=options.weights and pretrained.origin(options.weights),
        test_time_flip=options.test_time_flip,
    )


def refuse_single_image(images: int) -> None:
    if images < 2:
        raise ChannelError("the train channel holds one image; batch normalisation needs two")


def trainer(
    options: argparse.Namespace,
    compute: Compute,
    network: nn.Module,
    objective: Objective,
    card: ModelCard,
    train: ImageSet,
    validation: ImageSet,
) -> Trainer:
    return Trainer(
        network,
        objective,
        card.normalisation,
        schedule(options),
        compute,
        options.seed,
        checkpoints(options, card, train, validation),
        Diagnostics(options.output_data_dir / FILE, options.stop_on),
    )


def schedule(options: argparse.Namespace) -> Schedule:
    return Schedule(
        epochs=options.epochs,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        weight_decay=options.weight_decay,
        patience=options.patience,
        ema_decay=options.ema_decay,
        encoder_rate=options.encoder_rate if options.weights else 1.0,
    )


def checkpoints(
    options: argparse.Namespace, card: ModelCard, train: ImageSet, validation: ImageSet
) -> CheckpointStore | None:
    """Where the run keeps its checkpoint: None where no folder is named and none is mounted."""
    if options.checkpoint_dir is None:
        return None
    weights: Path | None = options.weights
    run = {
        "task": card.task,
        "network": card.network,
        "classes": card.classes,
        "image_size": card.image_size,
        "weights": weights and pretrained.digest(weights),
        "train": train.digest(),
        "validation": validation.digest(),
        "code_digest": card.code_digest,
        "torch": card.torch_version,
    }
    return CheckpointStore(options.checkpoint_dir, run | card.hyperparameters)


def finish(
    options: argparse.Namespace,
    network: nn.Module,
    card: ModelCard,
    evaluation: Evaluation,
    history: History,
    familiarity: Familiarity | None = None,
) -> None:
    """Writes the model directory and the job's output, and logs the metrics of the model."""
    write_model(options.model_dir, network, card, familiarity)
    output: Path = options.output_data_dir
    output.mkdir(parents=True, exist_ok=True)
    _write_json(output / "evaluation.json", evaluation)
    page.write(output, _record(options, network, card, evaluation, history))
    print(log_line(_of_best_epoch(history)), flush=True)
    figures = {
        f"test_{name}": value
        for name, value in evaluation["metrics"].items()
        if not isinstance(value, dict)
    }
    print(log_line(figures), flush=True)


def _record(
    options: argparse.Namespace,
    network: nn.Module,
    card: ModelCard,
    evaluation: Evaluation,
    history: History,
) -> ModelRecord:
    """What the report is made of; writes history.json, which is a part of it."""
    output, classes = options.output_data_dir, card.classes
    folders = {"train": options.train, "validation": options.validation, "test": options.test}
    splits = {split: read_channel(folder, classes) for split, folder in folders.items()}
    weights: Path | None = options.weights
    facts = {
        "best_epoch": history.best_epoch,
        "selection": history.selection,
        "pretrained_weights": weights and pretrained.digest(weights),
        "epochs": history.epochs,
    }
    document = model_record.history(facts, splits, classes)
    _write_json(output / "history.json", document)
    written = output / FILE
    found = json.loads(written.read_text(encoding="utf-8")) if written.is_file() else None
    segmenter = Segmenter(network, card) if card.task == "segmentation" else None
    cases = worst_cases(evaluation, splits["test"], segmenter)
    return ModelRecord(card, evaluation, document, found, cases)


def _of_best_epoch(history: History) -> dict[str, float | None]:
    """SageMaker takes the last value that a log gives of a metric for the job's: that must not be
    the last epoch's where the weights are another one's. Tuning goes by it."""
    (best,) = (record for record in history.epochs if record["epoch"] == history.best_epoch)
    return {f"best_{name}": best[name] for name in best if name.startswith("validation_")}


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

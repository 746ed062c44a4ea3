"""Small trainings, the same for one process and for one of several: `python peer_training.py OUT`
does all of them as a process of a job that SM_HOSTS describes, and leaves what came of them."""

from __future__ import annotations

import dataclasses
import gc
import itertools
import math
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from sonomodel.diagnostics.diagnostics import Diagnostics
from sonomodel.errors import ModelCodeError
from sonomodel.images.preprocessing import Normalisation
from sonomodel.images.samples import ImageSet
from sonomodel.networks.resnet import LesionAwareLogits
from sonomodel.networks.unet import LesionLogits, UNet, UNetConfig
from sonomodel.processes.compute import Compute
from sonomodel.processes.peers import Peers
from sonomodel.processes.world import World
from sonomodel.training.checkpoint import CheckpointStore
from sonomodel.training.loop import Objective, Trainer
from sonomodel.training.losses import LesionAwareLoss, classification_loss, lesion_loss
from sonomodel.training.schedule import Schedule

SIDE = 16
SCHEDULE = Schedule(
    epochs=3, batch_size=7, learning_rate=0.003, weight_decay=0.01, patience=5, ema_decay=0.9
)
Outcome = dict[str, Any]


def pictures(count: int = 15, *, masks: bool = False, lesions: bool = False) -> ImageSet:
    """Of three classes; the brighter the square in it, the higher the class."""
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(20, 90, (count, 1, SIDE, SIDE), generator=generator)
    labels = torch.arange(count) % 3
    squares = torch.zeros(count, 1, SIDE, SIDE, dtype=torch.bool)
    squares[labels > 0, :, 4:10, 5:12] = True
    images = images + 60 * squares * labels.reshape(-1, 1, 1, 1)
    where = squares.to(torch.uint8)
    return ImageSet(
        [],
        images.to(torch.uint8),
        labels,
        masks=where if masks else None,
        lesions=where if lesions else None,
    )


def classifier() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1, bias=False),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.Conv2d(6, 8, 3, stride=2, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 3),
    )


class LesionAware(nn.Module):
    """As resnet.LesionAware answers, with a thousandth of its weights."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 3, stride=4, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU()
        )
        self.where, self.what = nn.Conv2d(6, 1, 1), nn.Linear(6, 3)

    def forward(self, images: Tensor) -> Tensor | LesionAwareLogits:
        features = self.features(images)
        classes: Tensor = self.what(features.mean(dim=(2, 3)))
        return LesionAwareLogits(classes, self.where(features)) if self.training else classes


def segmenter() -> nn.Module:
    return UNet(UNetConfig(4, 2, presence=True))


def accuracy(logits: Tensor, images: ImageSet) -> dict[str, float | None]:
    return {"accuracy": float((logits.argmax(dim=1) == images.labels).float().mean())}


def agreement(outputs: LesionLogits, images: ImageSet) -> dict[str, float | None]:
    right = (outputs.mask > 0) == (images.targets(torch.arange(len(images))) > 0)
    return {"agreement": float(right.float().mean())}


CLASSES = Objective(classification_loss, accuracy, "accuracy")
LESION_AWARE = dataclasses.replace(CLASSES, training_loss=LesionAwareLoss(0.1, 0.5))
CASES = {
    "lesion_aware": (LesionAware, LESION_AWARE),
    "classifier": (classifier, CLASSES),
    "segmenter": (segmenter, Objective(lesion_loss, agreement, "agreement")),
}


def trainer(case: str, peers: Peers, store: CheckpointStore | None = None, **members: Any) -> Any:
    torch.manual_seed(0)
    build, objective = CASES[case]
    compute = Compute(torch.device("cpu"), bfloat16=False, peers=peers)
    made = (build(), objective, Normalisation(0.3, 0.2), SCHEDULE, compute, 3, store)
    return Trainer(*made, **members)


def train(case: str, running: Trainer, images: ImageSet | None = None) -> Outcome:
    """Raises as Trainer.fit does."""
    images = images or pictures(masks=case == "segmenter", lesions=case == "lesion_aware")
    history = running.fit(images, images)
    return {"epochs": history.epochs, "best_epoch": history.best_epoch}


def attempt(case: str, running: Trainer, images: ImageSet | None = None) -> Outcome:
    try:
        return train(case, running, images)
    except ModelCodeError as error:
        return {"error": type(error).__name__, "message": str(error), "steps": progress(running)}


def progress(running: Trainer) -> tuple[int, int]:
    return running.progress.epoch, len(running.progress.losses)


def in_step(number: int, running: Trainer, act: Callable[[], None]) -> Trainer:
    """Acts before that step, counted from 1."""
    step, numbers = running._step, itertools.count(1)

    def stepping(train: ImageSet, picks: Tensor) -> float:
        if next(numbers) == number:
            act()
        return step(train, picks)

    running._step = stepping  # type: ignore[method-assign]
    return running


def interrupted(peers: Peers, store: CheckpointStore) -> Outcome:
    """Only the last process hears SIGTERM."""
    running = trainer("classifier", peers, store)
    if not peers.lead:
        in_step(5, running, lambda: os.kill(os.getpid(), signal.SIGTERM))
    return attempt("classifier", running)


def stopped(peers: Peers) -> Outcome:
    """A rule that only the first process looks at stops the job."""
    running = trainer("classifier", peers, diagnostics=Diagnostics(None, ["poor_initialisation"]))
    with torch.no_grad():
        next(running.network.parameters()).mul_(1000)
    return attempt("classifier", running)


def diverged(peers: Peers) -> Outcome:
    """Only in the last process's part."""
    factor = 1.0 if peers.lead else math.nan
    running = trainer("classifier", peers)
    running.objective = dataclasses.replace(
        CLASSES, training_loss=lambda logits, labels: factor * classification_loss(logits, labels)
    )
    return attempt("classifier", running)


def others(peers: Peers) -> Outcome:
    """The processes are given different images."""
    running = trainer("classifier", peers)
    return attempt("classifier", running, pictures(15 if peers.lead else 18))


def lost(peers: Peers) -> Outcome:
    """The last process ends without a word."""
    running = trainer("classifier", peers)
    if not peers.lead:
        in_step(2, running, lambda: os._exit(0))
    return attempt("classifier", running)


def holders(peers: Peers) -> int:
    """What would keep the process group alive after a training whose trainer is still there."""
    running = trainer("classifier", peers)
    train("classifier", running)
    gc.collect()
    found = [one for one in gc.get_objects() if type(one) is DistributedDataParallel]
    return len(found) if running.progress.finished else -1


def main(out: Path) -> None:
    torch.set_num_threads(1)
    peers = Peers.gather(World.here())
    outcomes = {}
    for case in CASES:
        outcomes[case] = train(case, trainer(case, peers, CheckpointStore(out / case, {})))
    again = CheckpointStore(out / "again", {})
    outcomes["interrupted"] = interrupted(peers, again)
    outcomes["saved"] = again.load() if peers.lead else None
    outcomes["resumed"] = train("classifier", trainer("classifier", peers, again))
    outcomes["holders"] = holders(peers)
    outcomes["stopped"] = stopped(peers)
    outcomes["diverged"] = diverged(peers)
    outcomes["others"] = others(peers)
    torch.save(outcomes, out / f"{peers.world.host}.pt")
    outcomes["lost"] = lost(peers)
    torch.save(outcomes, out / f"{peers.world.host}.pt")
    os._exit(0)  # the group has lost a process and cannot be left in order


if __name__ == "__main__":
    main(Path(sys.argv[1]))

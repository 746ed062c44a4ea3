"""The training loop, the same for every network."""

from __future__ import annotations

import copy
import dataclasses
import math
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from augmentation import Augmentation
from data import ImageSet, balanced_batches, count_batches
from errors import TrainingDiverged
from precision import Compute
from preprocessing import Normalisation

WARM_UP = 0.08  # share of all steps over which the learning rate rises
GRADIENT_LIMIT = 5.0  # norm; only outliers are longer
LOGGED = "{}={:.5g}".format


@dataclasses.dataclass(frozen=True)
class Objective:
    """What differs between the tasks."""

    loss: Callable[[Tensor, Tensor], Tensor]  # logits, targets -> scalar
    score: Callable[[Tensor, ImageSet], dict[str, float | None]]  # logits of a whole set
    selection: str  # the score by which the best epoch is known; higher is better


@dataclasses.dataclass(frozen=True)
class Schedule:
    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    patience: int  # epochs without improvement after which training stops


@dataclasses.dataclass
class History:
    epochs: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    best_epoch: int = 0


class Trainer:
    """Fits one network. Random draws come from `seed` alone, so that a run can be repeated."""

    def __init__(
        self,
        network: nn.Module,
        objective: Objective,
        normalisation: Normalisation,
        schedule: Schedule,
        compute: Compute,
        seed: int,
    ) -> None:
        self.network = compute.place(network)
        self.objective, self.schedule, self.compute = objective, schedule, compute
        self.normalisation = normalisation
        self.augment = Augmentation()
        self.generator = torch.Generator().manual_seed(seed)
        self.optimizer = torch.optim.AdamW(
            network.parameters(), schedule.learning_rate, weight_decay=schedule.weight_decay
        )

    def fit(self, train: ImageSet, validation: ImageSet) -> History:
        """Trains, and leaves the network with the weights of its best epoch."""
        scheduler = self._scheduler(train)
        history, best, best_state = History(), (-math.inf, -math.inf), self.network.state_dict()
        for epoch in range(1, self.schedule.epochs + 1):
            started = time.perf_counter()
            rate = self.optimizer.param_groups[0]["lr"]
            train_loss = self._train_epoch(train, epoch, scheduler)
            validation_loss, scores = self.validate(validation)
            record = {"learning_rate": rate, "train_loss": train_loss}
            record |= {"validation_loss": validation_loss}
            record |= {f"validation_{name}": score for name, score in scores.items()}
            record |= {"seconds": time.perf_counter() - started}
            history.epochs.append({"epoch": epoch} | record)
            print(f"epoch={epoch}/{self.schedule.epochs} {log_line(record)}", flush=True)
            # Of equal scores the one with the lower loss: small splits have few distinct scores.
            result = (scores[self.objective.selection] or 0.0, -validation_loss)
            if result > best:
                best, history.best_epoch = result, epoch
                best_state = copy.deepcopy(self.network.state_dict())
            elif epoch - history.best_epoch >= self.schedule.patience:
                print(f"stopped early: best epoch was {history.best_epoch}", flush=True)
                break
        self.network.load_state_dict(best_state)
        return history

    def _scheduler(self, train: ImageSet) -> torch.optim.lr_scheduler.LambdaLR:
        steps = self.schedule.epochs * count_batches(train.labels, self.schedule.batch_size)
        warm_up = max(1, round(WARM_UP * steps))
        return torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: learning_rate_factor(step, steps, warm_up)
        )

    def validate(self, images: ImageSet) -> tuple[float, dict[str, float | None]]:
        """Loss and scores on a set, without augmentation."""
        logits = self.predict(images)
        loss = self.objective.loss(logits, images.targets(torch.arange(len(images))))
        return _real(float(loss), "validation loss"), self.objective.score(logits, images)

    @torch.inference_mode()
    def predict(self, images: ImageSet) -> Tensor:
        """The network's float32 logits of every image, on the CPU."""
        self.network.eval()
        outputs = []
        for picks in torch.split(torch.arange(len(images)), self.schedule.batch_size):
            pixels = images.images[picks].to(self.compute.device).float() / 255
            with self.compute.autocast():
                outputs.append(self.network(self._normalise(pixels)).float().cpu())
        return torch.cat(outputs)

    def _train_epoch(
        self, train: ImageSet, epoch: int, scheduler: torch.optim.lr_scheduler.LRScheduler
    ) -> float:
        self.network.train()
        losses = []
        for picks in balanced_batches(train.labels, self.schedule.batch_size, self.generator):
            loss = self._step(train, picks)
            losses.append(_real(loss, f"training loss of epoch {epoch}"))
            scheduler.step()
        return sum(losses) / len(losses)

    def _step(self, train: ImageSet, picks: Tensor) -> float:
        images = train.images[picks].to(self.compute.device).float() / 255
        targets = train.targets(picks).to(self.compute.device)
        if train.masks is None:
            images, _ = self.augment(images, None, self.generator)
        else:
            images, moved = self.augment(images, targets, self.generator)
            targets = targets if moved is None else moved
        with self.compute.autocast():
            loss = self.objective.loss(self.network(self._normalise(images)), targets)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), GRADIENT_LIMIT)
        self.optimizer.step()
        return float(loss.detach())

    def _normalise(self, images: Tensor) -> Tensor:
        normalised = (images - self.normalisation.mean) / self.normalisation.std
        return normalised.contiguous(memory_format=torch.channels_last)


def learning_rate_factor(step: int, steps: int, warm_up: int) -> float:
    """Rises linearly over `warm_up` steps, then falls to 0 along half a cosine."""
    if step < warm_up:
        return (step + 1) / (warm_up + 1)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm_up) / max(1, steps - warm_up))))


def log_line(record: dict[str, float | None]) -> str:
    """`name=value name=value`, as the job's MetricDefinitions read it; undefined ones left out."""
    return " ".join(LOGGED(name, value) for name, value in record.items() if value is not None)


def _real(loss: float, what: str) -> float:
    if not math.isfinite(loss):
        raise TrainingDiverged(
            f"the {what} is {loss}: lower --learning-rate, or look for broken images in the data"
        )
    return loss

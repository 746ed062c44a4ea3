"""The training loop, the same for every network."""

from __future__ import annotations

import copy
import dataclasses
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from sonomodel.diagnostics.diagnostics import Diagnostics
from sonomodel.diagnostics.observations import ActivityWatch, EpochFacts, mean_gradients
from sonomodel.errors import Interrupted
from sonomodel.images.augmentation import STRENGTHS, Augmentation
from sonomodel.images.preprocessing import Normalisation
from sonomodel.images.samples import ImageSet, balanced_batches, count_batches, smallest_batch
from sonomodel.networks import test_time_flip
from sonomodel.processes.compute import Compute
from sonomodel.training.batches import augmented, drawn, joined, of_images
from sonomodel.training.checkpoint import CheckpointStore, random_states, restore_random_states
from sonomodel.training.ema import WeightAverage
from sonomodel.training.interruption import Interruption
from sonomodel.training.memory_format import as_their_parameters, keep_heavy_layers_contiguous
from sonomodel.training.progress import History, Progress
from sonomodel.training.schedule import Schedule, learning_rate_schedule, parameter_groups

GRADIENT_LIMIT = 5.0  # norm; only outliers are longer
LOGGED = "{}={:.5g}".format


@dataclasses.dataclass(frozen=True)
class Objective:
    """What differs between the tasks. Losses are means over images: where several processes have
    a part of a batch each, each part's loss weighs as much as it has images."""

    loss: Callable[[Any, Tensor], Tensor]  # the network's outputs, targets -> scalar
    score: Callable[[Any, ImageSet], dict[str, float | None]]  # outputs of a whole set
    selection: str  # the score by which the best epoch is known; higher is better
    training_loss: Callable[[Any, Any], Tensor] | None = None  # if it is another one
    augment: Augmentation = STRENGTHS["full"]
    saturation: Callable[[Any, Tensor], float] | None = None  # outputs, targets -> share


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
        store: CheckpointStore | None = None,
        diagnostics: Diagnostics | None = None,
    ) -> None:
        self.peers = compute.peers
        self.peers.synchronise(network, compute.device)
        self.network = compute.place(network)
        self.objective, self.schedule, self.compute = objective, schedule, compute
        self.normalisation, self.store = normalisation, store
        self.average = WeightAverage(self.network, schedule.ema_decay)
        self.generator = torch.Generator().manual_seed(seed)
        self.optimizer = torch.optim.AdamW(
            parameter_groups(network, schedule),
            weight_decay=schedule.weight_decay,
            fused=True,  # half the time of a step through all weights
        )
        self.diagnostics = (diagnostics if self.peers.lead else None) or Diagnostics()
        self.progress = Progress(history=History(selection=objective.selection))

    def fit(self, train: ImageSet, validation: ImageSet) -> History:
        """Trains, and leaves the network with the weights of its best epoch.

        Goes on from the store's checkpoint, if there is one. Raises Interrupted after SIGTERM.
        Of several processes all return, but only the first has the history and those weights.
        """
        with self.peers.watched(), Interruption() as interruption:
            self._begin(train)
            try:
                self._epochs(train, validation, interruption)
            finally:
                self.parallel = self.network  # the other one would hold the processes' group
        if not self.peers.lead:
            return self.progress.history
        self.network.load_state_dict(self.progress.best_state or {})
        self.average.network.load_state_dict(self.network.state_dict())
        return self.progress.history

    def _epochs(self, train: ImageSet, validation: ImageSet, interruption: Interruption) -> None:
        while not self.progress.finished:
            self._epoch(train, validation, interruption)
            self._save()
            if self.peers.any(interruption.requested):
                raise Interrupted(self._where_it_stopped())

    def _begin(self, train: ImageSet) -> None:
        smallest = smallest_batch(train.labels, self.schedule.batch_size)
        self.peers.check_parts(smallest, train.digest)
        steps = self.schedule.epochs * count_batches(train.labels, self.schedule.batch_size)
        self.scheduler = learning_rate_schedule(self.optimizer, steps)
        self.diagnostics.begin(self.network)
        self._arrange(train)
        self._resume()
        self.parallel = self.peers.parallel(self.network)

    def _arrange(self, train: ImageSet) -> None:
        if self.compute.device.type == "cpu":
            image = torch.zeros(1, *train.images.shape[1:])
            part = -(-self.schedule.batch_size // self.peers.world.size)
            for network in (self.network, self.average.network):
                keep_heavy_layers_contiguous(network, image, part)

    def _epoch(self, train: ImageSet, validation: ImageSet, interruption: Interruption) -> None:
        started = time.perf_counter() - self.progress.seconds
        self._train_epoch(train, interruption, started)
        finished = self.peers.led(lambda: self._end_epoch(validation, started))
        self.progress.finished = finished
        self.progress.next_epoch()

    def _end_epoch(self, validation: ImageSet, started: float) -> bool:
        """Validates, logs and judges. Whether it was the last epoch."""
        progress = self.progress
        gradients = mean_gradients(self.network, clipping(progress.norms[-1]))
        train_loss = sum(progress.losses) / len(progress.losses)
        loss, scores, dead_units, saturated = self._validate(validation)
        record: dict[str, float | None] = {"learning_rate": progress.learning_rate}
        record |= {"train_loss": train_loss, "validation_loss": loss}
        record |= {f"validation_{name}": score for name, score in scores.items()}
        record |= {"seconds": time.perf_counter() - started}
        progress.history.epochs.append({"epoch": progress.epoch} | record)
        print(f"epoch={progress.epoch}/{self.schedule.epochs} {log_line(record)}", flush=True)
        facts = (train_loss, loss, progress.norms, gradients, dead_units, saturated)
        self.diagnostics.end_epoch(EpochFacts(progress.epoch, *facts))
        return self._judge(scores[self.objective.selection], loss)

    def _validate(
        self, images: ImageSet
    ) -> tuple[float, dict[str, float | None], dict[str, float], float | None]:
        """Without augmentation: loss, scores, share of dead units by layer, saturated share."""
        with ActivityWatch(self.average.network) as watch:
            outputs = self.predict(images)
        objective, targets = self.objective, images.targets(torch.arange(len(images)))
        loss = self._number(float(objective.loss(outputs, targets)), "validation loss")
        saturated = objective.saturation(outputs, targets) if objective.saturation else None
        return loss, objective.score(outputs, images), watch.dead_units(), saturated

    def _number(self, value: float, what: str) -> float:
        return self.diagnostics.check_number(value, what, self.progress.epoch)

    def _judge(self, score: float | None, validation_loss: float) -> bool:
        """Keeps the weights if this epoch is the best; whether it is the last."""
        progress, history = self.progress, self.progress.history
        # Of equal scores the one with the lower loss: small splits have few distinct scores.
        result = (score or 0.0, -validation_loss)
        if result > progress.best:
            progress.best, history.best_epoch = result, progress.epoch
            progress.best_state = copy.deepcopy(self.average.network.state_dict())
        elif progress.epoch - history.best_epoch >= self.schedule.patience:
            print(f"stopped early: best epoch was {history.best_epoch}", flush=True)
            return True
        return progress.epoch == self.schedule.epochs

    def _save(self) -> None:
        """In the first process; the others wait, so that none ends before all is written."""
        store = self.store
        if store is not None:
            self.peers.led(lambda: store.save(self._state()))

    def _state(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(),
            "average": self.average.network.state_dict(),
            "steps": self.average.steps,
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "generator": self.generator.get_state(),
            "random": random_states(),
            "progress": self.progress.state(),
            "diagnostics": self.diagnostics.state(),
        }

    def _resume(self) -> None:
        """From the first process's checkpoint. On SageMaker every instance finds the same prefix of
        S3 in its own folder at the start, but only what the first one writes is ever newer."""
        store = self.store
        state = self.peers.led(store.load) if store else None
        if state is None:
            return
        self.network.load_state_dict(state["network"])
        self.average.network.load_state_dict(state["average"])
        self.average.steps = state["steps"]
        self.optimizer.load_state_dict(state["optimizer"])
        as_their_parameters(self.optimizer)
        self.scheduler.load_state_dict(state["scheduler"])
        self.generator.set_state(state["generator"])
        restore_random_states(state["random"])
        self.progress = Progress.of(state["progress"])
        self.progress.history.selection = self.objective.selection
        self.diagnostics.restore(state["diagnostics"])
        done = len(self.progress.losses)
        where = f"epoch {self.progress.epoch}, after {done} steps of it"
        print(f"resumed: {'training was over' if self.progress.finished else where}", flush=True)

    @torch.inference_mode()
    def predict(self, images: ImageSet, *, flip: bool = False) -> Any:
        """The averaged network's outputs for every image, float32, on the CPU."""
        network = self.average.network.eval()
        outputs = []
        for picks in torch.split(torch.arange(len(images)), self.schedule.batch_size):
            pixels = images.images[picks].to(self.compute.device).float() / 255
            with self.compute.autocast():
                outputs.append(test_time_flip.logits(network, self._normalise(pixels), flip=flip))
        return joined(outputs)

    def _train_epoch(self, train: ImageSet, interruption: Interruption, started: float) -> None:
        self.network.train()
        progress = self.progress
        for picks in self._batches(train):
            loss = self._step(train, picks)
            progress.losses.append(self._number(loss, "training loss"))
            self.scheduler.step()
            if self.peers.any(interruption.requested):
                progress.seconds = time.perf_counter() - started
                self._save()
                raise Interrupted(self._where_it_stopped())

    def _where_it_stopped(self) -> str:
        saved = f"saved in {self.store.folder}" if self.store else "nothing saved"
        return f"SIGTERM in epoch {self.progress.epoch}, step {len(self.progress.losses)}: {saved}"

    def _batches(self, train: ImageSet) -> list[Tensor]:
        """The picks of the current epoch; of an epoch resumed, those that are left."""
        progress, now = self.progress, self.generator.get_state()
        if progress.epoch_start is None:
            progress.epoch_start = now
            progress.learning_rate = self.optimizer.param_groups[0]["lr"]
        self.generator.set_state(progress.epoch_start)
        batches = list(balanced_batches(train.labels, self.schedule.batch_size, self.generator))
        if progress.losses:
            self.generator.set_state(now)
        return batches[len(progress.losses) :]

    def _step(self, train: ImageSet, picks: Tensor) -> float:
        batch = drawn(train, picks, self.compute.device)
        images, targets = augmented(*batch, self.objective.augment, self.generator)
        part = self.peers.part(len(picks))  # changed as a whole, so that the seed decides alone
        images, targets = images[part], of_images(targets, part)
        loss_of = self.objective.training_loss or self.objective.loss
        with self.compute.autocast():
            loss = loss_of(self.parallel(self._normalise(images)), targets)
        loss = loss * self.peers.weight(len(images), len(picks))
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        loss = self.peers.mean(loss)
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), GRADIENT_LIMIT)
        if loss.isfinite():  # else the loss is what to complain about
            self._number(float(norm), "gradient's length")
        self.progress.norms.append(float(norm))
        self.optimizer.step()
        self.average.update(self.network)
        return float(loss.detach())

    def _normalise(self, images: Tensor) -> Tensor:
        normalised = (images - self.normalisation.mean) / self.normalisation.std
        return normalised.contiguous(memory_format=torch.channels_last)


def log_line(record: dict[str, float | None]) -> str:
    """`name=value name=value`, as the job's MetricDefinitions read it; undefined ones left out."""
    return " ".join(LOGGED(name, value) for name, value in record.items() if value is not None)


def clipping(norm: float) -> float:
    """The factor that a gradient of this length was scaled by."""
    return min(1.0, GRADIENT_LIMIT / max(norm, 1e-12))

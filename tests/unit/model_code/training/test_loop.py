from __future__ import annotations

import dataclasses
import itertools
import math
import os
import re
import signal
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from sonoflow.releases import tasks
from sonomodel.errors import Interrupted, TrainingDiverged
from sonomodel.images.preprocessing import Normalisation
from sonomodel.images.samples import ImageSet
from sonomodel.processes.compute import Compute
from sonomodel.training.checkpoint import CheckpointStore
from sonomodel.training.loop import Objective, Trainer, log_line
from sonomodel.training.losses import classification_loss
from sonomodel.training.schedule import Schedule

SCHEDULE = Schedule(epochs=5, batch_size=8, learning_rate=0.05, weight_decay=0.0, patience=5)
AVERAGED = dataclasses.replace(SCHEDULE, ema_decay=0.9)


def pictures(count: int = 12) -> ImageSet:
    """Class 1 is bright, class 0 dark."""
    labels = torch.arange(count) % 2
    generator = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 60, (count, 1, 8, 8), generator=generator)
    images = (noise + 120 * labels.reshape(-1, 1, 1, 1)).to(torch.uint8)
    return ImageSet([], images, labels, masks=None)


def accuracy(logits: Tensor, images: ImageSet) -> dict[str, float | None]:
    return {"accuracy": float((logits.argmax(dim=1) == images.labels).float().mean())}


def scripted(scores: list[float]) -> Objective:
    """Validation that gives these scores, one after the other, whatever the network does."""
    remaining: Iterator[float] = iter(scores)
    return Objective(
        classification_loss, lambda logits, images: {"score": next(remaining)}, "score"
    )


def trainer(
    objective: Objective,
    schedule: Schedule = SCHEDULE,
    network: nn.Module | None = None,
    store: CheckpointStore | None = None,
) -> Trainer:
    torch.manual_seed(0)
    layers = {"conv": nn.Conv2d(1, 4, 8), "flat": nn.Flatten(), "fc": nn.Linear(4, 2)}
    network = network or nn.Sequential(OrderedDict(layers))
    compute = Compute(torch.device("cpu"), bfloat16=False)
    return Trainer(network, objective, Normalisation(0.4, 0.2), schedule, compute, 3, store)


def test_network_learns_what_is_easy() -> None:
    history = trainer(Objective(classification_loss, accuracy, "accuracy")).fit(
        pictures(), pictures()
    )

    assert history.epochs[-1]["validation_accuracy"] == 1
    assert history.epochs[-1]["train_loss"] < history.epochs[0]["train_loss"]


def test_training_stops_when_patience_is_over(capsys: pytest.CaptureFixture[str]) -> None:
    schedule = Schedule(20, 8, 0.0, 0.0, patience=3)

    history = trainer(scripted([0.1, 0.5, 0.4, 0.4, 0.4, 0.9]), schedule).fit(
        pictures(), pictures()
    )

    assert len(history.epochs) == 5
    assert history.best_epoch == 2
    assert "stopped early: best epoch was 2" in capsys.readouterr().out


def test_network_ends_with_the_weights_of_its_best_epoch() -> None:
    judged = trainer(scripted([0.2, 0.9, 0.3, 0.3, 0.3]))
    two_epochs = trainer(scripted([0.2, 0.9, 0.3, 0.3, 0.3]))

    history = judged.fit(pictures(), pictures())
    best = judged.predict(pictures())

    assert history.best_epoch == 2
    losses = [record["validation_loss"] for record in history.epochs]
    again = classification_loss(best, pictures().labels)
    assert float(again) == pytest.approx(losses[1])
    assert losses[1] != losses[-1]
    assert not torch.equal(best, two_epochs.predict(pictures()))


def test_of_equal_scores_the_lower_loss_wins() -> None:
    judged = trainer(scripted([0.5] * 5))

    history = judged.fit(pictures(), pictures())

    losses = [record["validation_loss"] for record in history.epochs]
    assert history.best_epoch == 1 + losses.index(min(losses))


def test_undefined_score_counts_as_the_lowest() -> None:
    objective = Objective(classification_loss, lambda logits, images: {"score": None}, "score")

    history = trainer(objective).fit(pictures(), pictures())

    assert history.best_epoch >= 1
    assert history.epochs[0]["validation_score"] is None


def test_loss_that_is_no_number_is_an_error() -> None:
    objective = Objective(lambda logits, targets: logits.sum() * math.nan, accuracy, "accuracy")

    with pytest.raises(TrainingDiverged, match=r"training loss of epoch 1 is nan.*learning-rate"):
        trainer(objective).fit(pictures(), pictures())


def test_only_training_is_balanced_and_augmented() -> None:
    seen: dict[bool, list[int]] = {True: [], False: []}

    class Witness(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(64, 2)

        def forward(self, images: Tensor) -> Tensor:
            seen[self.training] += (images.flatten(1).mean(dim=1) > 0).long().tolist()
            result: Tensor = self.layer(images.flatten(1))
            return result

    whole = pictures(16)
    keep = torch.tensor([0, 2, 4, 6, 8, 10, 12, 1])  # seven dark, one bright
    skewed = ImageSet([], whole.images[keep], whole.labels[keep], None)
    schedule = Schedule(1, 8, 0.0, 0.0, 5)

    trainer(Objective(classification_loss, accuracy, "accuracy"), schedule, Witness()).fit(
        skewed, skewed
    )

    assert sum(seen[False]) == 1
    assert sum(seen[True]) == 4
    assert len(seen[True]) == len(seen[False]) == 8


def test_log_line_is_read_by_the_jobs_expressions_and_leaves_out_what_is_undefined() -> None:
    line = log_line({"train_loss": 1.5e-7, "validation_macro_f1": 0.91234567, "other": None})

    found = dict(re.findall(r"(\w+)=([0-9.eE+-]+)", line))
    assert float(found["train_loss"]) == pytest.approx(1.5e-7)
    assert float(found["validation_macro_f1"]) == pytest.approx(0.91235)
    assert "other" not in line


@pytest.mark.parametrize("task", ["classification", "segmentation"])
def test_an_epochs_line_has_one_value_of_every_metric_of_the_job(
    task: str, capsys: pytest.CaptureFixture[str]
) -> None:
    definitions = {
        one["Name"].replace(":", "_"): one["Regex"]
        for one in tasks.get(task).metric_definitions()
        if not one["Name"].startswith("test:")
    }
    names = definitions.keys() - {"train_loss", "validation_loss"}
    scores = [name.removeprefix("validation_") for name in sorted(names)]
    selection = tasks.get(task).objective.removeprefix("validation:")
    objective = Objective(
        classification_loss,
        lambda logits, images: {name: 1 / (3 + len(name)) for name in scores},
        selection,
    )

    history = trainer(objective, dataclasses.replace(SCHEDULE, epochs=2)).fit(
        pictures(), pictures()
    )

    lines = capsys.readouterr().out.splitlines()
    for line, epoch in zip(lines, history.epochs, strict=True):
        assert re.match(rf"epoch={epoch['epoch']}/2 learning_rate=\S+ train_loss=", line)
        for name, expression in definitions.items():
            (value,) = re.findall(expression, line)
            assert float(value) == pytest.approx(epoch[name], rel=1e-4), name


def stop_after(steps: int, running: Trainer) -> None:
    """Trains until SIGTERM comes in that step."""
    step, numbers = running._step, itertools.count(1)

    def stepping(train: ImageSet, picks: Tensor) -> float:
        if next(numbers) == steps:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(train, picks)

    running._step = stepping  # type: ignore[method-assign]
    running.fit(pictures(), pictures())


@pytest.mark.parametrize("encoder_rate", [1.0, 0.25])
@pytest.mark.parametrize("steps", [1, 2, 3, 5])  # an epoch has two
def test_interrupted_run_goes_on_as_if_nothing_had_happened(
    steps: int, encoder_rate: float, tmp_path: Path
) -> None:
    objective, store = Objective(classification_loss, accuracy, "accuracy"), CheckpointStore
    schedule = dataclasses.replace(AVERAGED, encoder_rate=encoder_rate)
    whole = trainer(objective, schedule)
    expected = whole.fit(pictures(), pictures())

    with pytest.raises(Interrupted, match="SIGTERM in epoch"):
        stop_after(steps, trainer(objective, schedule, store=store(tmp_path, {})))
    resumed = trainer(objective, schedule, store=store(tmp_path, {}))
    history = resumed.fit(pictures(), pictures())

    assert len(resumed.optimizer.param_groups) == (1 if encoder_rate == 1 else 2)
    for name in ("train_loss", "validation_loss", "learning_rate"):
        assert [e[name] for e in history.epochs] == [e[name] for e in expected.epochs]
    assert history.best_epoch == expected.best_epoch
    assert torch.equal(resumed.predict(pictures()), whole.predict(pictures()))


def test_run_without_store_is_interrupted_too() -> None:
    with pytest.raises(Interrupted, match="nothing saved"):
        stop_after(3, trainer(Objective(classification_loss, accuracy, "accuracy")))

    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_signal_during_the_last_validation_stops_the_job_too(tmp_path: Path) -> None:
    def told_to_stop(logits: Tensor, images: ImageSet) -> dict[str, float | None]:
        os.kill(os.getpid(), signal.SIGTERM)
        return accuracy(logits, images)

    schedule = dataclasses.replace(SCHEDULE, epochs=1)
    store = CheckpointStore(tmp_path, {})
    with pytest.raises(Interrupted, match="saved in"):
        trainer(
            Objective(classification_loss, told_to_stop, "accuracy"), schedule, None, store
        ).fit(pictures(), pictures())

    resumed = trainer(Objective(classification_loss, accuracy, "accuracy"), schedule, None, store)
    assert len(resumed.fit(pictures(), pictures()).epochs) == 1

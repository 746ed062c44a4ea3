from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import nn

import train_classifier
import train_segmenter
from sonoflow.releases import tasks
from sonomodel import job
from sonomodel.errors import ChannelError, CheckpointError, Interrupted, StoppedByRule
from sonomodel.images.preprocessing import Normalisation
from sonomodel.images.samples import ImageSet, read_channel
from sonomodel.model.predictor import load_predictor
from sonomodel.networks import pretrained, weights
from sonomodel.networks.resnet import ResNetConfig
from sonomodel.networks.unet import UNet, UNetConfig
from sonomodel.processes.compute import Compute
from sonomodel.processes.peers import Peers
from sonomodel.processes.world import World
from sonomodel.training.checkpoint import CheckpointStore
from sonomodel.training.loop import Objective
from sonomodel.training.losses import classification_loss
from sonomodel.training.progress import History
from tests.unit.model_code.conftest import CLASSES, card
from tests.unit.model_code.records import answer, diagnostics, evaluation, masked

SCRIPTS = {"classifier": train_classifier, "segmenter": train_segmenter}
FOLDERS = ("train", "validation", "test", "model-dir", "output-data-dir")
Parse = Callable[..., argparse.Namespace]


@pytest.fixture
def parse(channels: Path, tmp_path: Path) -> Parse:
    """The options of a script: the phantoms' channels, folders that do not exist yet."""

    def parsed(model: str, *more: str) -> argparse.Namespace:
        folders = {name: channels / name for name in FOLDERS[:3]}
        folders |= {name: tmp_path / name for name in FOLDERS[3:]}
        argv = [f"--{name}={folder}" for name, folder in folders.items()]
        return SCRIPTS[model].parse(["--classes", json.dumps(CLASSES), *argv, *more])

    return parsed


def images(brightness: int = 0) -> ImageSet:
    labels = torch.arange(6) % 3
    pixels = 60 * labels.reshape(-1, 1, 1, 1).expand(6, 1, 8, 8) + brightness
    return ImageSet([], pixels.to(torch.uint8), labels, masks=None)


def alone() -> Compute:
    return Compute(torch.device("cpu"), bfloat16=False)


def failing(error: Exception) -> Callable[[], None]:
    def main() -> None:
        raise error

    return main


def test_an_error_of_our_own_ends_a_script_with_the_line_that_sagemaker_shows() -> None:
    with pytest.raises(SystemExit) as caught:
        job.run(failing(ChannelError("no image found")))

    assert caught.value.code == "RuntimeError: ChannelError: no image found"


def test_an_interrupted_script_ends_as_shells_report_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as caught:
        job.run(failing(Interrupted("SIGTERM in epoch 2, step 1: saved in /opt/ml/checkpoints")))

    assert caught.value.code == 143
    assert capsys.readouterr().out.startswith("interrupted: SIGTERM in epoch 2, step 1: saved in")


def test_other_errors_are_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        job.run(failing(ZeroDivisionError("division by zero")))

    job.run(lambda: None)


def test_a_start_is_told_and_decides_every_draw(
    parse: Parse, capsys: pytest.CaptureFixture[str]
) -> None:
    compute = job.start(parse("classifier", "--seed", "7"))
    first = torch.rand(3)
    job.start(parse("classifier", "--seed", "7"))

    assert torch.equal(torch.rand(3), first)
    assert compute.peers.alone
    line = f"{compute} torch={torch.__version__} seed=7\n"
    assert capsys.readouterr().out == 2 * line


class Company(Peers):
    """Of two processes, which note when they part."""

    parted: ClassVar[list[str]] = []

    def part_company(self) -> None:
        self.parted.append(self.world.host)


@pytest.mark.parametrize(("host", "ends"), [("algo-1", False), ("algo-2", True)])
def test_only_the_first_process_goes_on_to_judge_the_model(host: str, ends: bool) -> None:
    peers = Company(World(("algo-1", "algo-2"), host))

    assert job.ends_here(Compute(torch.device("cpu"), bfloat16=False, peers=peers)) == ends
    assert Company.parted.pop() == host


def test_a_classifier_is_described_before_its_training(parse: Parse) -> None:
    options = parse(
        *("classifier", "--model-version", "v1", "--dataset-version", "0123456789ab"),
        *("--code-digest", "c0de", "--image-size", "64", "--test-time-flip", "True"),
    )

    described = job.describe(
        options, "classifier", ResNetConfig("resnet18", 3), Normalisation(0.3, 0.2)
    )

    assert (described.task, described.name, described.version) == (
        *("classification", "classifier", "v1"),
    )
    assert (described.architecture, described.network) == (
        "resnet18",
        {"architecture": "resnet18", "classes": 3},
    )
    assert (described.classes, described.image_size) == (CLASSES, 64)
    assert described.normalisation == Normalisation(0.3, 0.2)
    assert (described.dataset_version, described.code_digest) == ("0123456789ab", "c0de")
    assert described.torch_version == torch.__version__
    assert described.test_time_flip
    assert described.threshold is None
    assert described.hyperparameters["image-size"] == 64
    assert described.pretrained is None


def test_what_a_model_starts_from_is_described_with_it(parse: Parse, tmp_path: Path) -> None:
    path = tmp_path / "lite0.safetensors"
    said = {"format": "pt", "source": "a package 0.1", "licence": "Apache-2.0"}
    weights.save(path, {"fc.bias": torch.zeros(3)}, said)

    described = job.describe(
        *(parse("classifier", f"--weights={tmp_path}"), "classifier"),
        *(ResNetConfig("resnet18", 3), Normalisation(0.3, 0.2)),
    )

    sha256 = pretrained.digest(path)
    told = {"sha256": sha256, "source": "a package 0.1", "licence": "Apache-2.0"}
    assert described.pretrained == told


def test_a_segmenter_is_described_by_its_own_network_and_hyperparameters(parse: Parse) -> None:
    config = UNetConfig(4, 2, encoder="resnet18", presence=True)

    described = job.describe(parse("segmenter"), "segmenter", config, Normalisation(0.3, 0.2))

    assert (described.task, described.architecture) == ("segmentation", "resnet18_unet")
    assert UNetConfig(**described.network) == config
    assert "presence-head" in described.hyperparameters
    assert "label-smoothing" not in described.hyperparameters


def test_a_single_image_is_refused() -> None:
    with pytest.raises(ChannelError, match="holds one image; batch normalisation needs two"):
        job.refuse_single_image(1)

    job.refuse_single_image(2)


def test_schedule_is_what_was_asked_for(parse: Parse) -> None:
    asked = {"epochs": 9, "batch_size": 5, "patience": 4}
    rates = {"learning_rate": 0.003, "encoder_rate": 0.25, "weight_decay": 0.02, "ema_decay": 0.9}
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in (asked | rates).items()]

    from_weights = vars(job.schedule(parse("classifier", *flags, "--weights=lite0.safetensors")))
    from_scratch = vars(job.schedule(parse("classifier", *flags)))

    assert from_weights == asked | rates
    assert from_scratch == from_weights | {"encoder_rate": 1.0}


def test_without_a_folder_there_are_no_checkpoints(parse: Parse) -> None:
    options = parse("classifier")

    assert job.checkpoints(options, card("classification"), images(), images()) is None


def store(options: argparse.Namespace, *, train: int = 0, validation: int = 0) -> CheckpointStore:
    made = job.checkpoints(options, card("classification"), images(train), images(validation))
    assert made is not None
    return made


def test_a_checkpoint_is_of_one_run_alone(parse: Parse, tmp_path: Path) -> None:
    folder = [f"--checkpoint-dir={tmp_path / 'checkpoints'}"]
    weights = tmp_path / "weights.pth"
    weights.write_bytes(b"weights")
    options = parse("classifier", *folder)
    store(options).save({"epoch": 1})

    assert store(options).load() == {"epoch": 1}
    assert (tmp_path / "checkpoints/checkpoint.pt").is_file()
    with pytest.raises(CheckpointError, match="is of another run: train was"):
        store(options, train=1).load()
    with pytest.raises(CheckpointError, match="is of another run: validation was"):
        store(options, validation=1).load()
    with pytest.raises(
        CheckpointError, match=f"weights was None and is '{pretrained.digest(weights)}"
    ):
        store(parse("classifier", *folder, f"--weights={weights}")).load()


def test_every_hyperparameter_and_version_makes_a_run_its_own(parse: Parse, tmp_path: Path) -> None:
    options = parse("segmenter", f"--checkpoint-dir={tmp_path}")
    described = job.describe(options, "segmenter", UNetConfig(), Normalisation(0.3, 0.2))

    made = job.checkpoints(options, described, images(), images())

    assert made is not None
    assert made.run.items() >= described.hyperparameters.items()
    for name in ("task", "network", "classes", "image_size", "code_digest"):
        assert made.run[name] == getattr(described, name), name
    assert made.run["torch"] == torch.__version__


def test_a_trainer_keeps_checkpoints_and_diagnostics_where_they_belong(
    parse: Parse, tmp_path: Path
) -> None:
    options = parse("classifier", "--epochs=1", f"--checkpoint-dir={tmp_path / 'checkpoints'}")
    options.output_data_dir.mkdir()
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    before = network[1].weight.detach().clone()
    objective = Objective(classification_loss, lambda logits, images: {"score": 0.5}, "score")

    trainer = job.trainer(
        options, alone(), network, objective, card("classification"), images(), images()
    )
    history = trainer.fit(images(), images())

    assert [epoch["epoch"] for epoch in history.epochs] == [1]
    assert not torch.equal(network[1].weight, before)
    assert (tmp_path / "checkpoints/checkpoint.pt").is_file()
    written = json.loads((tmp_path / "output-data-dir/diagnostics.json").read_text())
    assert len(written["epochs"]) == 1


def test_a_trainer_stops_by_the_rules_that_were_named(parse: Parse) -> None:
    options = parse("classifier", '--stop-on=["poor_initialisation"]')
    options.output_data_dir.mkdir()
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    nn.init.zeros_(network[1].weight)  # type: ignore[arg-type]
    objective = Objective(classification_loss, lambda logits, images: {"score": 0.5}, "score")

    trainer = job.trainer(
        options, alone(), network, objective, card("classification"), images(), images()
    )

    with pytest.raises(StoppedByRule, match="poor_initialisation in epoch 1"):
        trainer.fit(images(), images())


def past(model: str, best: int = 2) -> History:
    """Three epochs, each of which has other values."""
    scores = [name for name in tasks.get(job.TASKS[model]).metrics if name.startswith("validation")]
    epochs: list[dict[str, Any]] = [
        {
            **{"epoch": epoch, "learning_rate": 0.01, "train_loss": 1 / epoch},
            **{name.replace(":", "_"): epoch / 10 + place for place, name in enumerate(scores)},
            "seconds": 1.0,
        }
        for epoch in (1, 2, 3)
    ]
    return History(epochs, best, "the score")


def finish(
    options: argparse.Namespace, model: str, history: History, **figures: int
) -> dict[str, Any]:
    """All answers are right. Returns the evaluation, with further figures among its metrics."""
    samples = read_channel(options.test, CLASSES)
    network: nn.Module
    if model == "classifier":
        network, said = nn.Linear(2, 3), [answer(s.id, s.label, s.label) for s in samples]
    else:
        network = UNet(UNetConfig(base_channels=4, depth=2))
        said = [masked(s.id, s.label, 50 if s.mask else 0) for s in samples]
    document = evaluation(job.TASKS[model], said)
    document["metrics"] |= figures
    job.finish(options, network, card(job.TASKS[model]), document, history)
    return document


@pytest.mark.parametrize("model", SCRIPTS)
def test_a_finished_job_leaves_model_evaluation_history_and_report(
    model: str, parse: Parse
) -> None:
    options = parse(model)

    document = finish(options, model, past(model))

    assert {path.name for path in options.output_data_dir.iterdir()} >= {
        *("evaluation.json", "history.json", "report.html", "model_card.md")
    }
    assert json.loads((options.output_data_dir / "evaluation.json").read_text()) == document
    history = json.loads((options.output_data_dir / "history.json").read_text())
    assert (history["best_epoch"], history["selection"]) == (2, "the score")
    assert history["epochs"] == past(model).epochs
    assert history["splits"] == {
        "train": dict.fromkeys(CLASSES, 8),
        "validation": dict.fromkeys(CLASSES, 1),
        "test": dict.fromkeys(CLASSES, 1),
    }
    assert history["pretrained_weights"] is None
    assert json.loads((options.model_dir / "model.json").read_text())["name"] == model
    assert (options.model_dir / "weights.safetensors").is_file()


def test_a_segmenter_that_is_finished_can_be_served(parse: Parse) -> None:
    options = parse("segmenter")

    finish(options, "segmenter", past("segmenter"))

    assert load_predictor(options.model_dir).card == card("segmentation")


def test_what_the_training_started_from_is_in_its_history(parse: Parse, tmp_path: Path) -> None:
    weights = tmp_path / "resnet18.pth"
    weights.write_bytes(b"weights")
    options = parse("classifier", f"--weights={weights}")

    finish(options, "classifier", past("classifier"))

    history = json.loads((options.output_data_dir / "history.json").read_text())
    assert history["pretrained_weights"] == pretrained.digest(weights)


def test_diagnostics_of_the_training_are_in_its_report(parse: Parse) -> None:
    options = parse("classifier")
    options.output_data_dir.mkdir()
    written = options.output_data_dir / "diagnostics.json"
    written.write_text(json.dumps(diagnostics(norm=500.0)))

    finish(options, "classifier", past("classifier"))

    told = (options.output_data_dir / "model_card.md").read_text()
    assert r"Diagnostic rules that fired: exploding\_gradient" in told


def test_missing_diagnostics_are_reported_as_missing(parse: Parse) -> None:
    options = parse("classifier")

    finish(options, "classifier", past("classifier"))

    told = (options.output_data_dir / "model_card.md").read_text()
    assert "The training left no diagnostics." in told


@pytest.mark.parametrize("model", SCRIPTS)
def test_the_last_value_in_the_log_is_the_kept_models(
    model: str, parse: Parse, capsys: pytest.CaptureFixture[str]
) -> None:
    """SageMaker takes it for the job's; the kept epoch need not be the last."""
    document = finish(parse(model), model, past(model))

    log = capsys.readouterr().out
    best = past(model).epochs[1]
    for definition in tasks.get(job.TASKS[model]).metric_definitions():
        name = definition["Name"].replace(":", "_")
        found = [float(value) for value in re.findall(definition["Regex"], log)]
        if name in best and name != "train_loss":
            assert found == [pytest.approx(best[name], rel=1e-4)], name
        elif document["metrics"].get(name.removeprefix("test_")) is not None:
            expected = document["metrics"][name.removeprefix("test_")]
            assert found == [pytest.approx(expected, rel=1e-4)], name
        else:
            assert found == [], name


def test_figures_by_class_and_undefined_ones_are_not_logged(
    parse: Parse, capsys: pytest.CaptureFixture[str]
) -> None:
    finish(parse("classifier"), "classifier", past("classifier"), normal_images=7)

    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "test_accuracy=0.75 test_macro_f1=0.5 test_ece=0.041 test_normal_images=7"

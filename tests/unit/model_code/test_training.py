"""Both training scripts, from channels to model and evaluation."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

import train_classifier
import train_segmenter
from sonoflow.releases import tasks
from sonomodel.errors import ChannelError, PeersMissing, WeightsError
from sonomodel.model.predictor import load_predictor
from sonomodel.networks import weights
from sonomodel.networks.resnet import ResNetConfig, build_resnet

pytestmark = pytest.mark.slow

Run = Callable[..., tuple[Path, Path]]
MAINS = {"classification": train_classifier.main, "segmentation": train_segmenter.main}
SMALL = {
    "classification": ["--architecture", "resnet18", "--image-size", "32", "--epochs", "2"],
    "segmentation": ["--base-channels", "4", "--depth", "2", "--image-size", "32", "--epochs", "2"],
}
TASKS = sorted(MAINS)
BOOTSTRAP = {"interval_level", "bootstrap_unit", "bootstrap_resamples"}


def train(task: str, channels: Path, out: Path, *more: str) -> tuple[Path, Path]:
    """The model directory and the output directory of a small run."""
    model, output = out / "model", out / "output"
    argv = ["--classes", '["benign", "malignant", "normal"]', "--dataset-version", "0123456789ab"]
    argv += ["--model-version", "v1", "--seed", "5", *SMALL[task]]
    for split in ("train", "validation", "test"):
        argv += [f"--{split}", str(channels / split)]
    MAINS[task]([*argv, "--model-dir", str(model), "--output-data-dir", str(output), *more])
    return model, output


def read(path: Path) -> Any:
    return json.loads(path.read_text())


@pytest.mark.parametrize("task", TASKS)
def test_log_lines_carry_every_metric_that_the_job_defines(
    task: str, channels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, output = train(task, channels, tmp_path)

    log = capsys.readouterr().out
    assert re.search(r"^epoch=1/2 learning_rate=\S+ train_loss=\S+ validation_loss=", log, re.M)
    assert re.search(r"^epoch=2/2 .* seconds=[0-9.e+-]+$", log, re.M)
    metrics = read(output / "evaluation.json")["metrics"]
    for definition in tasks.get(task).metric_definitions():
        values = re.findall(definition["Regex"], log)
        assert values, definition["Name"]
        name = definition["Name"].removeprefix("test:")
        if name in metrics:
            assert float(values[-1]) == pytest.approx(metrics[name], rel=1e-4)


@pytest.mark.parametrize("task", TASKS)
def test_the_last_value_of_a_validation_metric_is_the_kept_epochs(
    task: str, channels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """SageMaker takes it for the job's, and tuning chooses by it."""
    _, output = train(task, channels, tmp_path, "--epochs", "4", "--learning-rate", "0.1")

    log, history = capsys.readouterr().out, read(output / "history.json")
    assert history["selection"] == tasks.get(task).objective.removeprefix("validation:")
    best = history["epochs"][history["best_epoch"] - 1]
    objective = next(
        one
        for one in tasks.get(task).metric_definitions()
        if one["Name"] == tasks.get(task).objective
    )
    values = [float(value) for value in re.findall(objective["Regex"], log)]
    name = tasks.get(task).objective.replace(":", "_")
    assert len(values) == 5
    assert values[-1] == max(values) == pytest.approx(best[name], rel=1e-4)


def test_classifier_run_leaves_model_evaluation_and_history(channels: Path, tmp_path: Path) -> None:
    model, output = train("classification", channels, tmp_path)

    evaluation = read(output / "evaluation.json")
    assert evaluation.keys() == {
        *("task", "split", "images", "classes", "metrics", "confusion_matrix"),
        *("per_image", "model", "dataset_version", "calibration", "triage", "familiarity"),
        *BOOTSTRAP,
    }
    assert (evaluation["task"], evaluation["split"]) == ("classification", "test")
    assert evaluation["images"] == len(evaluation["per_image"]) == 3
    assert evaluation["model"] == {"name": "classifier", "version": "v1"}
    assert sum(map(sum, evaluation["confusion_matrix"])) == 3
    first = evaluation["per_image"][0]
    assert first.keys() == {"id", "class", "label", "probabilities", "unlike_training"}
    names = {"accuracy", "macro_precision", "macro_recall", "macro_f1", "per_class"}
    names |= {"macro_auc", "malignant_auc", "ece", "intervals"}
    assert evaluation["metrics"].keys() == names

    card = load_predictor(model).card
    assert card.metrics == evaluation["metrics"]
    assert card.temperature == evaluation["calibration"]["temperature"] != 1
    assert card.triage is not None
    assert evaluation["triage"] == card.triage | {"test": evaluation["triage"]["test"]}
    assert card.triage["required_accuracy"] == 0.95
    assert card.triage["validation"]["images"] == 3
    assert evaluation["triage"]["test"]["images"] == 3
    assert card.triage["risk_coverage"][-1]["coverage"] == 1
    assert card.familiarity is not None
    assert card.familiarity["rate"] == 0.25  # what three validation images can promise
    unlike = sum(image["unlike_training"] for image in evaluation["per_image"])
    assert evaluation["familiarity"]["test"] == {"images": 3, "unlike": unlike}
    assert card.hyperparameters["architecture"] == "resnet18"
    assert len(read(output / "history.json")["epochs"]) == 2


def test_segmenter_run_leaves_model_evaluation_and_history(channels: Path, tmp_path: Path) -> None:
    model, output = train("segmentation", channels, tmp_path)

    evaluation = read(output / "evaluation.json")
    metrics = evaluation["metrics"]
    assert metrics.keys() >= {
        *("lesion_dice", "lesion_iou", "lesion_tpr", "lesion_fpr", "lesion_fpr_stan"),
        *("normal_false_mask_rate", "lesion_images", "normal_images", "threshold"),
    }
    assert (metrics["lesion_images"], metrics["normal_images"]) == (2, 1)
    assert evaluation["dataset_version"] == "0123456789ab"
    normal = next(image for image in evaluation["per_image"] if image["class"] == "normal")
    assert normal["dice"] is None
    assert normal["hd95"] is None
    assert evaluation.keys() >= BOOTSTRAP
    assert evaluation["bootstrap_unit"] == "image"
    assert load_predictor(model).card.threshold == metrics["threshold"]


@pytest.mark.parametrize("task", TASKS)
def test_same_seed_gives_the_same_model(task: str, channels: Path, tmp_path: Path) -> None:
    first, first_output = train(task, channels, tmp_path / "1")
    second, second_output = train(task, channels, tmp_path / "2")

    assert (first_output / "evaluation.json").read_text() == (
        second_output / "evaluation.json"
    ).read_text()
    assert (first / "weights.safetensors").read_bytes() == (
        second / "weights.safetensors"
    ).read_bytes()


@pytest.mark.parametrize("task", TASKS)
def test_splits_in_which_a_class_is_missing_still_train(
    task: str, channels: Path, tmp_path: Path
) -> None:
    shutil.copytree(channels, tmp_path / "channels")
    shutil.rmtree(tmp_path / "channels/validation/images/normal")
    for kind in ("benign", "malignant"):
        shutil.rmtree(tmp_path / f"channels/test/images/{kind}")

    _, output = train(task, tmp_path / "channels", tmp_path, "--batch-size", "2")

    metrics = read(output / "evaluation.json")["metrics"]
    if task == "classification":
        assert metrics["per_class"]["benign"]["recall"] is None
        assert metrics["macro_f1"] is not None
    else:
        assert metrics["lesion_dice"] is None
        assert metrics["normal_false_mask_rate"] is not None


@pytest.mark.parametrize("task", TASKS)
def test_an_instance_waits_for_the_others(
    task: str, channels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SM_HOSTS", '["algo-1", "algo-2"]')
    monkeypatch.setenv("SM_CURRENT_HOST", "algo-2")
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setenv("SONOFLOW_MEETING_SECONDS", "0.2")

    with pytest.raises(PeersMissing, match="algo-1 did not answer"):
        train(task, channels, tmp_path)


@pytest.mark.parametrize("task", TASKS)
def test_training_set_of_one_image_is_refused(task: str, channels: Path, tmp_path: Path) -> None:
    shutil.copytree(channels, tmp_path / "channels")
    (_, *rest) = (tmp_path / "channels/train/images").rglob("*.png")
    for path in rest:
        path.unlink()

    with pytest.raises(ChannelError, match="one image"):
        train(task, tmp_path / "channels", tmp_path)


def test_classifier_starts_from_weights_it_is_given(
    channels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(9)
    state = build_resnet(ResNetConfig("resnet18", 1000)).state_dict()
    (tmp_path / "weights").mkdir()
    weights.save(tmp_path / "weights/resnet18.safetensors", state, {})

    argv = ["--weights", str(tmp_path / "weights"), "--learning-rate", "1e-9", "--epochs", "1"]
    model, _ = train("classification", channels, tmp_path, *argv)

    trained = weights.load(model / "weights.safetensors")
    torch.testing.assert_close(
        trained["layer4.0.conv1.weight"], state["layer4.0.conv1.weight"], atol=1e-5, rtol=0
    )
    assert "weights: started from resnet18.safetensors" in capsys.readouterr().out


@pytest.mark.parametrize("presence", ["true", "false"])
def test_segmenters_encoder_starts_from_weights_too(
    presence: str, channels: Path, tmp_path: Path
) -> None:
    state = build_resnet(ResNetConfig("resnet18", 1000)).state_dict()
    weights.save(tmp_path / "resnet18.safetensors", state, {})
    given = [
        "--weights",
        str(tmp_path / "resnet18.safetensors"),
        "--presence-head",
        presence,
        "--learning-rate",
        "1e-9",
    ]

    model, _ = train("segmentation", channels, tmp_path, *given, "--encoder", "resnet18")

    trained = weights.load(model / "weights.safetensors")
    torch.testing.assert_close(
        trained["encoder.layer4.0.conv1.weight"],
        state["layer4.0.conv1.weight"],
        atol=1e-5,
        rtol=0,
    )
    assert read(model / "model.json")["architecture"] == "resnet18_unet"
    assert load_predictor(model).card.network["presence"] == (presence == "true")
    with pytest.raises(WeightsError, match="do not fit the network"):
        train("segmentation", channels, tmp_path / "plain", *given)


def test_masks_leave_a_classifier_like_any_other(channels: Path, tmp_path: Path) -> None:
    aware, _ = train("classification", channels, tmp_path / "1")
    unaware, _ = train("classification", channels, tmp_path / "2", "--lesion-weight", "0")

    learnt, plain = (weights.load(model / "weights.safetensors") for model in (aware, unaware))
    assert learnt.keys() == plain.keys()
    assert not torch.equal(learnt["conv1.weight"], plain["conv1.weight"])


VARIANTS = {
    "classification": ["--label-smoothing", "0", "--test-time-flip", "True"],
    "segmentation": [
        *("--presence-head", "False", "--test-time-flip", "True", "--ema-decay", "0"),
    ],
}


@pytest.mark.parametrize("task", TASKS)
def test_every_option_leads_to_a_model_that_loads(
    task: str, channels: Path, tmp_path: Path
) -> None:
    model, output = train(task, channels, tmp_path, *VARIANTS[task])

    predictor = load_predictor(model)
    assert predictor.card.test_time_flip
    assert predictor.card.metrics == read(output / "evaluation.json")["metrics"]
    if task == "segmentation":
        assert not predictor.card.network["presence"]
    else:
        assert predictor.card.hyperparameters["label-smoothing"] == 0


def test_what_validation_decides_is_in_the_card(channels: Path, tmp_path: Path) -> None:
    model, _ = train("classification", channels, tmp_path / "1")
    assert 0.5 <= read(model / "model.json")["temperature"] <= 10
    assert read(model / "model.json")["temperature"] != 1

    model, _ = train("segmentation", channels, tmp_path / "2")
    card = read(model / "model.json")
    rule = {"threshold", "minimum_presence", "minimum_area", "largest_component"}
    assert rule <= card.keys()
    assert card["network"]["presence"]


@pytest.mark.parametrize("task", TASKS)
def test_diagnostics_are_part_of_the_output(task: str, channels: Path, tmp_path: Path) -> None:
    _, output = train(task, channels, tmp_path)

    document = read(output / "diagnostics.json")
    assert document["healthy"], [rule for rule in document["rules"] if rule["fired"]]
    assert len(document["epochs"]) == 2


@pytest.mark.parametrize("task", TASKS)
def test_a_run_leaves_a_report_and_a_model_card(task: str, channels: Path, tmp_path: Path) -> None:
    shutil.copytree(channels, tmp_path / "channels")
    for path in sorted((tmp_path / "channels/train/images/normal").glob("*.png"))[2:]:
        path.unlink()

    _, output = train(task, tmp_path / "channels", tmp_path)

    page = (output / "report.html").read_text(encoding="utf-8")
    assert "1,000 resamples" in page
    assert "best epoch" in page
    assert all(rule["threshold"] in html.unescape(page) for rule in rules(output))
    assert str(tmp_path) not in page, "folders of a machine are nobody's business"
    assert "# Model card" in (output / "model_card.md").read_text(encoding="utf-8")
    history = read(output / "history.json")
    assert history["splits"]["train"] == {"benign": 8, "malignant": 8, "normal": 2}
    assert history["class_balance"]["before"] == history["splits"]["train"]
    assert history["class_balance"]["after"] == {"benign": 6, "malignant": 6, "normal": 6}
    assert history["environment"]["torch"] == torch.__version__
    for picture in output.glob("worst_cases/*.png"):
        with Image.open(picture) as opened:
            assert max(opened.size) <= 320
        assert picture.stem.split("-")[1].split(".")[0] in page


def rules(output: Path) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = read(output / "diagnostics.json")["rules"]
    return listed


@pytest.mark.parametrize("task", TASKS)
def test_groups_of_the_index_are_what_is_resampled(
    task: str, channels: Path, tmp_path: Path
) -> None:
    names = [path.stem for path in (channels / "test/images").rglob("*.png")]
    entries = [{"id": name, "group": "all of them"} for name in names]
    (tmp_path / "index.jsonl").write_text("\n".join(map(json.dumps, entries)))

    _, output = train(task, channels, tmp_path / "run", "--index", str(tmp_path))

    evaluation = read(output / "evaluation.json")
    assert evaluation["bootstrap_unit"] == "group"
    intervals = evaluation["metrics"]["intervals"]
    assert intervals["accuracy" if task == "classification" else "mean_agreement"] is None
    assert set(intervals.values()) == {None}, "a single group"

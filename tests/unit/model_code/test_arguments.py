from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import train_classifier
import train_segmenter
from sonomodel.arguments import FOLDERS

CLASSES = ["--classes", '["benign", "normal"]']


@pytest.fixture
def folders(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, variable in FOLDERS.items():
        monkeypatch.setenv(variable, f"/opt/ml/{name}")


@pytest.mark.usefixtures("folders")
def test_folders_come_from_the_platform() -> None:
    options = train_classifier.parse(CLASSES)

    assert options.train == Path("/opt/ml/train")
    assert options.output_data_dir == Path("/opt/ml/output-data-dir")


@pytest.mark.usefixtures("folders")
def test_hyperparameters_arrive_as_sagemaker_writes_them() -> None:
    argv = [*CLASSES, "--architecture", "resnet18", "--epochs", "3", "--learning-rate", "1e-4"]

    options = train_classifier.parse([*argv, "--model-version", "61e104857123-0a1b2c3d"])

    assert options.classes == ["benign", "normal"]
    assert (options.architecture, options.epochs, options.learning_rate) == ("resnet18", 3, 1e-4)
    assert options.model_version == "61e104857123-0a1b2c3d"


@pytest.mark.usefixtures("folders")
@pytest.mark.parametrize("script", [train_classifier, train_segmenter])
@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        ([*CLASSES, "--epocs", "3"], "--epocs"),
        ([*CLASSES, "--epoch", "3"], "--epoch"),
        ([*CLASSES, "--epochs", "0"], "--epochs: '0' is not a whole number >= 1"),
        ([*CLASSES, "--image-size", "big"], "--image-size"),
        ([*CLASSES, "--ema-decay", "1"], "--ema-decay: '1' is not a number >= 0 and < 1"),
        (
            [*CLASSES, "--stop-on", '["overfiting"]'],
            "--stop-on: '[\"overfiting\"]' is not a JSON list",
        ),
        ([*CLASSES, "--test-time-flip", "yes"], "--test-time-flip: 'yes' is not true or false"),
        (["--classes", "benign,normal"], "is not JSON"),
        (["--classes", '["benign"]'], "at least two classes"),
        (["--classes", '["benign", "benign"]'], "at least two classes"),
        (["--classes", '{"benign": 1}'], "is not a JSON list"),
        ([], "--classes"),
    ],
)
def test_what_cannot_be_used_is_named(
    script: object, argv: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        script.parse(argv)  # type: ignore[attr-defined]

    assert caught.value.code == 2
    assert reason in capsys.readouterr().err


@pytest.mark.usefixtures("folders")
def test_what_has_a_meaning_for_a_plain_encoder_alone_means_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    by_default = train_segmenter.parse(CLASSES)
    plain = train_segmenter.parse([*CLASSES, "--base-channels", "8"])
    assert capsys.readouterr().out == ""
    other = train_segmenter.parse([*CLASSES, "--depth", "2", "--encoder", "resnet18"])

    assert (by_default.encoder, plain.encoder) == ("efficientnet_lite0", "plain")
    assert (plain.base_channels, plain.depth) == (8, 4)
    assert other.encoder == "resnet18"
    said = "not used: --depth, which has no meaning beside --encoder resnet18\n"
    assert capsys.readouterr().out == said


def test_missing_folder_is_named_with_its_flag(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable in FOLDERS.values():
        monkeypatch.delenv(variable, raising=False)

    with pytest.raises(SystemExit):
        train_segmenter.parse(CLASSES)

    assert "--train" in capsys.readouterr().err


def test_checkpoints_go_where_the_platform_mounted_a_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, variable in FOLDERS.items():
        monkeypatch.setenv(variable, str(tmp_path / name))
    monkeypatch.setenv("SM_MODEL_DIR", str(tmp_path / "model"))
    assert train_classifier.parse(CLASSES).checkpoint_dir is None

    (tmp_path / "checkpoints").mkdir()

    assert train_classifier.parse(CLASSES).checkpoint_dir == tmp_path / "checkpoints"
    argv = [*CLASSES, "--checkpoint-dir", "elsewhere"]
    assert train_classifier.parse(argv).checkpoint_dir == Path("elsewhere")


@pytest.mark.usefixtures("folders")
@pytest.mark.parametrize("script", [train_classifier, train_segmenter])
def test_documentation_names_every_flag(script: Any, root: Path) -> None:
    text = (root / "docs/training.md").read_text(encoding="utf-8")

    for name in vars(script.parse(CLASSES)):
        assert f"`--{name.replace('_', '-')}`" in text, name


@pytest.mark.usefixtures("folders")
def test_index_of_groups_is_a_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SM_CHANNEL_INDEX", raising=False)
    assert train_segmenter.parse(CLASSES).index is None

    monkeypatch.setenv("SM_CHANNEL_INDEX", "/opt/ml/input/data/index")

    assert train_segmenter.parse(CLASSES).index == Path("/opt/ml/input/data/index")


def test_candidates_of_a_tuning_job_keep_their_checkpoints_apart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, variable in FOLDERS.items():
        monkeypatch.setenv(variable, str(tmp_path / name))
    monkeypatch.setenv("SM_MODEL_DIR", str(tmp_path / "model"))
    monkeypatch.setenv("SM_INPUT_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("TRAINING_JOB_NAME", "tuning-001-0a1b2c3d")
    (tmp_path / "checkpoints").mkdir()
    hyperparameters = {"epochs": "3"}
    (tmp_path / "hyperparameters.json").write_text(json.dumps(hyperparameters))
    assert train_classifier.parse(CLASSES).checkpoint_dir == tmp_path / "checkpoints"

    hyperparameters["_tuning_objective_metric"] = "validation:macro_f1"
    (tmp_path / "hyperparameters.json").write_text(json.dumps(hyperparameters))

    expected = tmp_path / "checkpoints" / "tuning-001-0a1b2c3d"
    assert train_classifier.parse(CLASSES).checkpoint_dir == expected

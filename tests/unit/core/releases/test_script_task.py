from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sonoflow.errors import ConfigurationError, PayloadInvalid
from sonoflow.releases import script_task, tasks, training_jobs
from sonoflow.releases.classification import Classification
from sonoflow.releases.release import Release
from sonoflow.releases.script_task import ScriptTask
from sonoflow.releases.segmentation import Segmentation
from tests.unit import stack
from tests.unit.core.releases.service_models import problems

Compose = Callable[..., Release]
TASKS = [Classification, Segmentation]

# As model_code prints them.
LOG = {
    "classification": "epoch=3/20 learning_rate=0.001 train_loss=0.41 validation_loss=3.8e-01 "
    "validation_accuracy=0.91 validation_macro_f1=0.90 validation_likelihood=0.7 seconds=2.1\n"
    "test_accuracy=0.93 test_macro_f1=0.92 test_macro_auc=0.97 test_ece=0.03",
    "segmentation": "epoch=3/20 learning_rate=0.001 train_loss=0.41 validation_loss=3.8e-01 "
    "validation_lesion_dice=0.81 validation_lesion_iou=0.7 validation_mean_agreement=0.8\n"
    "test_lesion_dice=0.8 test_lesion_iou=0.71 test_normal_false_mask_rate=0.25",
}


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_every_metric_is_found_in_the_log_exactly_once(task: type[ScriptTask]) -> None:
    definitions = task.metric_definitions()
    assert definitions
    for definition in definitions:
        values = re.findall(definition["Regex"], LOG[task.name])
        assert len(values) == 1, definition
        float(values[0])


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_the_program_exists(task: type[ScriptTask], root: Path) -> None:
    assert (root / "model_code" / task.program).is_file()


@pytest.mark.parametrize(
    "value", ["61e104857123", "123456789012", "resnet18", "true", "", 'a "quoted" one']
)
def test_text_arrives_as_text_even_where_it_looks_like_a_number(value: str) -> None:
    encoded = script_task.encoded({"dataset-version": value})

    assert json.loads(encoded["dataset-version"]) == value


def test_a_list_arrives_as_the_text_of_its_json() -> None:
    """The toolkit reads JSON and hands `str()` of it to the program: a list would come in
    Python's notation."""
    encoded = script_task.encoded({"classes": ["benign", "normal"], "epochs": 3, "rate": 0.5})

    assert str(json.loads(encoded["classes"])) == '["benign", "normal"]'
    assert str(json.loads(encoded["epochs"])) == "3"
    assert str(json.loads(encoded["rate"])) == "0.5"


def test_a_script_gets_what_the_parameters_give_and_keeps_its_own_defaults(
    release: Compose,
) -> None:
    """Its archive may be older than the function that asks for the job."""
    classification, segmentation = (
        release(task).task.own_hyperparameters(3) for task in ("classification", "segmentation")
    )

    assert classification == {"architecture": "resnet18", "epochs": 12, "image-size": 128}
    assert segmentation == {"base-channels": 16, "epochs": 15, "image-size": 128}


@pytest.mark.parametrize(
    ("task", "variable", "value", "message"),
    [
        (
            "classification",
            "CLASSIFIER_HYPERPARAMETERS",
            '{"batch_size": 8}',
            "ClassifierHyperparameters.*'batch_size'.*batch-size",
        ),
        (
            "classification",
            "CLASSIFIER_HYPERPARAMETERS",
            '{"batch-size": "8"}',
            'ClassifierHyperparameters: batch-size must be a whole number from 1 to 4096, not "8"',
        ),
        (
            "classification",
            "CLASSIFIER_HYPERPARAMETERS",
            '{"image-size": 64}',
            "image-size is set by the parameter ClassifierImageSize",
        ),
        (
            "classification",
            "CLASSIFIER_EPOCHS",
            "0",
            "ClassifierEpochs must be.*from 1 to 10000",
        ),
        (
            "segmentation",
            "SEGMENTER_HYPERPARAMETERS",
            '{"encoder": "vgg"}',
            'SegmenterHyperparameters: encoder must be "plain" or.*not "vgg"',
        ),
        ("segmentation", "SEGMENTER_HYPERPARAMETERS", "{", "SegmenterHyperparameters is no JSON"),
        (
            "segmentation",
            "SEGMENTER_HYPERPARAMETERS",
            '{"encoder": "resnet18", "depth": 3}',
            'SegmenterHyperparameters: depth has no meaning where encoder is "resnet18"',
        ),
        ("segmentation", "SEGMENTER_IMAGE_SIZE", "8", "SegmenterImageSize must be"),
    ],
)
def test_what_no_script_would_take_is_refused_by_name(
    release: Compose,
    settings_env: pytest.MonkeyPatch,
    task: str,
    variable: str,
    value: str,
    message: str,
) -> None:
    tasks.check(tasks.OF_IMAGES)
    settings_env.setenv(variable, value)

    with pytest.raises(ConfigurationError, match=message):
        release(task)
    with pytest.raises(ConfigurationError, match=message):
        tasks.check(tasks.OF_IMAGES)


@pytest.mark.parametrize(
    ("variable", "task", "other"),
    [
        ("PRETRAINED_WEIGHTS_URI", "classification", "segmentation"),
        ("SEGMENTER_WEIGHTS_URI", "segmentation", "classification"),
    ],
)
def test_weights_to_start_from_are_a_channel_of_their_own_task(
    release: Compose, settings_env: pytest.MonkeyPatch, variable: str, task: str, other: str
) -> None:
    settings_env.setenv(variable, "s3://weights/resnet18.pth")

    def channels(task: str) -> list[str]:
        request = training_jobs.request(release(task))
        return [channel["ChannelName"] for channel in request["InputDataConfig"]]

    always = ["train", "validation", "test", "code", "index"]
    assert channels(task) == [*always, "weights"]
    assert channels(other) == always


def started_from(composed: Release) -> str | None:
    channels = training_jobs.request(composed)["InputDataConfig"]
    sources = {one["ChannelName"]: one["DataSource"]["S3DataSource"] for one in channels}
    uri: str | None = sources.get("weights", {}).get("S3Uri")
    return uri


@pytest.mark.parametrize(
    ("task", "variable", "network", "parameter"),
    [
        ("classification", "CLASSIFIER_ARCHITECTURE", "{}", "PRETRAINED_WEIGHTS_URI"),
        (
            "segmentation",
            "SEGMENTER_HYPERPARAMETERS",
            '{{"encoder": "{}"}}',
            "SEGMENTER_WEIGHTS_URI",
        ),
    ],
)
def test_a_network_starts_from_its_published_weights_unless_others_are_given(
    release: Compose,
    settings_env: pytest.MonkeyPatch,
    task: str,
    variable: str,
    network: str,
    parameter: str,
) -> None:
    published = stack.event("plan_release.classification")["code"]["weights"]["efficientnet_lite0"]
    for other in ("resnet18", "efficientnet_lite1"):
        settings_env.setenv(variable, network.format(other))
        assert started_from(release(task)) is None, other
    settings_env.setenv(variable, network.format("efficientnet_lite0"))
    assert started_from(release(task)) == published
    assert started_from(release(task, code__weights={})) is None  # none are wanted

    settings_env.setenv(parameter, "s3://bucket/earlier.safetensors")

    assert started_from(release(task)) == "s3://bucket/earlier.safetensors"


def test_a_run_that_does_not_say_which_weights_there_are_is_refused(release: Compose) -> None:
    """It would start from scratch without a word."""
    with pytest.raises(PayloadInvalid, match=r"code\.weights"):
        release(code={"uri": "s3://bucket/code/0.tar.gz", "sha256": "0" * 64})


@pytest.mark.parametrize(
    ("task", "model"), [("classification", "classifier"), ("segmentation", "segmenter")]
)
def test_what_the_program_is_told_are_flags_that_it_knows(
    release: Compose, root: Path, task: str, model: str
) -> None:
    """A flag that a script does not know is an error of the script, minutes into a job."""
    declared = json.loads((root / "model_code/hyperparameters.json").read_text("utf-8"))
    identity = {"classes", "model-name", "model-version", "dataset-version", "code-digest"}
    told = training_jobs.request(release(task))["HyperParameters"]

    flags = {name for name in told if not name.startswith("sagemaker_")}

    assert identity < flags <= declared["common"].keys() | declared[model].keys() | identity
    arguments = (root / "model_code/sonomodel/arguments.py").read_text("utf-8")
    assert all(f'"--{name}"' in arguments for name in identity)


def test_a_script_says_where_it_goes_on_and_may_wait_for_spot_instances(
    release: Compose, settings_env: pytest.MonkeyPatch
) -> None:
    steady = training_jobs.request(release())
    settings_env.setenv("TRAINING_SPOT", "true")
    composed = release()
    spot = training_jobs.request(composed)

    assert problems("sagemaker", "CreateTrainingJob", spot) == []
    assert spot["CheckpointConfig"] == {"S3Uri": f"s3://{stack.WORK}/checkpoints/{composed.name}"}
    assert steady["EnableManagedSpotTraining"] is False
    assert steady["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    assert spot["EnableManagedSpotTraining"] is True
    assert spot["StoppingCondition"] == {
        "MaxRuntimeInSeconds": 3600,
        "MaxWaitTimeInSeconds": 7200,
    }

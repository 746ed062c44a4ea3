from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sonoflow.releases.release import Release
from sonoflow.releases.segmentation import Segmentation
from tests.unit import splits_to_probe, stack
from tests.unit.fake_endpoints import FakeEndpoints

Compose = Callable[..., Release]


def test_the_objective_is_what_the_script_selects_its_epoch_by(root: Path) -> None:
    source = (root / "model_code" / Segmentation.program).read_text("utf-8")

    selection = Segmentation.objective.removeprefix("validation:")
    assert f'selection="{selection}"' in source


def test_the_gate_is_the_stacks_minimum(release: Compose, settings_env: pytest.MonkeyPatch) -> None:
    settings_env.setenv("MINIMUM_LESION_DICE", "0.75")

    assert release("segmentation").task.gate(["benign", "malignant", "normal"]) == {
        "minimum": {"lesion_dice": 0.75}
    }


def test_what_has_a_parameter_of_its_own_is_told_the_script(
    release: Compose, settings_env: pytest.MonkeyPatch
) -> None:
    settings_env.setenv("SEGMENTER_EPOCHS", "3")
    settings_env.setenv("SEGMENTER_IMAGE_SIZE", "96")

    told = release("segmentation").task.own_hyperparameters(3)

    assert told.items() >= {"epochs": 3, "image-size": 96}.items()


@pytest.mark.usefixtures("aws")
def test_an_endpoint_is_probed_with_images(endpoints: FakeEndpoints) -> None:
    splits_to_probe.write_images()

    probed = Segmentation.probe(stack.event("probe_endpoint.segmenter"))

    assert probed.probes == 3
    assert {name for name, _, _ in endpoints.requests} == {"sonoflow-segmenter"}

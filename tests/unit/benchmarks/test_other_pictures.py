from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from benchmarks import other_pictures
from local.demo.phantoms import write_channels
from sonomodel.model.artifact import write_model
from sonomodel.networks.resnet import ResNetConfig, build_resnet
from tests.unit.model_code.conftest import card


@pytest.mark.slow
def test_pictures_of_the_training_s_kind_are_told_from_others(tmp_path: Path) -> None:
    fold, out = tmp_path / "fold0", tmp_path / "out.json"
    write_channels(fold, images_per_class=40, seed=3, size=(60, 90))
    torch.manual_seed(1)
    network = build_resnet(ResNetConfig("resnet18", 3))
    write_model(tmp_path / "model", network, replace(card("classification"), image_size=64))

    given = ["--fold", str(fold), "--model", str(tmp_path / "model"), "--out", str(out)]
    other_pictures.main(given)

    result = json.loads(out.read_text())
    told = result["pictures"]
    assert told["test images, as they are"]["images"] == 12
    assert told["test images, as they are"]["unlike"] <= 3
    assert told["test images, inverted"]["unlike"] == 12
    assert told["photographs"]["unlike"] == told["photographs"]["images"] == 2
    assert [told[name]["images"] for name in ("noise", "plain", "phantoms")] == [10, 3, 24]
    assert result["chosen"]["validation"]["images"] == 12

"""What tests of the model code stand on: phantom channels, and a model of each task."""

from __future__ import annotations

import dataclasses
import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from local.demo.phantoms import write_channels
from sonomodel.images.preprocessing import Normalisation
from sonomodel.model.artifact import write_model
from sonomodel.model.card import ModelCard
from sonomodel.networks.resnet import ResNetConfig, build_resnet
from sonomodel.networks.unet import UNet, UNetConfig

# More threads than free cores wait for each other; results depend on their number, too.
torch.set_num_threads(1)
os.environ.setdefault("SONOFLOW_TORCH_THREADS", "1")  # servers that are made in this process

CLASSES = ["benign", "malignant", "normal"]


@pytest.fixture(scope="session")
def channels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """train, validation and test with 8, 1 and 1 images per class."""
    folder = tmp_path_factory.mktemp("channels")
    write_channels(folder, images_per_class=10, seed=3, size=(60, 90))
    return folder


def card(task: str) -> ModelCard:
    classifies = task == "classification"
    network = ResNetConfig("resnet18", 3) if classifies else UNetConfig(base_channels=4, depth=2)
    return ModelCard(
        task=task,
        name="classifier" if classifies else "segmenter",
        version="0123456789ab-01234567",
        architecture="resnet18" if classifies else "unet",
        network=dataclasses.asdict(network),
        classes=CLASSES,
        image_size=32,
        normalisation=Normalisation(0.3, 0.2),
        threshold=None if classifies else 0.4,
        dataset_version="0123456789ab",
        code_digest="c0de",
        torch_version=torch.__version__,
        hyperparameters={},
    )


@pytest.fixture(scope="session")
def classifier_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("classifier")
    write_model(folder, build_resnet(ResNetConfig("resnet18", 3)), card("classification"))
    return folder


@pytest.fixture(scope="session")
def segmenter_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("segmenter")
    write_model(folder, UNet(UNetConfig(base_channels=4, depth=2)), card("segmentation"))
    return folder


@pytest.fixture
def encode() -> Callable[..., bytes]:
    """The bytes of a picture of noise."""

    def encoded(mode: str = "L", size: tuple[int, int] = (53, 41), kind: str = "PNG") -> bytes:
        shape = (size[1], size[0], 4)
        noise = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        picture = Image.fromarray(noise).convert(mode)
        stream = io.BytesIO()
        picture.save(stream, kind)
        return stream.getvalue()

    return encoded

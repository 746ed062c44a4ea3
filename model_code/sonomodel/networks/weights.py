"""Network weights in the safetensors format, read and written without any dependency.

A file is: 8 bytes, the length of the header (little-endian); the header, a JSON object that maps
each tensor's name to its dtype, shape and byte range; the tensors' bytes, one after the other.
Specification: https://github.com/huggingface/safetensors#format. Nothing is ever unpickled.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sonomodel.errors import WeightsError

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
CODES = {dtype: code for code, dtype in DTYPES.items()}
MAXIMUM_HEADER = 100_000_000  # bytes, the limit the reference implementation sets
State = dict[str, Tensor]


def save(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    chunks: list[bytes] = []
    position = 0
    for name in _aligned(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        if tensor.dtype not in CODES:
            raise WeightsError(f"tensor {name} has the type {tensor.dtype}, which cannot be saved")
        data = tensor.reshape(-1).view(torch.uint8).numpy().tobytes()
        header[name] = {
            "dtype": CODES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [position, position + len(data)],
        }
        chunks.append(data)
        position += len(data)
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)
    path.write_bytes(len(encoded).to_bytes(8, "little") + encoded + b"".join(chunks))


def _aligned(tensors: Mapping[str, Tensor]) -> list[str]:
    """Widest element type first, so that every tensor starts at a multiple of its width."""
    return sorted(tensors, key=lambda name: (-tensors[name].element_size(), name))


def load(path: Path) -> State:
    """Every tensor of the file. Raises WeightsError when the file is damaged."""
    try:
        content = path.read_bytes()
        header, data = _split(content)
        entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
        _check_layout(entries, len(data))
        return {name: _tensor(entry, data) for name, entry in entries.items()}
    except WeightsError as error:
        raise WeightsError(f"{path.name} is not a usable safetensors file: {error}") from error


def metadata(path: Path) -> dict[str, str]:
    """What the file says of itself. Raises WeightsError when it is damaged."""
    try:
        found = _split(path.read_bytes())[0].get("__metadata__") or {}
        return {str(name): str(value) for name, value in dict(found).items()}
    except (WeightsError, TypeError, ValueError) as error:
        raise WeightsError(f"{path.name} is not a usable safetensors file: {error}") from error


def _split(content: bytes) -> tuple[dict[str, Any], bytearray]:
    if len(content) < 8:
        raise WeightsError(f"it holds {len(content)} bytes, fewer than the length field")
    length = int.from_bytes(content[:8], "little")
    if length > min(MAXIMUM_HEADER, len(content) - 8):
        raise WeightsError(f"its header claims {length} bytes, the file has {len(content)}")
    try:
        header = json.loads(content[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"its header is not JSON ({error})") from error
    if not isinstance(header, dict):
        raise WeightsError("its header is not a JSON object")
    return header, bytearray(content[8 + length :])


def _check_layout(entries: dict[str, Any], size: int) -> None:
    """Tensors must fill the data part without gap or overlap, each with the bytes it needs."""
    position = 0
    for name, entry in sorted(entries.items(), key=_begin):
        begin, end = entry["data_offsets"]
        if entry["dtype"] not in DTYPES:
            raise WeightsError(f"tensor {name} has the unknown type {entry['dtype']!r}")
        if not all(_is_size(extent) for extent in entry["shape"]):
            raise WeightsError(f"tensor {name} has the impossible shape {entry['shape']}")
        needed = math.prod(entry["shape"]) * DTYPES[entry["dtype"]].itemsize
        if begin != position or end - begin != needed:
            raise WeightsError(
                f"tensor {name} lies at bytes {begin} to {end}, expected {needed} from {position}"
            )
        position = end
    if position != size:
        raise WeightsError(f"its tensors need {position} bytes, it holds {size}")


def _begin(item: tuple[str, Any]) -> tuple[int, int]:
    name, entry = item
    try:
        begin, end = entry["data_offsets"]
        well_formed = isinstance(entry["dtype"], str) and isinstance(entry["shape"], list)
        if well_formed and _is_size(begin) and _is_size(end):
            return begin, end
    except (KeyError, TypeError, ValueError):
        pass
    raise WeightsError(f"the header's entry for tensor {name} is malformed")


def _is_size(value: Any) -> bool:
    """A whole number that torch can take; true is none, though Python counts it as 1."""
    return type(value) is int and 0 <= value < 2**62


def _tensor(entry: dict[str, Any], data: bytearray) -> Tensor:
    begin, end = entry["data_offsets"]
    dtype, shape = DTYPES[entry["dtype"]], entry["shape"]
    if begin == end:
        return torch.empty(shape, dtype=dtype)
    return torch.frombuffer(data[begin:end], dtype=dtype).reshape(shape)


def restore(network: nn.Module, tensors: State) -> None:
    """Loads `tensors` into `network`; every name and every shape must match."""
    wanted = network.state_dict()
    problems = [f"{name} is missing" for name in wanted if name not in tensors]
    problems += [f"{name} is not part of the network" for name in tensors if name not in wanted]
    problems += [
        f"{name} has the shape {list(tensors[name].shape)}, expected {list(wanted[name].shape)}"
        for name in wanted
        if name in tensors and tensors[name].shape != wanted[name].shape
    ]
    if problems:
        raise WeightsError(f"the weights do not fit the network: {_first(problems)}")
    network.load_state_dict(tensors)


def _first(problems: list[str], limit: int = 8) -> str:
    rest = len(problems) - limit
    return "; ".join(problems[:limit]) + (f"; and {rest} more" if rest > 0 else "")

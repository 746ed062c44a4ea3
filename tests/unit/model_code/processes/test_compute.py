from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from sonomodel.processes.compute import Compute, cpu_has_bfloat16


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx512f avx512_bf16 amx_tile\n", True),
        ("Features\t: fp asimd sve bf16 i8mm\n", True),
        ("flags\t\t: fpu avx2 avx512f avx512_vnni\n", False),
        ("model name\t: avx512_bf16 in a name only\n", False),
        ("", False),
    ],
)
def test_bfloat16_is_used_where_the_processor_names_it(
    tmp_path: Path, content: str, expected: bool
) -> None:
    (tmp_path / "cpuinfo").write_text(content)

    assert cpu_has_bfloat16(tmp_path / "cpuinfo") is expected


def test_without_cpuinfo_it_is_not_used(tmp_path: Path) -> None:
    assert cpu_has_bfloat16(tmp_path / "missing") is False


@pytest.mark.parametrize(("bfloat16", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_autocast_sets_the_format_of_the_products(bfloat16: bool, dtype: torch.dtype) -> None:
    compute = Compute(torch.device("cpu"), bfloat16)
    network = compute.place(nn.Conv2d(2, 4, 3))

    with compute.autocast():
        outputs = network(torch.randn(1, 2, 8, 8))

    assert outputs.dtype == dtype
    assert network.state_dict()["weight"].is_contiguous(memory_format=torch.channels_last)

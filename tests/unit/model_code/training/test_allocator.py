from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from sonomodel.training import allocator

pytestmark = pytest.mark.slow

COUNT = """
import resource, sys, torch
sys.path.insert(0, {folder!r})
from sonomodel.training import allocator
if {kept}:
    assert allocator.keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):  # until the heap has grown
    torch.ones(16 << 20)
before = faults()
for _ in range(20):
    torch.ones(16 << 20)  # 64 MiB
print(faults() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be set so")
def test_pages_are_not_faulted_in_anew_for_every_tensor() -> None:
    folder = str(Path(allocator.__file__).parents[2])
    returned, kept = (
        int(
            subprocess.check_output(
                [sys.executable, "-c", COUNT.format(folder=folder, kept=kept)],
                text=True,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
            )
        )
        for kept in (False, True)
    )

    assert kept < returned / 10


def test_other_systems_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")

    assert not allocator.keep_freed_memory()

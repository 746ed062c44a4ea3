"""Memory that a tensor gave back is kept for the next one, while a network trains on a CPU.

glibc returns a large block to the kernel as soon as it is freed, so that every step faults the same
pages in again, zeroed one by one: a tenth of a U-Net's step, a thirtieth of a ResNet-18's
(docs/training.md). Kept blocks cost no more memory than the step's peak did.
"""

from __future__ import annotations

import ctypes
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # parameters of mallopt, glibc's malloc.h
KEPT = 1 << 30  # bytes
KEPT_BY_OLD = 32 << 20  # what older versions of glibc take at most, on 64 bits


def keep_freed_memory() -> bool:
    """Whether the C library can be set so: glibc can, others ignore the question."""
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    blocks = mallopt(MMAP_THRESHOLD, KEPT) or mallopt(MMAP_THRESHOLD, KEPT_BY_OLD)
    return bool(blocks and mallopt(TRIM_THRESHOLD, KEPT))

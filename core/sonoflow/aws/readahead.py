"""A large object from its beginning to its end, read ahead while what came is worked on."""

from __future__ import annotations

import collections
import concurrent.futures
from collections.abc import Iterator

from sonoflow.aws.ranged import Source

CHUNK_BYTES = 8 * 1024 * 1024
CHUNKS_AHEAD = 2


def chunks(source: Source, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
    """The bytes in order. At most CHUNKS_AHEAD chunks wait beside the one that is in use."""
    offsets = iter(range(0, source.size, chunk_bytes))
    with concurrent.futures.ThreadPoolExecutor(max_workers=CHUNKS_AHEAD) as pool:
        waiting: collections.deque[concurrent.futures.Future[bytes]] = collections.deque()

        def ask() -> None:
            if (offset := next(offsets, None)) is not None:
                length = min(chunk_bytes, source.size - offset)
                waiting.append(pool.submit(source.read_at, offset, length))

        try:
            for _ in range(CHUNKS_AHEAD):
                ask()
            while waiting:
                chunk = waiting.popleft().result()
                ask()
                yield chunk
        finally:
            pool.shutdown(cancel_futures=True)

"""Looks into a few of an archive's files before anything is staged.

Names alone do not always say what a file is. A plan has seconds and little memory: so many files at
most are read, each small, the same ones whenever the same archive is planned.
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import TypeVar

from sonoflow.archives import members, methods
from sonoflow.archives.directory import Member
from sonoflow.aws.ranged import Source
from sonoflow.errors import ImageRejected

T = TypeVar("T")

FILES_LIMIT = 256
FILE_BYTES_LIMIT = 8 * 1024 * 1024
BYTES_LIMIT = 64 * 1024 * 1024
_AT_ONCE = 16


class Looks:
    """The contents of files by canonical path; `None` where one cannot be had or is too large."""

    def __init__(
        self,
        source: Source,
        usable: Mapping[str, Member],
        end: int,
        limit: int = FILES_LIMIT,
        closed: Container[str] = frozenset(),
    ) -> None:
        """`end` is where the archive's members end; what is `closed` cannot be had and costs
        nothing."""
        self._closed = closed
        self._source, self._usable, self._end = source, usable, end
        self._left, self._bytes_left = limit, BYTES_LIMIT

    @property
    def left(self) -> int:
        """How many files may still be read."""
        return self._left

    def read(self, paths: Iterable[str]) -> dict[str, bytes | None]:
        """As many of these as may still be read. Errors of S3 escape."""
        chosen = [path for path in paths if path not in self._closed][: self._left]
        self._left -= len(chosen)
        places = {}
        for path in chosen:
            member = self._usable[path]
            cost = max(member.size, member.packed)
            if cost <= min(FILE_BYTES_LIMIT, self._bytes_left):
                self._bytes_left -= cost
                places[path] = members.locate(member, self._end)
        with concurrent.futures.ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            reader = members.BatchReader(self._source, list(places.values()), pool)
            return {path: self._content(reader, path, places.get(path)) for path in chosen}

    def heads(self, paths: Iterable[str], count: int) -> dict[str, bytes]:
        """The first bytes of each; none where it cannot be had. Errors of S3 escape."""
        with concurrent.futures.ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            chosen = list(paths)
            return dict(
                zip(chosen, pool.map(lambda path: self._head(path, count), chosen), strict=True)
            )

    def _head(self, path: str, count: int) -> bytes:
        member = self._usable[path]
        if member.packed > FILE_BYTES_LIMIT and member.method not in methods.IN_STEPS:
            return b""
        try:
            place = members.locate(member, self._end)
            return members.head(self._source, member.name, place, count)
        except ImageRejected:
            return b""

    def _content(
        self, reader: members.Reader, path: str, place: members.Location | None
    ) -> bytes | None:
        if place is None:
            return None
        try:
            return reader.read(self._usable[path].name, place)
        except ImageRejected:
            return None


def spread(paths: Sequence[T], count: int) -> list[T]:
    """So many of them, evenly over the whole, in their order."""
    if len(paths) <= count:
        return list(paths)
    return [paths[at * len(paths) // count] for at in range(count)]

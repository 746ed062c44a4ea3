"""The contents of an archive's files that are looked into before anything is staged."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Mapping, Sequence

from sonoflow.archives import members
from sonoflow.archives.directory import Index, Member
from sonoflow.aws.ranged import Source
from sonoflow.errors import ImageRejected
from sonoflow.images import formats, kinds, listings, unnamed
from sonoflow.images.looks import Looks


class OpenedArchive:
    def __init__(self, index: Index, source: Source, usable: Mapping[str, Member]) -> None:
        self._usable = usable
        self._end, self._source = index.end, source
        self._looks = Looks(source, usable, index.end)

    def look(self, paths: Sequence[str]) -> dict[str, kinds.Look | None]:
        """DICOM is no drawing, and not looked into."""
        plain = [path for path in paths if not formats.may_be_dicom(path)]
        return {path: kinds.look(data) for path, data in self._looks.read(plain).items()}

    def heads(self, paths: Sequence[str]) -> dict[str, bytes]:
        return self._looks.heads(paths, unnamed.HEAD_BYTES)

    def table(self, path: str) -> bytes:
        """Raises ImageRejected."""
        member = self._usable[path]
        if member.size > listings.BYTES_LIMIT:
            detail = f"{member.size} bytes, the limit is {listings.BYTES_LIMIT}"
            raise ImageRejected("too-large", detail)
        location = members.locate(member, self._end)
        with concurrent.futures.ThreadPoolExecutor(max_workers=1) as pool:
            reader = members.BatchReader(self._source, [location], pool)
            return reader.read(member.name, location)

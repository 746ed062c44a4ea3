"""Files without an extension, or with a number in its place, that are DICOM by how they begin.

Archives hold others like them, READMEs and the like. So of each kind of folder a few are looked
into: where one is DICOM, all there are taken for it, and staging says of each that is none.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable, Mapping, Sequence

from sonoflow.images import formats
from sonoflow.images.looks import spread
from sonoflow.images.paths import Folders
from sonoflow.images.series import kind_of_folder
from sonoflow.quarantine import SetAside

HEAD_BYTES = 132  # that a DICOM file begins with: 128 of any kind, and its mark
_MARK = b"DICM"
_KINDS_LIMIT, _LOOKS = 48, 3
_CONTENTS = "DICOMDIR"

Heads = Callable[[Sequence[str]], Mapping[str, bytes]]


def find(paths: Iterable[str], heads: Heads) -> tuple[frozenset[str], list[SetAside]]:
    """Those that are taken for pictures, and tables of contents."""
    kinds: dict[Folders, list[str]] = collections.defaultdict(list)
    tables = []
    for path in paths:
        if path.rpartition("/")[2].upper() == _CONTENTS:
            tables.append(path)
        elif formats.is_unnamed(path):
            kinds[kind_of_folder(path)].append(path)
    largest = sorted(kinds, key=lambda kind: (-len(kinds[kind]), kind))
    looked_at = {kind: spread(kinds[kind], _LOOKS) for kind in largest[:_KINDS_LIMIT]}
    begun = heads([path for some in looked_at.values() for path in some]) if looked_at else {}
    known = {kind for kind, some in looked_at.items() if any(map(_is_dicom, map(begun.get, some)))}
    if known:
        known.update(largest[_KINDS_LIMIT:])
    found = frozenset(path for kind in known for path in kinds[kind])
    detail = "a DICOMDIR is a table of contents; it holds no pixels"
    return found, [SetAside(path, "not-ultrasound", detail) for path in tables]


def _is_dicom(head: bytes | None) -> bool:
    return head is not None and head[HEAD_BYTES - len(_MARK) :] == _MARK

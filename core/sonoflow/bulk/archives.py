"""A zip of the inbox: each file in it is answered as if it had been uploaded beside the zip, in a
folder of the zip's name."""

from __future__ import annotations

from collections.abc import Iterable

from sonoflow import keys
from sonoflow.archives import directory, members, verdicts
from sonoflow.archives.directory import Index, Member
from sonoflow.aws.clients import client
from sonoflow.aws.ranged import RemoteObject
from sonoflow.aws.uploads import Upload
from sonoflow.bulk.items import Item
from sonoflow.bulk.rows import REFUSED, Row, row
from sonoflow.errors import BulkRejected, DatasetRefused
from sonoflow.images import formats
from sonoflow.quarantine import SetAside

# What has no name that could be an answer's, or shares it with a file that is used.
_NAMELESS = frozenset(
    {
        *("unreadable-name", "name-too-long", "absolute-path", "drive-path", "path-climbs-out"),
        "duplicate-name",
    }
)
_TABLE = "table-in-archive", "a table is answered by itself: upload it below inbox/"


def read(upload: Upload) -> tuple[list[Item], list[Row]]:
    """What it asks for, and the files that cannot be answered. Raises BulkRejected."""
    if upload.size == 0:
        raise BulkRejected("empty", "the file holds no bytes")
    try:
        index = directory.read(RemoteObject(upload))
    except DatasetRefused as error:
        raise BulkRejected(error.reason, error.detail) from error
    usable, set_aside = verdicts.judge(index, formats.FILE_BYTES_LIMIT)
    folder = f"{keys.inbox_path(upload.key)}/"
    items = [_item(folder + path, member, index) for path, member in usable.items()]
    refused = []
    for aside in set_aside:
        if aside.reason in _NAMELESS:
            refused.append(_refused(folder, aside))
        else:
            path = folder + verdicts.canonical(aside.source)
            items.append(Item(path, problem=(aside.reason, aside.detail)))
    return items, refused


def left_behind(upload: Upload, items: Iterable[Item], results: str) -> list[Item]:
    """What has an answer in the zip's folder and is not asked for: as a rule, an earlier version
    held it."""
    asked = {keys.result(item.path) for item in items}
    found: set[str] = set()
    for start in keys.DOCUMENTS:
        folder = f"{start}{keys.inbox_path(upload.key)}/"
        pages = client("s3").get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=results, Prefix=folder):
            names = (one["Key"] for one in page.get("Contents", []))
            found.update(name.removeprefix(start).removesuffix(".json") for name in names)
    return [Item(path, withdrawn=True) for path in sorted(found - asked)]


def _item(path: str, member: Member, index: Index) -> Item:
    if keys.is_inbox_table(path):
        return Item(path, problem=_TABLE)
    return Item(path, member=member.name, place=members.locate(member, index.end))


def _refused(folder: str, aside: SetAside) -> Row:
    return row(folder + aside.source, REFUSED, reason=aside.reason, detail=aside.detail)

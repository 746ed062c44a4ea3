"""Manifests: `inbox/**.jsonl`, each line of which names an object of the inbox.

    {"uri": "s3://<the uploads bucket>/inbox/ward3/scan.png"}
    s3://<the uploads bucket>/inbox/ward3/scan.png

Both ways of writing a line are read, and may stand in one file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from sonoflow import keys
from sonoflow.aws import objects
from sonoflow.aws.uploads import Upload
from sonoflow.bulk import items
from sonoflow.bulk.items import Item
from sonoflow.bulk.rows import REFUSED, Row, row
from sonoflow.errors import BulkRejected, PayloadInvalid

BYTES_LIMIT = 64 * 1024 * 1024
_BOM = "\ufeff"
_SHOWN = 200  # characters of a line that is no URI


class _Refused(Exception):
    def __init__(self, path: str, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.path, self.reason, self.detail = path, reason, detail


def read(upload: Upload) -> tuple[list[Item], list[Row]]:
    """What it asks for, and the lines that cannot be answered. Raises BulkRejected."""
    if upload.size > BYTES_LIMIT:
        detail = f"{upload.size} bytes, the limit is {BYTES_LIMIT}; send it in parts"
        raise BulkRejected("too-large", detail)
    try:
        text = objects.read(upload.bucket, upload.key, upload.version_id).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BulkRejected("not-utf-8", f"a manifest is a text in UTF-8: {error}") from error
    if (
        lines := text.count("\n")
    ) > items.ASKED_LIMIT:  # before there is a piece of memory for each
        raise items.too_many(lines)
    found: dict[str, Item] = {}
    refused: list[Row] = []
    for number, line in _lines(text):
        try:
            item = Item(_path(line, upload.bucket), number)
            if (known := found.get(item.path)) is not None:
                detail = f"line {known.line} names it already, and it is answered once"
                raise _Refused(item.path, "repeated", detail)
            found[item.path] = item
        except _Refused as error:
            refused.append(
                row(error.path, REFUSED, number, reason=error.reason, detail=error.detail)
            )
    return list(found.values()), refused


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Those that say something, by their numbers from 1."""
    for number, line in enumerate(text.removeprefix(_BOM).split("\n"), 1):
        if stripped := line.strip():
            yield number, stripped


def _path(line: str, bucket: str) -> str:
    """The inbox path that a line names. Raises _Refused."""
    uri = _uri(line)
    try:
        if len(uri.encode()) > len(f"s3://{bucket}/") + keys.BYTES_LIMIT:
            raise PayloadInvalid(f"a key has {keys.BYTES_LIMIT} bytes at most")
        named, key = keys.parse_uri(uri)
    except (PayloadInvalid, UnicodeEncodeError) as error:  # JSON can hold what is no text
        raise _Refused(line[:_SHOWN], "not-a-uri", str(error)) from error
    if named != bucket or not key.startswith(keys.INBOX):
        detail = f"a manifest names objects below s3://{bucket}/{keys.INBOX}: copy it there first"
        raise _Refused(uri, "outside-inbox", detail)
    path = key.removeprefix(keys.INBOX)
    if not path or path.endswith("/"):
        raise _Refused(uri, "a-folder", "a folder has no answer; name the objects in it")
    if keys.is_inbox_bulk(path):
        detail = "a zip or manifest is answered by itself, as soon as it is uploaded"
        raise _Refused(path, "nested", detail)
    if keys.is_inbox_table(path):
        detail = "a table is answered by itself, as soon as it is uploaded"
        raise _Refused(path, "table", detail)
    return path


def _uri(line: str) -> str:
    """Raises _Refused."""
    if line.startswith("s3://"):
        return line
    try:
        document = json.loads(line)
    except (ValueError, RecursionError) as error:
        detail = f"neither a URI nor JSON: {error}"
        raise _Refused(line[:_SHOWN], "not-a-uri", detail) from error
    if not isinstance(document, dict) or not isinstance(document.get("uri"), str):
        raise _Refused(line[:_SHOWN], "not-a-uri", 'a line is {"uri": "s3://…"} or the URI alone')
    if unknown := sorted(document.keys() - {"uri"}):
        # `version_id`, say: the newest version is answered, whatever somebody wishes.
        detail = f"{unknown[0][:_SHOWN]!r} is not known: a line has a 'uri' and nothing else"
        raise _Refused(line[:_SHOWN], "unknown-field", detail)
    return str(document["uri"])

"""The first sheet of an .xlsx workbook as texts: the zip and the XML of ECMA-376, nothing else.

A workbook is an upload like any other: what it unpacks to is bounded, and XML that declares a
document type, as those do that make entities grow, is not parsed.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from xml.etree import ElementTree

_BYTES_LIMIT = 64 * 1024 * 1024
_ROWS_LIMIT, _COLUMNS_LIMIT = 400_000, 1000
_SHEET = re.compile(r"xl/worksheets/sheet(\d+)\.xml")
_CELL = re.compile(r"([A-Z]{1,3})\d+")


class Unreadable(Exception):
    """No workbook that can be read; says why."""


def first_sheet(content: bytes) -> list[list[str]]:
    """Raises Unreadable."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            sheets = [match for name in book.namelist() if (match := _SHEET.fullmatch(name))]
            if not sheets:
                raise Unreadable("the workbook has no sheet")
            first = min(sheets, key=lambda match: int(match[1]))[0]
            shared = "xl/sharedStrings.xml"
            texts = list(_texts(_read(book, shared))) if shared in book.namelist() else []
            return list(_rows(_read(book, first), texts))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error, EOFError) as error:
        raise Unreadable(f"no workbook: {error}") from error
    except (ElementTree.ParseError, ValueError, IndexError) as error:
        raise Unreadable(f"a damaged workbook: {error}") from error


def _read(book: zipfile.ZipFile, name: str) -> ElementTree.Element:
    with book.open(name) as file:
        data = file.read(_BYTES_LIMIT + 1)
    if len(data) > _BYTES_LIMIT:
        raise Unreadable(f"a sheet of more than {_BYTES_LIMIT} bytes")
    if b"<!" in data.replace(b"<![CDATA[", b"").replace(b"<!--", b"") or b"\0" in data:
        raise Unreadable("its XML declares a document type")
    return ElementTree.fromstring(data)  # noqa: S314


def _texts(root: ElementTree.Element) -> Iterator[str]:
    for item in root.iterfind("{*}si"):
        yield "".join(text.text or "" for text in item.iterfind(".//{*}t"))


def _rows(root: ElementTree.Element, shared: list[str]) -> Iterator[list[str]]:
    for number, row in enumerate(root.iterfind("{*}sheetData/{*}row")):
        if number >= _ROWS_LIMIT:
            raise Unreadable(f"more than {_ROWS_LIMIT} rows")
        cells: dict[int, str] = {}
        for at, cell in enumerate(row.iterfind("{*}c")):
            place = _CELL.fullmatch(cell.get("r", ""))
            cells[_column(place[1]) if place else at] = _value(cell, shared)
        if cells and max(cells) >= _COLUMNS_LIMIT:
            raise Unreadable(f"more than {_COLUMNS_LIMIT} columns")
        yield [cells.get(at, "") for at in range(max(cells, default=-1) + 1)]


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _value(cell: ElementTree.Element, shared: list[str]) -> str:
    if cell.get("t") == "inlineStr":
        return "".join(text.text or "" for text in cell.iterfind(".//{*}t"))
    value = cell.findtext("{*}v", "")
    if cell.get("t") == "s":
        return shared[int(value)]
    return value.removesuffix(".0")

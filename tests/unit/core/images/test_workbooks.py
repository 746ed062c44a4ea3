from __future__ import annotations

import io
import zipfile

import pytest

from sonoflow.images import workbooks

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHEET = (
    f'<worksheet xmlns="{MAIN}"><sheetData>'
    '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="inlineStr"><is><t>Class</t></is></c></row>'
    '<row r="2"><c r="A2"><v>17.0</v></c><c r="C2" t="s"><v>1</v></c></row>'
    "</sheetData></worksheet>"
)
STRINGS = (
    f'<sst xmlns="{MAIN}"><si><t>Case</t></si><si><r><t>be</t></r><r><t>nign</t></r></si></sst>'
)


def book(
    sheet: str = SHEET, strings: str = STRINGS, name: str = "xl/worksheets/sheet1.xml"
) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, sheet)
        archive.writestr("xl/sharedStrings.xml", strings)
    return held.getvalue()


def test_the_first_sheet_is_read_as_texts() -> None:
    assert workbooks.first_sheet(book()) == [["Case", "", "Class"], ["17", "", "benign"]]


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    "content",
    [
        b"no zip",
        book(sheet=BOMB + SHEET),
        book(strings=BOMB + STRINGS),
        book(sheet=SHEET[:80]),
        book(strings=f'<sst xmlns="{MAIN}"/>'),
        book(name="xl/other.xml"),
        book(sheet=SHEET.replace("C2", "ZZZ2")),
    ],
    ids=["no zip", "entities", "entities in texts", "cut", "texts missing", "no sheet", "too wide"],
)
def test_what_is_no_workbook_is_told(content: bytes) -> None:
    with pytest.raises(workbooks.Unreadable):
        workbooks.first_sheet(content)


def test_a_sheet_that_unpacks_without_end_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "_BYTES_LIMIT", 100)

    with pytest.raises(workbooks.Unreadable, match="more than 100 bytes"):
        workbooks.first_sheet(book())

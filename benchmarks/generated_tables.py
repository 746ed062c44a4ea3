"""Tables as people, programs and mishaps make them, drawn at random from a seed.

Each is made of lines that can be left out one by one, so that what goes wrong can be shrunk.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable

from benchmarks import generated_lines, generated_mappings
from sonoflow.tables.known import WDBC_COLUMNS

Row = list[str]
_MEASURES = tuple(WDBC_COLUMNS[2:])
_SCALES = (14, 19, 92, 650, 0.1, 0.1, 0.09, 0.05, 0.18, 0.06)


@dataclasses.dataclass(frozen=True)
class Upload:
    """What is uploaded, and the mapping beside it."""

    parts: tuple[str, ...]  # lines, or parts of lines, without their ends
    mapping: bytes | None
    encoding: str = "utf-8"
    newline: str = "\n"
    before: bytes = b""
    ended: bool = True
    raw: bytes | None = None  # instead of all that

    @property
    def data(self) -> bytes:
        if self.raw is not None:
            return self.raw
        text = self.newline.join(self.parts) + (self.newline if self.ended and self.parts else "")
        return self.before + text.encode(self.encoding, "replace")

    def without(self, number: int) -> Upload:
        return dataclasses.replace(self, parts=self.parts[:number] + self.parts[number + 1 :])

    def described(self) -> list[str]:
        return [repr(part) for part in self.parts]


@dataclasses.dataclass
class _Draft:
    """A table before it is written."""

    header: Row | None
    rows: list[Row]


def make(draw: random.Random, *, inbox: bool = False) -> Upload:
    """One table, the same for the same state of `draw`; for the `inbox`, as a rule, one whose
    columns a model of WDBC's knows."""
    draft = _draft(draw, draw.choice((0, 1, 12, 50, 60, 60, 60, 80, 90)), inbox)
    for change in draw.sample(_CHANGES, draw.choice((0, 0, 0, 1, 1, 2, 3))):
        change(draw, draft)
    delimiter = draw.choice((",", ",", ",", ";", ";", "\t", "|"))
    _write_numbers(draw, draft, delimiter)
    lines = [delimiter.join(row) for row in ([draft.header] if draft.header else []) + draft.rows]
    for rewrite in draw.sample(generated_lines.CHANGES, draw.choice((0, 0, 0, 1, 1, 2))):
        lines = rewrite(draw, lines, delimiter)
    mapping = generated_mappings.of_table(draw, bare=draft.header is None)
    if draw.random() < 0.02:
        return Upload((), mapping, raw=_no_table(draw, lines))
    encoding = draw.choice(
        ("utf-8",) * 12 + ("utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-le")
    )
    newline = draw.choice(("\n",) * 5 + ("\r\n", "\r\n", "\r", "\r\r\n"))
    marks = b"\xef\xbb\xbf" if encoding == "utf-8" and draw.random() < 0.05 else b""
    return Upload(tuple(lines), mapping, encoding, newline, marks, draw.random() < 0.9)


Change = Callable[[random.Random, _Draft], None]


def _draft(draw: random.Random, count: int, inbox: bool) -> _Draft:
    names = _names(draw, whole=inbox and draw.random() < 0.9)
    labels = draw.choice(_LABELS) if draw.random() < 0.6 else ("B", "M")
    ids = draw.choice(_IDS) if draw.random() < 0.4 else _IDS[0]
    positive = draw.choice((0.3, 0.37, 0.5, 0.7))
    scales = [_SCALES[at % 10] * (1, 0.1, 1.3)[at // 10] for at in range(len(names))]
    style = draw.choice(("{:.4g}", "{:.5f}", "{:.2e}", "{:.1f}"))
    rows = []
    for number in range(count):
        ill = draw.random() < positive
        spelt = labels[ill] if len(labels) == 2 else draw.choice(labels)
        label = draw.choice(spelt) if isinstance(spelt, tuple) else spelt
        values = [style.format(s * draw.lognormvariate(0.2 * ill, 0.15)) for s in scales]
        rows.append([*ids(draw, number), label, *values])
    first = ["id"] if ids(draw, 0) else []
    named = draw.choice(
        ("diagnosis",) * 6 + ("target", "class", "label", "benign", "Diagnosis ", "y")
    )
    header: Row | None = [*first, named, *names]
    if draw.random() < 0.2:
        header = None
    return _Draft(header, rows)


def _names(draw: random.Random, whole: bool) -> list[str]:
    spelt = draw.choice(
        (lambda n: n, lambda n: n.replace("_", " "), lambda n: n.title().replace("_", ""),
         lambda n: f"{n} (mm)", str.upper, lambda n: f"f{len(n)}{n[:3]}{n[-3:]}")
    )  # fmt: skip
    names = [spelt(name) for name in _MEASURES]
    if whole:
        return names
    if draw.random() < 0.5:
        names = names[: draw.randrange(1, 8)]
    if draw.random() < 0.15:
        form = draw.choice(("{}", "V{}", "x{}", "Größe {}", "年齢{}"))
        return [form.format(n) for n in range(len(names))]
    return names


_LABELS: tuple[tuple[str | tuple[str, ...], ...], ...] = (
    ("B", "M"), ("B", "M"), ("B", "M"), ("benign", "malignant"), ("0", "1"), ("1", "0"),
    ("negative", "positive"), ("no", "yes"), ("FALSE", "TRUE"), ("2", "4"), ("1", "2"),
    (("B", "b", "Benign"), ("M", "m", "Malignant")), (("B", "0"), ("M", "1")), ("0.0", "1.0"),
    (("B", "unknown"), "M"), ("N", "B", "M"), ("A", "B", "C", "D"), ("B", "B"), ("", "M"),
    ("良性", "恶性"), ("healthy", "cancer"), ("no cancer", "cancer"), ("ill", "well"), ("-1", "1"),
    ("1.5", "2.5"), ("B", "G"), ('"B"', '"M"'), (" B ", "M"), ("=B", "@M"),
)  # fmt: skip


def _few(form: str) -> Callable[[random.Random, int], Row]:
    return lambda draw, number: [form.format(842302 + 7 * number, n=number)]


_IDS: tuple[Callable[[random.Random, int], Row], ...] = (
    *(_few("{}"),) * 6, _few("p{n:03}"), _few("{n}"), _few("{:.2E}"), _few('"{} a"'),
    _few("1{n:02}-Mar"),
    _few("2021-03-{n:02}"), _few("{n}.03.2021"), _few("#{n}"), _few(""), _few("x"), _few("超{n}"),
    *(lambda draw, number: [],) * 2,
    lambda draw, number: [f"{draw.random():.5f}"],
)  # fmt: skip


def _column(cell: Callable[[random.Random, int], str], name: str) -> Change:
    def change(draw: random.Random, draft: _Draft) -> None:
        at = draw.randrange(len(draft.header or (draft.rows or [[""]])[0]) + 1)
        if draft.header is not None:
            draft.header.insert(at, name)
        for number, row in enumerate(draft.rows):
            row.insert(at, cell(draw, number))

    return change


def _cells(cell: str, share: float) -> Change:
    """So many cells hold that instead."""

    def change(draw: random.Random, draft: _Draft) -> None:
        for row in draft.rows:
            for at in range(len(row)):
                if draw.random() < share:
                    row[at] = cell

    return change


def _ragged(draw: random.Random, draft: _Draft) -> None:
    for row in draft.rows:
        if draw.random() < 0.1:
            row[:] = draw.choice((row[:-1], [*row, "9"], row[:1], [*row, *row], [*row, ""]))


def _trailing(draw: random.Random, draft: _Draft) -> None:
    if draft.header is not None and draw.random() < 0.5:
        draft.header.append("")
    for row in draft.rows:
        row.append("")


def _doubled(draw: random.Random, draft: _Draft) -> None:
    if draft.header:
        draft.header[draw.randrange(len(draft.header))] = draw.choice(draft.header)


def _twice(draw: random.Random, draft: _Draft) -> None:
    """Rows once more, some of them with other values."""
    for row in draw.sample(draft.rows, len(draft.rows) // 3):
        draft.rows.append([*row[:-1], row[-1] if draw.random() < 0.5 else "1"])


def _joined(draw: random.Random, draft: _Draft) -> None:
    """Another header, in this or another order, among the rows."""
    if draft.header:
        again = draw.choice((draft.header, draft.header[::-1], draft.header[:-1], ["a", "b"]))
        draft.rows.insert(draw.randrange(len(draft.rows) + 1), list(again))


def _shifted(draw: random.Random, draft: _Draft) -> None:
    for row in draft.rows:
        if len(row) > 4 and draw.random() < 0.1:
            row.insert(2, row.pop())


def _sorted(draw: random.Random, draft: _Draft) -> None:
    draft.rows.sort(key=lambda row: row[1:2])


def _otherwise_later(draw: random.Random, draft: _Draft) -> None:
    for row in draft.rows[len(draft.rows) // 2 :]:
        row[:] = [f'"{cell}"'.replace(".", ",") if "." in cell else cell for cell in row]


_CHANGES = (
    _column(lambda draw, n: "", "Unnamed: 32"),
    _column(lambda draw, n: str(n), "Unnamed: 0"),
    _column(lambda draw, n: str(n + 1), ""),
    _column(lambda draw, n: draw.choice(("Aachen", "Köln")), "site"),
    _column(lambda draw, n: str(50000 + draw.randrange(49999)), "MRN"),
    _column(lambda draw, n: "7", "version"),
    _column(lambda draw, n: f"2021-{n % 12 + 1:02}-03", "day"),
    _column(lambda draw, n: f'"seen\n{n}"', "remark"),
    _column(lambda draw, n: str(n % 2), "target"),
    _cells("NaN", 0.02), _cells("", 0.02), _cells("inf", 0.01), _cells("-1e999", 0.01),
    _cells("1e38", 0.01), _cells("4e38", 0.01), _cells("?", 0.3), _cells("x", 0.01),
    _cells("-999", 0.03), _cells("0x1F", 0.01), _cells("1_000", 0.01), _cells("٣", 0.01),
    _cells('"', 0.01), _cells("1,326", 0.05), _cells("1.326", 0.05), _cells("=1+1", 0.02),
    _ragged, _trailing, _doubled, _twice, _joined, _shifted, _sorted, _otherwise_later,
)  # fmt: skip


def _write_numbers(draw: random.Random, draft: _Draft, delimiter: str) -> None:
    """Some tables have decimal commas, or marks for thousands."""
    if draw.random() < 0.75:
        return
    kind = draw.choice(("comma", "grouped", "grouped with points", "spaces"))
    for row in draft.rows:
        for at, cell in enumerate(row):
            if (value := _number(cell)) is None or "." not in cell:
                continue
            written = cell
            if kind == "comma":
                written = cell.replace(".", ",")
            elif abs(value) >= 100:
                parts = f"{value * 10:,.2f}"
                marks = {"grouped": ",.", "grouped with points": ".,", "spaces": " ,"}[kind]
                written = parts.translate(str.maketrans(",.", marks))
            elif kind != "grouped":
                written = cell.replace(".", ",")
            row[at] = f'"{written}"' if delimiter in written else written


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _no_table(draw: random.Random, lines: list[str]) -> bytes:
    text = "\n".join(lines).encode()
    return draw.choice((
        b"", b"\n", b"PK\3\4" + bytes(300), draw.randbytes(400), b"\xd0\xcf\x11\xe0" + bytes(90),
        b"\x1f\x8b" + draw.randbytes(90), text.replace(b",", b"\0"), b"%PDF-1.4\n", b"a" * 3000,
        b"<html><table><tr><td>1</td></tr></table></html>", b'{"id": 1}\n' * 20,
        b'"' * 99, b",\n" * 50,
    ))  # fmt: skip


def plain() -> Upload:
    """A good table of WDBC's columns: what a model may have been trained on."""
    draw = random.Random("plain")  # noqa: S311
    rows = []
    for number in range(90):
        ill = number % 3 == 0
        values = [
            f"{s * part * draw.lognormvariate(0.25 * ill, 0.15):.5g}"
            for part in (1, 0.1, 1.3)
            for s in _SCALES
        ]
        rows.append(",".join([str(842302 + 7 * number), "BM"[ill], *values]))
    return Upload((",".join(WDBC_COLUMNS), *rows), None)

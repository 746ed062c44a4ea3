"""Tables as people really upload them: one table of nuclei, written in many ways.

Each kind has two forms at least. `TRAINING` are data sets, `INBOX` rows for a model that was
trained on the plain table. What is right is said beside each: the same rows and numbers as those
of the plain table, or a refusal.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

MEASURES = (
    *("radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity"),
    *("concave points", "symmetry", "fractal_dimension"),
)
OURS = tuple(
    form.format(measure.replace(" ", "_"))
    for form in ("mean_{}", "{}_error", "worst_{}")
    for measure in MEASURES
)
KAGGLE = tuple(f"{measure}_{end}" for end in ("mean", "se", "worst") for measure in MEASURES)
SKLEARN = tuple(name.replace("_", " ") for name in OURS)
UCI = tuple(f"{measure.replace(' ', '_')}{n}" for n in (1, 2, 3) for measure in MEASURES)
COUNT = 60
Row = list[str]
Cell = Callable[[str], str]


@functools.cache
def _nuclei() -> tuple[tuple[str, ...], ...]:
    """Id, M or B, and thirty numbers on WDBC's scales, a third of them malignant."""
    random = np.random.default_rng(11)
    scale = np.tile([14, 19, 92, 650, 0.1, 0.1, 0.09, 0.05, 0.18, 0.06], 3)
    scale *= np.repeat([1, 0.1, 1.3], 10)
    rows = []
    for number in range(COUNT):
        malignant = number % 3 == 0
        values = scale * np.exp(random.normal(0.25 * malignant, 0.15, 30))
        cells = [f"{value:.4g}" if value < 1000 else f"{value:.1f}" for value in values]
        rows.append((str(842302 + 7 * number), "BM"[malignant], *cells))
    return tuple(rows)


def nuclei(count: int = COUNT) -> list[Row]:
    return [list(row) for row in _nuclei()[:count]]


def header(names: Sequence[str] = KAGGLE) -> Row:
    return ["id", "diagnosis", *names]


def text(rows: Iterable[Iterable[str]], delimiter: str = ",", newline: str = "\n") -> str:
    return "".join(delimiter.join(row) + newline for row in rows)


def numbers(change: Cell, rows: Iterable[Row] | None = None) -> list[Row]:
    return [[*row[:2], *map(change, row[2:])] for row in (nuclei() if rows is None else rows)]


def labels(change: Callable[[int, str], str]) -> list[Row]:
    return [[row[0], change(n, row[1]), *row[2:]] for n, row in enumerate(nuclei())]


def with_column(name: str, cells: Callable[[int, Row], str], at: int = 32) -> str:
    """Of the table with Kaggle's header."""
    rows = [[*row[:at], cells(n, row), *row[at:]] for n, row in enumerate(nuclei())]
    names = header()
    return text([[*names[:at], name, *names[at:]], *rows])


def comma(cell: str) -> str:
    return cell.replace(".", ",")


def grouped(thousands: str, decimal: str) -> Cell:
    """Numbers from 1000 on with a mark for thousands."""

    def change(cell: str) -> str:
        whole, point, rest = cell.partition(".")
        if len(whole) > 3:
            whole = f"{whole[:-3]}{thousands}{whole[-3:]}"
        return whole + (decimal if point else "") + rest

    return change


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    data: bytes
    mapping: dict[str, Any] = dataclasses.field(default_factory=dict)
    refused: str = ""  # the reason; else the rows are those of the plain table
    assumed: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    quarantined: int = 0
    positive: str = "M"
    flags: int = 0  # rows of the inbox that have one


def case(name: str, data: str | bytes, **expected: Any) -> Case:
    return Case(name, data.encode() if isinstance(data, str) else data, **expected)


PLAIN = text([header(), *nuclei()])
BARE = text(nuclei())
ZERO_ONE = labels(lambda n, label: str(int(label == "B")))
_BOM = "\ufeff"
_MERGED = ("labels-merged", "labels-merged")
_SPELLED = {"M": ("M", "m", "Malignant"), "B": ("B", " benign", "BENIGN")}


def _shuffled(n: int) -> str:
    return str((n * 37) % COUNT)


def _first(change: Cell, rows: list[Row]) -> list[Row]:
    return [[change(row[0]), *row[1:]] for row in rows]


WRITTEN = [
    case("plain", PLAIN),
    case("bare", BARE),
    case("decimal commas", text([header(), *numbers(comma)], ";")),
    case("decimal commas, bare", text(numbers(comma), ";")),
    case("decimal commas, tabs", text([header(SKLEARN), *numbers(comma)], "\t")),
    case("decimal commas in quotes", text([header(), *numbers(lambda c: f'"{comma(c)}"')])),
    case("points part thousands", text([header(), *numbers(grouped(".", ","))], ";")),
    case("commas part thousands", text([header(), *numbers(grouped(",", "."))], ";")),
    case(
        "commas part thousands, in quotes",
        text([header(), *numbers(lambda c: f'"{grouped(",", ".")(c)}"')]),
    ),
    case("apostrophes part thousands", text([header(), *numbers(grouped("'", "."))])),
    case("spaces part thousands", text(numbers(grouped("\u00a0", ",")), ";")),
    case("sep=", "sep=;\n" + text([header(), *nuclei()], ";")),
    case("sep=, bare", '"sep=,"\r\n' + text(nuclei(), newline="\r\n")),
    case("a comment", "# exported on 2026-01-01, by hand\n" + PLAIN),
    case("comments all over", "// one\n% two\n" + PLAIN + "# 60 rows, as counted\n"),
    case("a title", "Report of ward 3\n\n" + PLAIN, assumed=("lines-passed-over",)),
    case(
        "a title as spreadsheets save it",
        "Report of ward 3" + ";" * 31 + "\n" + text([header(), *nuclei()], ";"),
        assumed=("lines-passed-over",),
    ),
    case(
        "units",
        text([header(), ["", "", *["um"] * 30], *nuclei()]),
        assumed=("units-passed-over",),
    ),
    case(
        "units in brackets",
        text([header(), ["[-]", "[M/B]", *["[um]"] * 30], *nuclei()]),
        assumed=("units-passed-over",),
    ),
    case("a header of letters and numbers", text([[f"V{n}" for n in range(1, 33)], *nuclei()])),
    case("a header that begins as a comment", "# " + PLAIN),
    case("CR CR LF", PLAIN.replace("\n", "\r\r\n")),
    case("utf-16", PLAIN.encode("utf-16")),
    case("utf-16 without a mark", PLAIN.encode("utf-16-be")),
    case("utf-16, tabs, bare", text(nuclei(), "\t", "\r\n").encode("utf-16")),
    case("CR alone", PLAIN.replace("\n", "\r")),
    case("CR alone, bare", BARE.replace("\n", "\r")),
    case("a mark", _BOM + BARE),
    case("a mark in each line", "".join(_BOM + line + "\n" for line in PLAIN.splitlines())),
    case("delimiters at the ends", text([[*row, ""] for row in [header(), *nuclei()]])),
    case("delimiters at the rows' ends", text([header(), *([*row, ""] for row in nuclei())])),
    case("delimiters at bare rows' ends", text([*row, ""] for row in nuclei())),
    case(
        "a header of numbers",
        text([[str(n) for n in range(32)], *nuclei()]),
        assumed=("columns-counted",),
    ),
    case(
        "a header of numbers from 1",
        text([[f'"{n}"' for n in range(1, 33)], *nuclei()]),
        assumed=("columns-counted",),
    ),
    *(case(f"the names of {n[0]}", text([header(n), *nuclei()])) for n in (OURS, SKLEARN, UCI)),
]
COLUMNS = [
    case(
        "an empty column",
        with_column("Unnamed: 32", lambda n, row: ""),
        assumed=("empty-columns",),
        dropped=("Unnamed: 32",),
    ),
    case(
        "a column of NA",
        with_column("remark", lambda n, row: "NA", at=7),
        assumed=("empty-columns",),
        dropped=("remark",),
    ),
    case(
        "a data frame's index",
        with_column("", lambda n, row: str(n), at=0),
        dropped=("column_0",),
    ),
    case(
        "a data frame's index twice",
        with_column("Unnamed: 0", lambda n, row: str(n), at=0),
        assumed=("counting-columns",),
        dropped=("Unnamed: 0",),
    ),
    case(
        "an index in another order",
        with_column("index", lambda n, row: _shuffled(n), at=0),
        assumed=("counting-columns",),
        dropped=("index",),
    ),
    case(
        "a number in the order of the rows",
        with_column("serial", lambda n, row: str(n + 1), at=2),
        assumed=("counting-columns",),
        dropped=("serial",),
    ),
    case(
        "a number in another order",
        with_column("serial", lambda n, row: _shuffled(n), at=2),
        assumed=("counting-columns",),
        dropped=("serial",),
    ),
    case(
        "the label again",
        with_column("truth", lambda n, row: str(int(row[1] == "M"))),
        refused="label-leaked",
    ),
    case(
        "the label again, turned round",
        with_column("code", lambda n, row: "2" if row[1] == "M" else "4", at=2),
        refused="label-leaked",
    ),
    case(
        "a score that knows the label",
        with_column("score", lambda n, row: f"{n % 7 / 10 + (row[1] == 'M'):.2f}"),
        mapping={"ignore": ["score"]},
    ),
    *(
        case(
            f"another id, {name}",
            with_column(name, lambda n, row: str(7 * n), at=1),
            assumed=("identifier-columns",),
            dropped=(name,),
        )
        for name in ("MRN", "PatientID", "study_uid")
    ),
    case(
        "measures without a name",
        with_column("", lambda n, row: str((n * n) % 50), at=5),
        assumed=("unnamed-columns",),
        dropped=("column_5",),
    ),
    case(
        "two columns that may be the label",
        with_column("pathology", lambda n, row: str(n % 2)).replace("diagnosis", "y", 1),
        refused="label-column-unknown",
    ),
    case("a name twice", PLAIN.replace("texture_mean", "radius_mean"), refused="not-a-table"),
    case("a name twice, in capitals", PLAIN.replace("texture_mean", "ID"), refused="not-a-table"),
    case(
        "a name twice, in two spellings",
        PLAIN.replace("texture_mean", "mean radius"),
        refused="not-a-table",
    ),
    case("a header that lacks a name", text([header()[1:], *nuclei()]), refused="not-a-table"),
    case(
        "decimal commas that part cells", text([header(), *numbers(comma)]), refused="not-a-table"
    ),
    case(
        "a column in words",
        with_column("center", lambda n, row: "Aachen"),
        refused="too-few-rows",
    ),
]
LABELS = [
    case("case and wording", text([header(), *labels(lambda n, b: _SPELLED[b][n // 3 % 3])]),
        assumed=_MERGED),
    case("case alone", text(labels(lambda n, b: b if n % 2 else b.lower())), assumed=_MERGED,
        positive="m"),
    case("words", text([header(), *labels(lambda n, b: {"M": "malignant", "B": "benign"}[b])]),
        positive="malignant"),
    case("the positive ones are more", text([header(), *labels(
        lambda n, b: "positive" if n % 3 else "negative")]), positive="positive"),
    case("scikit-learn's frame", text([["id", "target", *SKLEARN], *ZERO_ONE]),
        refused="positive-unclear"),
    case("numbers under Kaggle's names", text([header(), *ZERO_ONE]), refused="positive-unclear"),
    case("said which is positive", text([header(), *ZERO_ONE]), mapping={"positive": "0"},
        positive="0"),
    case("several codings", text([header(), *labels(
        lambda n, b: b if n % 2 else str(int(b == "M")))]), refused="labels-mixed"),
    case("several codings, said which", text([header(), *labels(
        lambda n, b: b if n % 2 else str(int(b == "M")))]),
        mapping={"labels": {"1": "M", "0": "B"}}),
    case("codes that nobody knows", text([header(), *labels(
        lambda n, b: "2" if b == "M" else "1")]), refused="positive-unclear"),
    case("classes that nobody knows", text([header(), *labels(
        lambda n, b: "ill" if b == "M" else "well")]), assumed=("positive-class",),
        positive="ill"),
    case("a word for no label", text([header(), *labels(
        lambda n, b: "unknown" if n % 5 == 0 else b)]), refused="labels-mixed"),
    case("words that say the same as letters", text([header(), *labels(
        lambda n, b: b if n % 2 else {"M": "positive", "B": "negative"}[b])]),
        refused="labels-mixed"),
    case("characters that take no place", text(labels(
        lambda n, b: b + "\u200b" if n % 4 == 3 else b)), assumed=_MERGED),
    case("full width, and points", text(labels(
        lambda n, b: {"M": "Ｍ", "B": "B."}[b] if n % 4 == 3 else b)), assumed=_MERGED),
    case("letters and words", text([header(), *labels(
        lambda n, b: {"M": "M (malignant)", "B": "B (benign)"}[b])]), positive="M (malignant)"),
    case("kinds of tumour", text([header(), *labels(
        lambda n, b: {"M": "benign tumour", "B": "malignant tumour"}[b])]),
        positive="malignant tumour"),
    case("numbers and words", text([header(), *labels(
        lambda n, b: {"B": "1: malignant", "M": "0: benign"}[b])]), positive="1: malignant"),
    case("letters in quotes", text([header(), *labels(lambda n, b: f"'{b}'")]), positive="'M'"),
    case("answers in German", text([header(), *labels(
        lambda n, b: {"M": "ja", "B": "nein"}[b])]), assumed=("positive-class",), positive="ja"),
    case("answers that are turned round", text([["id", "target", *KAGGLE], *labels(
        lambda n, b: {"M": "False", "B": "True"}[b])]), refused="positive-unclear"),
    case("numbers under names with units", text([["id", "target", *(
        f"{name} (mm)" for name in SKLEARN)], *ZERO_ONE]), refused="positive-unclear"),
    case("numbers under names in humps", text([["id", "target", *(
        name.title().replace("_", "").replace(" ", "") for name in KAGGLE)], *ZERO_ONE]),
        refused="positive-unclear"),
    case("letters of another language", text([header(), *labels(
        lambda n, b: {"M": "B", "B": "G"}[b])]), refused="positive-unclear"),
]  # fmt: skip
ROWS = [
    case("ids of two lines", text([header(), *_first(lambda one: f'"case\n{one}"', nuclei())])),
    case(
        "some ids of two lines, bare",
        text(_first(lambda one: f'"case\n{one}"' if one.endswith("2") else one, nuclei())),
    ),
    case(
        "remarks of several lines",
        with_column("remark", lambda n, row: f'"seen,\n\n""twice"" {n}"', at=1),
        mapping={"ignore": ["remark"]},
    ),
    case(
        "a header once more",
        text([header(), *nuclei()[:30], header(SKLEARN), *nuclei()[30:]]),
        quarantined=1,
    ),
    case(
        "a header in another order",
        text(
            [
                header(),
                *nuclei()[:30],
                header(KAGGLE[::-1]),
                *([*row[:2], *row[:1:-1]] for row in nuclei()[30:]),
            ]
        ),
        refused="tables-joined",
    ),
    case(
        "ids that a spreadsheet rounded",
        text([header(), *_first(lambda one: f"{float(one):.2E}", nuclei())]),
        refused="ids-altered",
    ),
    case(
        "ids that a European spreadsheet rounded",
        text([header(), *_first(lambda one: comma(f"{float(one):.3E}"), numbers(comma))], ";"),
        refused="ids-altered",
    ),
]
UNCLEAR = [
    case("commas that may be either", "label;a;b\n" + text(
        [["MB"[n % 2], f"{n % 9 + 1},{100 + 7 * n}", str(n % 4)] for n in range(COUNT)], ";"),
        refused="decimal-unclear"),
    case("points that may be either", "label;a;b\n" + text(
        [["MB"[n % 2], f"{n % 9 + 1}.{100 + 7 * n}" if n % 3 else str(500 + n), str(n % 4)]
        for n in range(COUNT)], ";"), refused="decimal-unclear"),
]  # fmt: skip


def wisconsin() -> str:
    """The older table as it is published: no header, grades, 2 and 4."""
    return text(
        [
            str(1000025 + n),
            *(str((n * step) % 10 + 1) for step in range(1, 10)),
            "4" if n % 3 else "2",
        ]
        for n in range(COUNT)
    )


NO_IDS = text([["study", "diagnosis", *KAGGLE], *nuclei()])
TRAINING = [*WRITTEN, *COLUMNS, *LABELS, *ROWS, *UNCLEAR]

FEW = nuclei(12)
INBOX = [
    *(case(one.name, one.data) for one in WRITTEN),
    case("half of the ids in two lines", text(
        _first(lambda one: f'"w\n{one}"' if int(one) % 2 else one, FEW))),
    case("no label", text([row[0], *row[2:]] for row in FEW)),
    case("no id", text(row[1:] for row in FEW)),
    case("features alone", text(row[2:] for row in FEW)),
    case("whole numbers in thousands", text([header(), *numbers(
        lambda c: c if len(c.partition(".")[0]) < 3 else f"1.{c.partition('.')[0]:0>3}"[:5], FEW)],
        ";"), flags=12),
    case("a value ten times as large", text([header(), *(
        [*row[:2], f"{10 * float(row[2]):g}", *row[3:]] if n < 3 else row
        for n, row in enumerate(FEW))]), flags=3),
    case("features, then 0 or 1", text([*row[2:], str(int(row[1] == "B"))] for row in FEW),
        refused="columns-shifted"),
    case("features in another order", text(
        [row[0], *row[12:], *row[2:12]] for row in FEW), refused="columns-shifted"),
    case("standardised", text([header(), *numbers(
        lambda c: f"{len(c) - 4}.5", FEW)]), refused="columns-shifted"),
    case("an index and ids, bare", text([[str(n), row[0], *row[2:]] for n, row in enumerate(FEW)]),
        refused="columns-unknown"),
    case("a name twice", text([["id", KAGGLE[0], *KAGGLE], *(
        [row[0], "0", *row[2:]] for row in FEW)]), refused="columns-unknown"),
    case("a name twice, in two spellings", text([["id", SKLEARN[0], *KAGGLE], *(
        [row[0], "0", *row[2:]] for row in FEW)]), refused="columns-unknown"),
    case("a name twice, as data frames write it", text([
        ["id", KAGGLE[0], f"{KAGGLE[0]}.1", *KAGGLE[1:]],
        *([row[0], "0", *row[2:]] for row in FEW)]), refused="columns-unknown"),
    case("a workbook", b"PK\x03\x04" + bytes(400), refused="not-a-table"),
    case("days for ids", text([header(), *_first(lambda one: f"{int(one) % 28 + 1:02}-Mar", FEW)]),
        refused="ids-altered"),
    case("labels for ids", text([str(int(row[1] == "M")), *row[2:]] for row in FEW),
        refused="columns-shifted"),
    case("rounded ids", text([header(), *_first(lambda one: f"{float(one):.2E}", FEW)]),
        refused="ids-altered"),
    case("rounded ids, bare", text(_first(lambda one: f"{float(one):.2E}", FEW)),
        refused="ids-altered"),
    case("some of the names, some numbers", text([
        ["id", "diagnosis", *map(str, range(30))], *FEW]), refused="columns-unknown"),
    case("an id and numbers", text([["id", *map(str, range(30))], *(
        [row[0], *row[2:]] for row in FEW)]), refused="columns-unknown"),
    case("a header in another order below", text([header(), *FEW, header(KAGGLE[::-1]), *(
        [*row[:2], *row[:1:-1]] for row in FEW)]), refused="tables-joined"),
    case("a feature missing", text([header()[:-1], *(row[:-1] for row in FEW)]),
        refused="columns-unknown"),
]  # fmt: skip

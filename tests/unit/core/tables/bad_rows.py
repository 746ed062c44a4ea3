"""Rows of a small table that cannot be used, as they are written, and why."""

from __future__ import annotations

from sonoflow.tables.layout import RowLayout
from sonoflow.tables.lines import LINE_BYTES_LIMIT

MISSING = frozenset({"", "?", "NA", "nan"})
LAYOUT = RowLayout(
    columns=("id", "class", "a", "b"), features=(2, 3), missing=MISSING, label=1, id=0
)
# Row, reason, part of the detail.
BAD_ROWS = [
    ("8,B,3", "wrong-column-count", "3 cells, expected 4"),
    ("8,B,3,4,5", "wrong-column-count", "5 cells, expected 4"),
    ("8,B,3,4,", "wrong-column-count", "5 cells, expected 4"),
    ("8,B,3,", "missing-value", "'b'"),
    ("8,B,?,4", "missing-value", "'a'"),
    ('8,B,"",4', "missing-value", "'a'"),
    ("8,B,NaN,4", "missing-value", "'a'"),
    (",B,3,4", "missing-value", "'id'"),
    ("8,?,3,4", "missing-label", "'class'"),
    ("8,,3,4", "missing-label", "'class'"),
    ("8,B,3,secret", "not-a-number", "'b'"),
    ("8,B,1_000,4", "not-a-number", "'a'"),
    ("8,B,0x10,4", "not-a-number", "'a'"),
    ("8,B,1.2.3,4", "not-a-number", "'a'"),
    ("8,B,e,4", "not-a-number", "'a'"),
    ("8,B,٣,4", "not-a-number", "'a'"),
    ("8,B,1 2,4", "not-a-number", "'a'"),
    ("8,B,inf,4", "infinite-value", "'a'"),
    ("8,B,3,-Infinity", "infinite-value", "'b'"),
    ("8,B,3,1e400", "infinite-value", "'b'"),
    ("8,B,3,-1e39", "infinite-value", "'b'"),
    ("8,B,\0,4", "unreadable-text", "control"),
    ("8,B,3\r,4", "unreadable-text", "control"),
    ('8,"B,3,4', "unreadable-text", "quote"),
    ('8,"B"x,3,4', "unreadable-text", "quote"),
    (f"8,B,3,4{' ' * LINE_BYTES_LIMIT}", "line-too-long", "longer"),
]

from __future__ import annotations

import pytest

from sonoflow.inference import scored_rows
from tests.unit import stack


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("id,score,label,model_version,flags\n", 0),
        ("id,score,label,model_version,flags\na1,0.4,B,v,\na2,0.9,M,v,\n", 2),
        ('id,score,label,model_version,flags\n"a\n1",0.4,B,v,\nü2,0.9,M,v,\n', 2),
    ],
)
def test_rows_are_counted_and_the_header_and_line_ends_within_an_id_are_not(
    aws: None, text: str, rows: int
) -> None:
    stack.write(stack.RESULTS, "scores/a.csv.csv", text)

    assert scored_rows.count(stack.RESULTS, "scores/a.csv.csv", None) == rows

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from sonoflow.aws.clients import client
from sonoflow.inference import scored_rows
from tests.unit import stack

KEY = "scores/a.csv.csv"


def etag() -> str:
    return str(client("s3").head_object(Bucket=stack.RESULTS, Key=KEY)["ETag"])


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
    stack.write(stack.RESULTS, KEY, text)

    assert scored_rows.count(stack.RESULTS, KEY, etag()) == rows


def test_other_scores_are_not_counted(aws: None) -> None:
    stack.write(stack.RESULTS, KEY, "id\na1\n")
    before = etag()
    stack.write(stack.RESULTS, KEY, "id\na1\na2\n")

    with pytest.raises(ClientError, match="PreconditionFailed"):
        scored_rows.count(stack.RESULTS, KEY, before)

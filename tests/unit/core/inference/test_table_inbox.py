from __future__ import annotations

import csv
import io
import itertools
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sonoflow.aws import multipart
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from sonoflow.errors import EndpointResponseInvalid
from sonoflow.inference import invocations, table_inbox
from sonoflow.tables import recordio
from tests.unit import fake_endpoints, stack, tables
from tests.unit.fake_endpoints import TABLE, Answer, FakeEndpoints
from tests.unit.tables import REJECTED, ROWS, SCORES, rejection, score, upload


@pytest.fixture(autouse=True)
def endpoint(endpoints: FakeEndpoints) -> Iterator[FakeEndpoints]:
    with tables.served(endpoints):
        yield endpoints


def scored(data: bytes, first: str = "id") -> list[list[str]]:
    """The scores of an upload, without header, model and flags; the first column is `first`."""
    assert score(upload(data)) is not None
    header, *rows = csv.reader(stack.read(stack.RESULTS, SCORES).decode().splitlines())
    assert header == [first, "score", "label", "model_version", "flags"]
    assert {row.pop() for row in rows} <= {""}
    assert {row.pop() for row in rows} <= {tables.VERSION}
    return rows


def identified(data: bytes, first: str = "id") -> list[str]:
    """What the rows go by, in the scores' first column."""
    return [row[0] for row in scored(data, first)]


@pytest.fixture
def trained_without_ids(endpoint: FakeEndpoints) -> None:
    columns = ["radius", "texture", "diagnosis"]
    tables.deploy(endpoint, tables.RELEASE, columns=columns, header=True, id=None)


def test_every_row_has_a_score_a_label_and_the_models_version() -> None:
    tally = score(upload(ROWS))

    assert tally is not None
    assert (tally.rows, tally.bad_rows, tally.rejection) == (3, 0, None)
    assert stack.read(stack.RESULTS, SCORES).decode() == (
        "id,score,label,model_version,flags\n"
        f"a1,0.4,B,{tables.VERSION},\n"
        f"a2,0.9,M,{tables.VERSION},\n"
        f"a3,0.5,M,{tables.VERSION},\n"
    )
    assert stack.answers() == [SCORES]


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfa1,B,40,1\r\na2,M,90,2.5\r\na3,B,50,3",
        b"a1,40,1\na2,90,2.5\na3,50,3\n",
        b"texture,id,ward,radius\n1,a1,x,40\n2.5,a2,,90\n3,a3,z,50\n",
        b"\n  \ntexture;id;radius\n1;a1;40\n\n2.5;a2;90\n3;a3;50\n",
    ],
    ids=["as in training, BOM and CRLF", "no label", "header in another order", "blank lines"],
)
def test_other_forms_of_the_same_rows_have_the_same_scores(data: bytes) -> None:
    assert scored(data) == [["a1", "0.4", "B"], ["a2", "0.9", "M"], ["a3", "0.5", "M"]]


def test_without_ids_rows_go_by_their_line_and_the_scores_say_so() -> None:
    """As `id`, the number of a line would be taken for that of a patient."""
    assert identified(b"radius,texture\n1,2\n\n3,4\n", "line") == ["2", "4"]
    assert identified(b"1,2\n3,4\n", "line") == ["1", "2"]


@pytest.mark.usefixtures("trained_without_ids")
@pytest.mark.parametrize(
    "header", ["id,radius,texture", "Patient ID,radius,texture", "case-id;radius;texture"]
)
def test_a_files_own_ids_are_used_though_the_training_table_had_none(header: str) -> None:
    delimiter = ";" if ";" in header else ","
    rows = [header, *(delimiter.join(row) for row in (["2", "40", "1"], ["1", "90", "2"]))]

    assert scored("\n".join(rows).encode()) == [["2", "0.4", "B"], ["1", "0.9", "M"]]


@pytest.mark.usefixtures("trained_without_ids")
def test_ids_may_stand_in_any_column_and_others_are_ignored() -> None:
    data = b"texture,ward,radius,sample_id\n1,x,40,007\n2,y,90, 0 8 \n2,y,90,007\n"

    assert identified(data) == ["007", "0 8", "007"]


@pytest.mark.usefixtures("trained_without_ids")
def test_a_row_without_its_id_is_told_of_and_not_scored() -> None:
    assert identified(b"id,radius,texture\na1,40,1\n,50,1\n") == ["a1"]
    assert rejection()["listed"] == [
        {"line": 3, "reason": "missing-value", "detail": "column 'id' holds no id"}
    ]


def test_a_header_may_begin_with_a_column_without_name() -> None:
    """As data frames are written: the tab before the first name is no indentation."""
    assert scored(b"\tid\tradius\ttexture\n0\ta1\t40\t1\n") == [["a1", "0.4", "B"]]


@pytest.mark.parametrize("name", ['=HYPERLINK("x")', "+1", "@a", "-2", "Müller, O.", 'say "a"'])
def test_ids_come_back_as_they_are(name: str) -> None:
    cell = '"' + name.replace('"', '""') + '"'

    assert [row[0] for row in scored(f"{cell},B,40,1\n".encode())] == [name]


def test_bad_rows_are_listed_with_reasons_and_the_others_scored() -> None:
    item = upload(b"a1,B,40,1\na2,M,ninety,2\na3,M,1\na4,M,90,\na5,M,50,3\n")

    tally = score(item)

    assert tally is not None
    assert (tally.rows, tally.bad_rows) == (2, 3)
    found = rejection()
    assert found.pop("time")
    assert found == {
        "schema_version": 2,
        "notice": "research use only",
        "table": item.facts(),
        "rows": 2,
        "bad_rows": 3,
        "reasons": {"missing-value": 1, "not-a-number": 1, "wrong-column-count": 1},
        "listed": found["listed"],
        "sequencer": item.sequencer,
    }
    assert [(row["line"], row["reason"]) for row in found["listed"]] == [
        (2, "not-a-number"),
        (3, "wrong-column-count"),
        (4, "missing-value"),
    ]
    assert "ninety" not in json.dumps(found)
    text = stack.read(stack.RESULTS, SCORES).decode().splitlines()
    assert [line.split(",")[0] for line in text] == ["id", "a1", "a5"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty-table"),
        (b"\n \n", "empty-table"),
        (b"id,radius,texture\n", "empty-table"),
        (b"id,radius\na1,40\n", "columns-unknown"),
        (b"1,2,3,4,5\n", "columns-unknown"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "columns-unknown"),
        (b"x" * 200_000, "not-a-table"),
        (b'"' + b"x" * 5_000_000, "not-a-table"),
        (b"a1,B,forty,1\na2,M,ninety,2\n", "no-usable-rows"),
    ],
)
def test_a_table_of_no_use_is_rejected_with_a_reason(
    endpoint: FakeEndpoints, data: bytes, reason: str
) -> None:
    tally = score(upload(data))

    assert tally is not None
    assert tally.rejection is not None
    assert tally.rows == 0
    assert rejection()["reason"] == reason
    assert rejection()["detail"]
    assert stack.answers() == [REJECTED]
    assert endpoint.requests == []


def test_a_table_too_large_for_the_functions_time_is_rejected_unread() -> None:
    item = upload(ROWS)
    huge = Upload(item.bucket, item.key, item.version_id, 2**29 + 1, item.sequencer)

    score(huge)

    assert rejection()["reason"] == "too-large"


def test_what_holds_nothing_but_bad_rows_is_not_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(table_inbox, "HOPELESS_ROWS", 100)
    data = b"a1,B,1,2" + (b"x" * 5000 + b"\n") * 3000  # four blocks

    score(upload(data))

    assert rejection()["reason"] == "no-usable-rows"
    assert "× wrong-column-count (line 2: " in rejection()["detail"]
    assert 100 <= rejection()["bad_rows"] < 1000


@pytest.fixture
def small_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of five rows each."""
    monkeypatch.setattr(invocations, "PAYLOAD_BYTES_LIMIT", 5 * 86)


@pytest.mark.usefixtures("small_requests")
def test_many_requests_at_once_keep_the_order_of_the_rows(endpoint: FakeEndpoints) -> None:
    """The first requests are answered only when several are there."""
    meeting = threading.Barrier(table_inbox.REQUESTS_AT_ONCE, timeout=10)
    arrivals = itertools.count()

    def answer(body: bytes) -> Answer:
        if next(arrivals) < table_inbox.REQUESTS_AT_ONCE:
            meeting.wait()
        return fake_endpoints.linear_scores(body)

    endpoint.answers[TABLE] = answer
    rows = [f"n{number},B,{number % 100},1\n" for number in range(1000)]

    found = scored("".join(rows).encode())

    assert [row[0] for row in found] == [f"n{number}" for number in range(1000)]
    assert [float(row[1]) for row in found] == [number % 100 / 100 for number in range(1000)]
    assert next(arrivals) == 200


@pytest.mark.usefixtures("small_requests")
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (fake_endpoints.failing, ClientError),
        (fake_endpoints.missing, ClientError),
        (lambda _: Answer(b"{}", "application/json"), EndpointResponseInvalid),
    ],
)
def test_an_endpoint_that_fails_half_way_leaves_nothing(
    endpoint: FakeEndpoints, monkeypatch: pytest.MonkeyPatch, answer: Any, error: type[Exception]
) -> None:
    monkeypatch.setattr(multipart, "PART_BYTES", 300)
    asked: list[int] = []

    def failing_later(body: bytes) -> Answer:
        asked.append(1)
        good: Answer = fake_endpoints.linear_scores(body) if len(asked) < 20 else answer(body)
        return good

    endpoint.answers[TABLE] = failing_later

    with pytest.raises(error):
        score(upload(b"a1,B,40,1\nbad\n" * 200))

    assert 20 <= len(asked) < 35  # what was not asked yet never is
    assert stack.keys_of(stack.RESULTS) == []
    assert "Uploads" not in client("s3").list_multipart_uploads(Bucket=stack.RESULTS)


def test_the_rejection_is_there_before_the_scores(endpoint: FakeEndpoints) -> None:
    written: list[str] = []

    def note(params: dict[str, str], **_: object) -> None:
        written.append(params["Key"])

    item = upload(ROWS + b"bad\n")
    client("s3").meta.events.register("provide-client-params.s3.PutObject", note)
    try:
        score(item)
    finally:
        client("s3").meta.events.unregister("provide-client-params.s3.PutObject", note)

    assert written == [REJECTED, SCORES]


def test_engineered_features_are_made_as_in_training(endpoint: FakeEndpoints) -> None:
    standard = {"mean": [40, 0], "scale": [2, 1]}
    changes = {"engineered": True, "standardise": standard, "written": 5}
    tables.deploy(endpoint, tables.RELEASE, **changes)

    score(upload(b"a1,B,44,3\n"))

    ((_, _, body),) = endpoint.requests
    vectors = recordio.read(body).vectors
    assert vectors.tolist() == [[2, 3, 4, 9, 6]]


@pytest.mark.parametrize("name", ["utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends_change_no_score(name: str, newline: str) -> None:
    text = newline.join(["id;radius;texture", "a1;40,0;1,5", "a2;90,0;2,5", ""])

    assert scored(text.encode(name)) == [["a1", "0.4", "B"], ["a2", "0.9", "M"]]


def test_an_id_of_two_lines_is_one_id() -> None:
    data = b'id,radius,texture\n"ward\n1",40,1\na2,90,2\n'

    score(upload(data))

    text = stack.read(stack.RESULTS, SCORES).decode()
    assert [row[0] for row in csv.reader(io.StringIO(text))] == ["id", "ward\n1", "a2"]

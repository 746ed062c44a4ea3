from __future__ import annotations

from local.dropping import runs


def test_what_a_run_assumed_is_said_with_what_settles_it() -> None:
    said = [
        {"code": "a", "detail": "1 is positive", "settle": '{"positive": "0"}'},
        {"code": "b", "detail": "a column is empty", "settle": ""},
    ]

    assert list(runs.assumed({"split": {"assumptions": said}})) == [
        'assumed: 1 is positive; if not, into the mapping: {"positive": "0"}',
        "assumed: a column is empty",
    ]
    assert list(runs.assumed({})) == []

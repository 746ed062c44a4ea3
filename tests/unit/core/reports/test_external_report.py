"""Pages are told in tests/unit/functions/test_judge_external.py."""

from __future__ import annotations

from typing import Any

from sonoflow.reports import external_report

NAME = "Müller.png"


def facts() -> dict[str, Any]:
    like = {"id": "1" * 16, "class": "benign", "source": NAME, "split": "train"}
    return {
        "left_out": {
            "listed": [
                {"id": "0" * 16, "source": NAME, "reason": "known-image", "like": like},
                {"id": "2" * 16, "source": NAME, "reason": "belongs-to-known-image"},
            ]
        },
        "quarantine": {"listed": [{"id": "3", "source": NAME, "reason": "x", "detail": NAME}]},
    }


def test_what_is_published_names_no_file_and_the_rest_stays_as_it_was() -> None:
    internal = facts()

    public = external_report.published(internal)

    assert NAME not in str(public)
    assert internal == facts()
    assert public["left_out"]["listed"][0]["like"]["split"] == "train"
